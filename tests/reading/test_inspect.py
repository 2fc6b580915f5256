import numpy as np
import pytest

from sample_data.phantom import Variant, expose
from screener.reading.inspect import inspect
from screener.reading.pixels import Picture

NOISE = np.random.default_rng(0)


@pytest.fixture(scope="module")
def chest():
    return expose(Variant.CLEAR, 0, (160, 160))


def drawing():
    page = np.ones((200, 200), np.float32)
    page[20:180, 30:32] = 0
    page[100:102, 30:190] = 0
    return page


def half_white(chest):
    page = chest.copy()
    page[:, :80] = 1 - NOISE.random((160, 80), np.float32) * 0.008
    return page


def test_a_radiograph_has_nothing_to_say_against_it(chest):
    assert inspect(Picture(chest, 0.0)) is None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda chest: chest[:64, :64], "too small"),
        (lambda chest: np.tile(chest, (1, 3)), "too long and narrow"),
        (lambda chest: 0.5 + chest * 0.01, "blank"),
        (lambda chest: drawing(), "flat areas of one gray"),
        (lambda chest: np.where(chest > 0.9, chest, 0).astype(np.float32), "clipped"),
        (half_white, "clipped: much of it is white"),
    ],
    ids=["tiny", "strip", "blank", "drawing", "black", "white"],
)
def test_planted_faults_are_named(chest, make, reason):
    assert reason in (inspect(Picture(make(chest), 0.0)) or "")


def test_a_colour_photograph_is_refused_and_a_colour_cast_is_not(chest):
    assert "colour" in (inspect(Picture(chest, 0.2)) or "")
    assert inspect(Picture(chest, 0.015)) is None


def test_a_black_collimated_margin_is_no_fault(chest):
    framed = np.zeros((220, 220), np.float32)
    framed[30:190, 30:190] = chest
    assert inspect(Picture(framed, 0.0)) is None
