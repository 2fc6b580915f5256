import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sample_data import anatomy, phantom
from sample_data.phantom import Variant, expose
from screener.errors import WeightsError
from screener.lungs import ONE, UNSURE, lung_marks
from screener.network import weights
from screener.network.lung_shape import levels_of, outlined
from screener.network.lungs import Lungs, bundled, load_card
from screener.reading import pixels

MOST_BYTES = 8 * 2**20


@pytest.fixture(scope="module")
def lungs():
    return Lungs.load()


def squares(*pictures, side=160):
    return np.stack([pixels.square(picture, side) for picture in pictures])


@pytest.fixture(scope="module")
def frontal():
    return squares(*(expose(Variant.CLEAR, seed, (160, 160)) for seed in range(4)))


def test_a_frontal_chest_has_two_sure_lungs(lungs, frontal):
    for found in lungs.fields(frontal):
        assert len(found.outline) == 2
        assert 0.05 < min(found.areas) <= max(found.areas) < 0.3
        assert lung_marks(found) == ()


def test_the_mirror_image_has_mirrored_lungs(lungs, frontal):
    plain, mirrored = (levels_of(lungs.fields(s)[0]) for s in (frontal, frontal[:, :, ::-1]))
    assert np.abs(plain.astype(int) - mirrored[:, ::-1].astype(int)).max() <= 4


@pytest.mark.parametrize("side", [48, 128, 300])
def test_a_square_of_any_side_will_do(lungs, side):
    picture = squares(expose(Variant.CLEAR, 1, (300, 300)), side=side)
    assert len(lungs.fields(picture)[0].outline) == 2


def test_a_film_alone_and_in_a_batch_has_the_same_lungs(lungs, frontal):
    together, alone = lungs.fields(frontal)[2], lungs.fields(frontal[2:3])[0]
    assert together.confidence == pytest.approx(alone.confidence, abs=1e-3)
    difference = levels_of(together).astype(int) - levels_of(alone).astype(int)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((96, 96), np.uint8),
        np.full((96, 96), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8),
        squares(expose(Variant.CLEAR, 1, (160, 160), from_the_side=True))[0],
        squares(expose(Variant.CLEAR, 1, (160, 160))[:, :80])[0],
    ],
    ids=["black", "white", "noise", "lateral", "half a chest"],
)
def test_no_outline_is_sure_of_what_is_no_frontal_chest(lungs, picture):
    assert lungs.fields(picture[None])[0].outline == ()


def test_a_lung_that_is_white_is_no_error_and_takes_none_from_the_other(lungs, frontal):
    white = frontal.copy()
    white[:, :, 80:] = 230
    for before, after in zip(lungs.fields(frontal), lungs.fields(white), strict=True):
        assert after.areas[0] == pytest.approx(before.areas[0], rel=0.35)


def chest(seed, white=0, **build):
    """A drawn chest of another build; one lung white at the picture's left (-1) or right (1)."""
    rng = np.random.default_rng(seed)
    grid = anatomy.detector(160, 160)
    paths = anatomy.frontal(grid, replace(anatomy.draw_build(rng), **build), rng)
    filled = 0.95 * bool(white) * (np.sign(grid.x) == white)
    depth = phantom.absorb(paths, (0.02 + filled).astype(np.float32))
    return phantom.process(phantom.detect(depth, rng, anatomy.FIELD / 160))


@pytest.mark.parametrize("white", [-1, 1])
def test_a_white_lung_is_not_outlined_as_a_sure_one(lungs, white):
    drawings = [chest(seed, white) for seed in range(4)]
    outlined_alone = 0
    for found in lungs.fields(squares(*drawings)):
        middles = [np.mean([x for x, _ in polygon]) for polygon in found.outline]
        assert all((middle < 0.5) == (white > 0) for middle in middles)
        assert lung_marks(found) == ((ONE,) if middles else (UNSURE,))
        outlined_alone += len(middles)
    assert outlined_alone >= 3


def test_a_map_is_not_held_against_one_lung_alone(lungs):
    [found] = lungs.fields(squares(chest(0, white=1)))
    assert outlined(found, np.ones((10, 10))).map_inside is None


def test_a_shifted_mediastinum_leaves_two_sure_lungs(lungs):
    for found in lungs.fields(squares(*(chest(seed, lean=3.5) for seed in range(3)))):
        assert len(found.outline) == 2
        assert found.areas[0] > found.areas[1] > 0.1


def test_a_child_is_outlined_surely_or_not_at_all(lungs):
    small = {"width": 8.5, "depth": 5.5, "heart": 0.8, "right_dome": 3.0, "left_dome": 4.0}
    for found in lungs.fields(squares(*(chest(seed, **small) for seed in range(3)))):
        sure = found.confidence >= lungs.card.least_confidence
        assert bool(found.outline) == sure
        assert sure or lung_marks(found) == (UNSURE,)


def test_the_bundled_card_tells_what_was_measured():
    card = load_card(bundled())
    file = bundled() / weights.WEIGHTS_FILE
    assert card.size == file.stat().st_size <= MOST_BYTES
    for name, least in (("test", 0.95), ("generalblockchain-cohen", 0.93)):
        dice = card.metrics[name]["dice"]
        assert dice["value"] >= least
        assert dice["low"] < dice["value"] < dice["high"]
    assert "CC BY 4.0" in card.licence


def test_lungs_are_not_among_the_weights_that_score():
    assert "lungs" not in weights.names()


def broken(folder, **changes):
    shutil.copytree(bundled(), folder, dirs_exist_ok=True)
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digest": f"sha256:{'0' * 64}"}, "damaged or exchanged"),
        ({"kind": "scores"}, "not the card of weights that outline lungs"),
        ({"architecture": "other"}, "made for 'other'"),
        ({"input_size": "144"}, "input_size must be a whole number"),
        ({"std": [0.2, 0, 0.2]}, "std must be"),
        ({"least_confidence": "high"}, "least_confidence must be"),
    ],
)
def test_weights_that_are_not_their_cards_are_named(tmp_path, changes, words):
    with pytest.raises(WeightsError, match=words):
        Lungs.load(broken(tmp_path, **changes))


def test_a_folder_without_a_card_says_so(tmp_path):
    with pytest.raises(WeightsError, match="no card here"):
        Lungs.load(tmp_path)


def test_lungs_need_neither_the_trainer_nor_scipy():
    program = (
        "import sys, numpy; from screener.network.lungs import Lungs;"
        "Lungs.load().fields(numpy.zeros((1, 96, 96), numpy.uint8));"
        "sys.exit(bool({'scipy', 'trainer', 'fastai', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.slow
def test_other_pictures_have_no_sure_outline_and_laterals_never(lungs, shared):
    with (shared / "not-radiographs" / "index.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] != "web-cxr"]
    sure = [
        row["kind"]
        for row in rows
        if lungs.fields(squares(pixels.load(shared / "not-radiographs" / row["path"])))[0].outline
    ]
    assert set(sure) <= {"ct-slice"}
    assert len(sure) <= 3
