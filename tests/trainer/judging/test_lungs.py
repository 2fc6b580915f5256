from pathlib import Path

import numpy as np
import pytest

from sample_data.phantom import Variant, expose
from screener.network.lungs import Lungs
from screener.reading import pixels
from trainer.fitting.lungs.pairs import Pair
from trainer.judging import statistics
from trainer.judging.lungs import Outlined, changes, dice, figures, held_out


def pair(patient, source, split):
    return Pair(Path("film"), Path("mask"), split, source, patient)


def test_dice_is_twice_the_overlap_over_both_areas():
    found, true = np.zeros((2, 4, 4), np.uint8)
    found[:2], true[1:3] = 255, 255
    assert dice(found, true) == 0.5
    assert dice(found, found) == 1
    assert dice(np.zeros_like(found), np.zeros_like(found)) == 1


def test_no_patient_trained_on_is_judged_in_another_source():
    pairs = [
        pair("a", "own", "train"), pair("a", "other", "train"), pair("b", "own", "test"),
        pair("b", "other", "test"), pair("c", "other", "train"), pair("d", "own", "val"),
        pair("d", "other", "val"),
    ]  # fmt: skip
    sets = held_out(pairs, ["other"])
    assert [p.patient_id for p in sets["test"]] == ["b"]
    assert [p.patient_id for p in sets["other"]] == ["b", "c"]


def test_the_interval_of_a_mean_is_wider_for_few_patients():
    values = np.repeat([0.9, 1.0, 0.8, 0.7], 10)
    few = statistics.mean(values, np.repeat(list("abcd"), 10).tolist())
    many = statistics.mean(values, [str(i) for i in range(40)])
    assert few.value == many.value == pytest.approx(0.85)
    assert few.high - few.low > 2 * (many.high - many.low)


def test_lungs_and_all_else_are_greyed():
    square = pixels.square(expose(Variant.CLEAR, 2, (128, 128)), 128)
    mean = round(float(square.mean()))
    without, alone = (change(square) for change in changes().values())
    found = Lungs.load().fields(square[None])[0]
    grey = without == mean
    assert grey.mean() == pytest.approx(sum(found.areas), abs=0.03)
    assert np.array_equal(np.where(grey, alone, without)[grey], square[grey])
    assert (alone[~grey] == mean).all()


def test_where_no_lungs_are_sure_the_centre_stands_for_them():
    square = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    without, _ = (change(square) for change in changes().values())
    assert len(np.unique(without[8:56, 8:56])) == 1
    assert np.array_equal(without[:8], square[:8])


def test_the_share_of_films_with_an_outline_is_by_patient():
    """40 films of 4 patients, of whom one has no outline: no more is known than of 4 films."""
    outlined = [
        Outlined(
            pair(f"Site-0{n % 4}" if n < 20 else f"site:{n % 4}", "own", "test"),
            0.9,
            1.0,
            n % 4 > 0,
        )
        for n in range(40)
    ]
    found = figures("test", outlined)
    assert (found.films, found.patients, found.shown.value) == (40, 4, 0.75)
    exact = statistics.exact(3, 4)
    assert (found.shown.low, found.shown.high) == pytest.approx((exact.low, exact.high), abs=0.1)


def test_a_patient_trained_on_is_not_judged_under_another_spelling():
    pairs = [pair("Site-07", "own", "train"), pair("site:7", "other", "test")]
    assert held_out(pairs, ["other"]) == {}
