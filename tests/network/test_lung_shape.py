import numpy as np
import pytest
from PIL import Image

from screener.lungs import ONE, lung_marks
from screener.network.lung_shape import fields, inside, share_inside

SIDE = 72


def drawn(*ellipses):
    """A map of ellipses, each (x, y, width, height) as shares of the film."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    levels = np.zeros((SIDE, SIDE), np.uint8)
    for middle, height, wide, high in ellipses:
        near = ((x - middle) / (wide / 2)) ** 2 + ((y - height) / (high / 2)) ** 2
        levels[near < 1] = 255
    return levels


LEFT, RIGHT = (0.3, 0.5, 0.25, 0.6), (0.7, 0.5, 0.25, 0.6)


def test_two_lungs_have_their_areas_and_outlines():
    found = fields(drawn(LEFT, RIGHT), 0.96, 0.9)
    assert found.areas == pytest.approx((np.pi * 0.25 * 0.6 / 4,) * 2, rel=0.02)
    assert len(found.outline) == 2
    corners = np.array(found.outline[0])
    assert np.array_equal(corners[0], corners[-1])
    assert corners[:, 1].min() == pytest.approx(0.2, abs=0.02)
    assert (found.cut, abs(found.tilt) < 0.5) == ((), True)


def test_below_the_least_confidence_no_outline_is_given():
    found = fields(drawn(LEFT, RIGHT), 0.89, 0.9)
    assert found.outline == ()
    assert min(found.areas) > 0


def test_a_piece_broader_than_a_lung_is_not_sure():
    assert fields(drawn((0.5, 0.5, 0.8, 0.6)), 0.96, 0.9).outline == ()


@pytest.mark.parametrize(("halves", "which"), [((0.95, 0.87), 0), ((0.87, 0.95), 1)])
def test_a_side_that_is_not_sure_is_left_out_and_the_other_stays(halves, which):
    found = fields(drawn(LEFT, RIGHT), 0.93, 0.9, halves)
    assert [area > 0 for area in found.areas] == [which == 0, which == 1]
    [polygon] = found.outline
    assert (np.array(polygon)[:, 0] > 0.5).all() == bool(which)
    assert (found.tilt, lung_marks(found)) == (0, (ONE,))


def test_a_side_a_little_less_sure_than_the_whole_stays():
    found = fields(drawn(LEFT, RIGHT), 0.91, 0.9, (0.93, 0.89))
    assert len(found.outline) == 2


def test_a_lung_alone_is_on_its_side():
    assert fields(drawn(LEFT), 0.96, 0.9).areas[1] == 0
    assert fields(drawn(RIGHT), 0.96, 0.9).areas[0] == 0


def test_pieces_of_one_lung_count_together():
    upper, lower = (0.7, 0.3, 0.2, 0.25), (0.7, 0.7, 0.2, 0.25)
    found = fields(drawn(LEFT, upper, lower), 0.96, 0.9)
    assert found.areas[1] == pytest.approx(2 * np.pi * 0.2 * 0.25 / 4, rel=0.05)


@pytest.mark.parametrize("degrees", [-20, 15])
def test_a_tilted_film_is_measured_clockwise(degrees):
    turned = Image.fromarray(drawn(LEFT, RIGHT)).rotate(-degrees, Image.Resampling.BILINEAR)
    assert fields(np.asarray(turned), 0.96, 0.9).tilt == pytest.approx(degrees, abs=1.5)


@pytest.mark.parametrize(
    ("edge", "ellipse"),
    [
        ("top", (0.3, 0.2, 0.25, 0.6)),
        ("bottom", (0.3, 0.8, 0.25, 0.6)),
        ("left", (0.08, 0.5, 0.25, 0.6)),
        ("right", (0.92, 0.5, 0.25, 0.6)),
    ],
)
def test_a_lung_that_the_edge_cuts_off_is_closed_along_it(edge, ellipse):
    found = fields(drawn(ellipse), 0.96, 0.9)
    assert found.cut == (edge,)
    corners = np.array(found.outline[0])
    assert 0 <= corners.min() <= corners.max() <= 1


def test_an_empty_map_has_no_lungs_and_no_confidence():
    found = fields(np.zeros((SIDE, SIDE), np.uint8), 0.99, 0.9)
    assert (found.areas, found.outline, found.confidence, found.tilt) == ((0, 0), (), 0, 0)


def test_a_map_that_is_full_is_no_lung():
    assert fields(np.full((SIDE, SIDE), 255, np.uint8), 0.99, 0.9).outline == ()


def half():
    levels = np.zeros((SIDE, SIDE), np.uint8)
    levels[:, : SIDE // 2] = 255
    return fields(levels, 0.96, 0.9)


@pytest.mark.parametrize("shape", [(5, 5), (7, 10), (72, 72), (224, 160)])
def test_the_share_inside_counts_cells_by_their_area(shape):
    assert share_inside(np.ones(shape), half()) == pytest.approx(0.5)
    left = np.zeros(shape)
    left[:, 0] = 1
    assert share_inside(left, half()) == pytest.approx(1)
    assert inside(half(), *shape).sum() == pytest.approx(shape[0] * shape[1] / 2)


def test_an_empty_map_has_nothing_inside():
    assert share_inside(np.zeros((5, 5)), half()) == 0
