"""The question which studies to show: typed, ticked, kept."""

import pytest

from screener.results.worklist import Filter
from screener.study import Band, Projection
from screener.tui.kept import Kept
from screener.tui.worklist.filtering import FilterDialog
from tests.tui.conftest import text_of

KEYS = {" ": "space", ":": "colon", ">": "greater_than_sign", '"': "quotation_mark"}


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("SCREENER_CONFIG_DIR", str(tmp_path / "config"))


def keys(line):
    return ["slash", *(KEYS.get(letter, letter) for letter in line)]


async def test_a_typed_filter_holds(open_review):
    async with open_review() as (app, pilot):
        await pilot.press(*keys("band:priority view:ap age:>60 unreviewed"), "enter")
        wanted = Filter(
            bands=(Band.PRIORITY,), review="unreviewed", views=(Projection.AP,), ages=((">", 60),)
        )
        assert app.sitting.filter == wanted
        assert "priority · AP view · age > 60 · unreviewed" in text_of(app)
        await pilot.press("slash", "enter")
        assert app.sitting.filter == wanted


async def test_what_is_not_understood_is_said_and_can_be_mended(open_review):
    async with open_review() as (app, pilot):
        await pilot.press(*keys("view:xy"), "enter")
        assert isinstance(app.screen, FilterDialog)
        assert "xy: not understood; pa, ap, lat" in text_of(app)
        await pilot.press("backspace", "backspace", "p", "a", "enter")
        assert app.sitting.filter == Filter(views=(Projection.PA,))


async def test_a_kept_filter_is_there_again_and_can_be_dropped(open_review):
    async with open_review(size=(100, 40)) as (app, pilot):
        await pilot.press(*keys("view:pa flagged"), "ctrl+s")
        assert "kept: flagged view:pa" in text_of(app)
        await pilot.press("escape")
        assert app.sitting.filter == Filter()
        await pilot.press("slash", "shift+tab", "down", "enter")
        assert app.sitting.filter == Filter(review="flagged", views=(Projection.PA,))
        await pilot.press("slash", "ctrl+r", "slash", "shift+tab", "down", "ctrl+x")
        assert Kept.filters().lines() == []
        assert "Kept" not in text_of(app)


async def test_a_kept_filter_is_in_the_palette(open_review):
    Kept.filters().keep("band:priority unreviewed")
    async with open_review() as (app, pilot):
        await pilot.press("ctrl+p", *"Show", "space", *"band")
        await pilot.pause(0.4)
        assert "Show band:priority unreviewed" in text_of(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.sitting.filter == Filter(bands=(Band.PRIORITY,), review="unreviewed")


async def test_a_damaged_line_of_the_file_is_said_and_changes_nothing(open_review):
    Kept.filters().keep("view:everything")
    async with open_review() as (app, pilot):
        await pilot.press("slash", "shift+tab", "down", "enter")
        assert "everything: not understood" in text_of(app)
        await pilot.press("escape")
        assert app.sitting.filter == Filter()


@pytest.mark.parametrize("size", [(80, 24), (60, 24)])
async def test_the_question_fits_a_small_terminal(open_review, size):
    Kept.filters().keep("band:priority unreviewed")
    async with open_review(size=size) as (app, pilot):
        await pilot.press("slash")
        shown = text_of(app)
        assert "enter apply" in shown
        assert "flagged" in shown
        assert "○ UNSCORED" in shown
