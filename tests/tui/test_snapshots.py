"""How the screens look: phantoms and invented studies, a fixed clock and fixed pseudonyms.

After a wanted change: ``pytest tests/tui/test_snapshots.py --snapshot-update``, and look at them.
"""

import pytest

from screener.results.worklist import Filter
from screener.study import Band
from screener.tui.app import ReviewApp
from screener.tui.study.screen import PAUSE
from tests.tui.conftest import settled, ticking

NARROW, USUAL = (60, 30), (120, 36)


@pytest.fixture
def snapshot(snap_compare, results):
    """Compare the screen after some keys; ``snapshot(size, keys)``."""

    def compare(size, keys=(), theme="reading-room"):
        async def prepare(pilot):
            await settled(pilot)
            await pilot.press(*keys)
            await pilot.pause(PAUSE * 4)
            await settled(pilot)

        app = ReviewApp(results, "ewa", clock=ticking(), theme=theme)
        app.animation_level = "none"
        return snap_compare(app, terminal_size=size, run_before=prepare)

    return compare


@pytest.fixture
def first_scored(stored):
    """Keys that open the first scored study."""
    unscored = len(stored.listed(Filter(bands=(Band.UNSCORED,))))
    return ["j"] * unscored + ["enter"]


def test_worklist(snapshot):
    assert snapshot(USUAL)


def test_worklist_by_daylight(snapshot):
    assert snapshot(USUAL, theme="daylight")


def test_worklist_in_a_narrow_terminal(snapshot):
    assert snapshot(NARROW)


def test_worklist_without_studies(snapshot):
    assert snapshot(USUAL, ["slash", *"nobody", "enter"])


def test_study(snapshot, first_scored):
    assert snapshot((80, 24), [*first_scored, "o", "t"])


def test_study_in_a_narrow_terminal(snapshot, first_scored):
    assert snapshot(NARROW, first_scored)


def test_study_whose_file_is_missing(snapshot):
    assert snapshot((80, 24), ["G", "enter"])


def test_dialog(snapshot, first_scored):
    assert snapshot((80, 24), [*first_scored, "d"])
