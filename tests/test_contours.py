"""Lines over a radiograph: where they run, which maps have none, and which pixels they change."""

from itertools import pairwise

import numpy as np
import pytest

from screener.contours import LUNGS, SCALE, SEAM, Contour, equal_effect, lungs_of, traced
from screener.lungs import LungOutline
from screener.study import ActivationMap, Proof

HOLDS = Proof(0.9, 0.4, 0.8)


def ramp(proof, cells=10):
    """A map that rises evenly from left to right."""
    row = bytes(round(255 * column / (cells - 1)) for column in range(cells))
    return ActivationMap(cells, cells, row * cells, proof)


def test_a_line_runs_where_the_map_has_its_share():
    for contour, share in zip(equal_effect(ramp(HOLDS)), SCALE, strict=True):
        [line] = contour.lines
        across = [x for x, _ in line]
        middle_of_cell = (9 * share + 0.5) / 10
        assert across == pytest.approx([middle_of_cell] * len(line), abs=0.01)
        assert contour.colour == SCALE[share]


@pytest.mark.parametrize("proof", [None, Proof(0.9, 0.8, 0.7), Proof(0.3, 0.5, 0.6)])
def test_a_map_without_a_proof_that_holds_has_no_lines(proof):
    assert not ramp(proof).drawn
    assert equal_effect(ramp(proof)) == ()


def test_no_map_has_no_lines():
    assert equal_effect(None) == ()


def test_the_scale_rises_in_brightness():
    brightness = [np.dot(colour, (0.299, 0.587, 0.114)) for colour in SCALE.values()]
    assert all(b - a > 30 for a, b in pairwise(brightness))
    assert list(SCALE) == sorted(SCALE)


def test_a_small_picture_has_lines_of_one_pixel():
    line = Contour((255, 0, 0), (((0.0, 0.55), (1.0, 0.55)),))
    picture = np.full((20, 30, 3), 200, np.uint8)
    drawn = traced(picture, [line])
    changed = (drawn != picture).any(axis=2)
    assert np.flatnonzero(changed.any(axis=1)).tolist() == [10]
    assert changed[10].all()


def test_a_bright_line_has_a_dark_seam_where_there_is_room():
    line = Contour((255, 255, 0), (((0.0, 0.5), (1.0, 0.5)),))
    drawn = traced(np.full((600, 600, 3), 255, np.uint8), [line])
    column = drawn[:, 300].tolist()
    assert column.count([255, 255, 0]) == 2
    assert column.count(list(SEAM)) >= 2


def test_the_picture_is_left_as_it_was():
    picture = np.zeros((20, 20, 3), np.uint8)
    traced(picture, [Contour((255, 0, 0), (((0.0, 0.0), (1.0, 1.0)),))])
    assert not picture.any()


def test_lungs_are_drawn_only_where_their_outline_is_sure():
    square = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.8), (0.1, 0.2))
    assert lungs_of(LungOutline((square,), 0.95, (), None)) == (Contour(LUNGS, (square,)),)
    assert lungs_of(LungOutline((), 0.4, (), None)) == ()
    assert lungs_of(None) == ()
