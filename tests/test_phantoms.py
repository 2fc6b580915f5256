"""The synthetic radiographs are what their README says."""

import numpy as np
import pytest

from sample_data import make_phantoms
from sample_data.phantom import Variant, expose
from screener.reading import folder, header, pixels
from screener.reading.gathered import Gathered, Packed
from screener.reading.grouping import GroupBy, in_clear
from screener.reading.limits import PixelError
from screener.study import Radiograph, Refusal


@pytest.fixture(scope="module")
def read(phantoms):
    return [header.read(found) for found in folder.walk([phantoms])]


def test_same_seed_same_pixels():
    first, second = (expose(Variant.LOBAR, 3, (96, 96)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_seeds_are_different_people():
    assert np.abs(expose(seed=1, shape=(96, 96)) - expose(seed=2, shape=(96, 96))).mean() > 0.01


def test_lungs_are_darker_than_heart_and_abdomen():
    gray = expose(shape=(200, 200))
    lung, heart, abdomen = gray[70:90, 50:60], gray[110:130, 105:120], gray[180:190, 60:80]
    assert lung.mean() < 0.6 * heart.mean()
    assert lung.mean() < 0.6 * abdomen.mean()


@pytest.mark.parametrize("variant", [Variant.GROUND_GLASS, Variant.LOBAR, Variant.INTERSTITIAL])
def test_variants_make_the_lungs_denser(variant):
    lungs = np.s_[60:130, 30:170]
    clear = np.mean([expose(seed=seed, shape=(200, 200))[lungs].mean() for seed in range(2)])
    filled = np.mean([expose(variant, seed, (200, 200))[lungs].mean() for seed in range(2)])
    assert filled > clear


def test_any_shape_is_possible():
    assert expose(shape=(90, 120)).shape == (90, 120)
    assert expose(shape=(900, 800)).shape == (900, 800)


def test_committed_studies_are_what_the_program_writes(phantoms, tmp_path):
    film = make_phantoms.FILMS[1]
    made = make_phantoms.write_film(tmp_path, film)
    np.testing.assert_allclose(pixels.load(made), pixels.load(phantoms / film.name), atol=0.05)


def test_committed_studies_are_small(phantoms):
    assert sum(path.stat().st_size for path in phantoms.rglob("*")) < 4_000_000


def test_what_passes_and_what_is_refused(read):
    refused = {one.path.parent.name: one.reason for one in read if isinstance(one, Refusal)}
    assert set(refused) == {"05-two-views", "13-ct"}
    radiographs = [one for one in read if isinstance(one, Radiograph)]
    assert len(radiographs) == 15


def test_only_the_damaged_one_does_not_decode(read):
    broken = []
    for one in read:
        try:
            pixels.load(one.path)
        except PixelError:
            broken.append(one.path.parent.name)
    assert broken == ["12-damaged"]


def test_they_are_fifteen_studies(read):
    gathered = Gathered()
    for one in read:
        if not isinstance(one, folder.SkippedFile):
            gathered.add(Packed.of(one))
    gathered.make_studies(GroupBy.AUTO, in_clear)
    assert gathered.number_of_studies == 15


def test_every_dicom_says_that_it_is_synthetic(read):
    named = [one for one in read if isinstance(one, Radiograph) and one.patient_name]
    assert len(named) == 13
    assert all(one.patient_name.startswith("PHANTOM^") for one in named)
    assert all(one.patient_id.startswith("SYNTHETIC-") for one in named)


def test_stored_forms_show_the_same_picture(tmp_path):
    gray = expose(Variant.CLEAR, 1, (96, 96))
    for number, film in enumerate(make_phantoms.FILMS[:2]):
        shown = pixels.load(make_phantoms.write_film(tmp_path / str(number), film, gray))
        assert np.corrcoef(shown.ravel(), gray.ravel())[0, 1] > 0.99


def test_labelled_sets_have_a_folder_a_class(tmp_path):
    written = list(make_phantoms.write_labelled(tmp_path, 2, 64))
    assert len(written) == 8
    assert {(path.parent.name, label) for path, label in written} == {
        (label, label) for label in make_phantoms.LABELLED
    }
