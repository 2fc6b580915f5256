from dataclasses import replace

import pytest

from screener import lungs
from screener.lungs import LungFields, LungOutline, lung_marks, outside_words

SQUARE = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.8), (0.1, 0.2))
USUAL = LungFields(2, 2, bytes(4), (0.15, 0.17), 0.96, (SQUARE, SQUARE), 2.0, ())


def test_usual_lungs_have_no_mark():
    assert lung_marks(USUAL) == ()


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"outline": ()}, lungs.UNSURE),
        ({"areas": (0.0, 0.2)}, lungs.ONE),
        ({"cut": ("top",)}, lungs.CUT),
        ({"tilt": -20.0}, lungs.TILT),
        ({"areas": (0.2, 0.08)}, lungs.DIFFER),
    ],
)
def test_each_fact_has_its_own_mark(change, mark):
    assert lung_marks(replace(USUAL, **change)) == (mark,)


def test_what_is_not_sure_is_said_once_and_nothing_else():
    unsure = replace(USUAL, outline=(), areas=(0.0, 0.0), cut=("left",), tilt=30.0)
    assert lung_marks(unsure) == (lungs.UNSURE,)


def test_a_map_outside_the_lungs_is_told_in_per_cent():
    assert lung_marks(USUAL, map_inside=0.39) == ("61 % of the map lies outside both lungs",)
    assert lung_marks(USUAL, map_inside=0.7) == ()


def test_what_is_kept_says_the_place_of_a_map_only_where_it_is_drawn():
    kept = LungOutline((SQUARE,), 0.95, (lungs.TILT,), map_inside=0.3)
    assert kept.said(with_map=True) == (lungs.TILT, "70 % of the map lies outside both lungs")
    assert kept.said(with_map=False) == (lungs.TILT,)


@pytest.mark.parametrize("share", [None, 0.5, 0.9])
def test_a_map_of_which_half_lies_inside_has_no_mark(share):
    assert LungOutline((), 0.95, (), share).said(with_map=True) == ()


def test_how_much_lies_outside_is_said_of_every_map():
    assert outside_words(0.81) == "19 % of the map lies outside both lungs"
