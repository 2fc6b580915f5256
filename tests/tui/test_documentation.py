"""docs/review.md names every key of the review."""

import pytest

from screener.tui.picture.view import RadiographView
from screener.tui.review_screen import ReviewScreen
from screener.tui.study.compare import CompareScreen
from screener.tui.study.screen import StudyScreen
from screener.tui.worklist.screen import WorklistScreen
from screener.tui.worklist.table import StudyTable
from tests.conftest import REPOSITORY

PLACES = (StudyTable, RadiographView, ReviewScreen, WorklistScreen, StudyScreen, CompareScreen)


@pytest.mark.parametrize("place", PLACES)
def test_every_binding_is_documented(place):
    page = (REPOSITORY / "docs" / "review.md").read_text(encoding="utf-8")
    assert [b.id for b in place.BINDINGS if f"| {b.tooltip} | `{b.id}` |" not in page] == []


@pytest.mark.parametrize("place", PLACES)
def test_every_binding_has_a_name_and_a_tooltip(place):
    assert all(binding.id and binding.tooltip for binding in place.BINDINGS)
