"""The line of keys: nothing of it is cut, whatever the width."""

import pytest
from textual.widgets._footer import FooterKey

from screener.tui.keys import Keys, fitting
from tests.tui.conftest import settled


def keys_of(app):
    return list(app.screen.query_one(Keys).query(FooterKey))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("study", [False, True])
async def test_no_key_is_cut(open_review, width, study):
    async with open_review(size=(width, 24)) as (app, pilot):
        if study:
            app.open_study(app.screen.current.key)
            await settled(pilot)
        await settled(pilot)
        shown = keys_of(app)
        assert shown[0].action == "help"
        assert max(key.region.right for key in shown) <= width
        assert {"leave" if study else "app.quit"} <= {key.action for key in shown}


async def test_eighty_columns_have_the_verdicts_and_the_filter(open_review):
    async with open_review(size=(80, 24)) as (app, pilot):
        await settled(pilot)
        told = {key.action for key in keys_of(app)}
        assert {"agree", "disagree", "next_unreviewed", "flag", "comment", "filter"} <= told


async def test_a_terminal_that_grows_shows_more(open_review):
    async with open_review(size=(60, 24)) as (app, pilot):
        await settled(pilot)
        before = len(keys_of(app))
        await pilot.resize_terminal(140, 24)
        await settled(pilot)
        assert len(keys_of(app)) > before


def test_who_stays_has_room_first_and_keeps_its_place():
    keys = [FooterKey(key, key, "word", action) for key, action in ("af", "bg", ("?", "help"))]
    assert [key.action for key in fitting(keys, 13)] == ["f", "help"]
