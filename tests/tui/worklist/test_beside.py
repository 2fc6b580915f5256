"""The picture beside the list: from 140 columns on, and always of the study under the cursor."""

import pytest

from screener.results.store import Store
from screener.results.worklist import Filter
from screener.study import Band
from screener.tui.picture import read
from screener.tui.study.screen import StudyScreen
from screener.tui.worklist.beside import LONGEST, PAUSE, Beside
from tests.tui.conftest import settled, text_of

WIDE = (140, 36)


@pytest.fixture
def first_scored(stored):
    """The first two studies whose films are there."""
    return stored.listed(Filter(bands=(Band.PRIORITY,)))[:2]


async def rest(pilot):
    """Let the picture come."""
    await pilot.pause(PAUSE * 2)
    await settled(pilot)


async def test_a_terminal_of_140_columns_has_the_picture_beside_the_list(open_review, first_scored):
    async with open_review(size=WIDE) as (app, pilot):
        app.screen.go_to(first_scored[0])
        await rest(pilot)
        beside = app.screen.query_one(Beside)
        assert beside.view.gray is not None
        assert max(beside.view.gray.shape) <= LONGEST
        assert "▀" in text_of(app)
        assert "preview, not for diagnosis" in text_of(app)


async def test_a_narrower_one_has_the_list_alone_and_reads_nothing(open_review, first_scored):
    read._read.cache_clear()
    async with open_review(size=(139, 36)) as (app, pilot):
        app.screen.go_to(first_scored[0])
        await rest(pilot)
        assert not app.screen.query_one(Beside).display
        assert "▀" not in text_of(app)
        assert read._read.cache_info().misses == 0


async def test_the_picture_follows_the_cursor(open_review, first_scored):
    async with open_review(size=WIDE) as (app, pilot):
        app.screen.go_to(first_scored[0])
        await rest(pilot)
        await pilot.press("j")
        await rest(pilot)
        beside = app.screen.query_one(Beside)
        assert beside._path == app.sitting.study(first_scored[1]).deciding.path
        caption = beside.query_one("#caption").left.plain
        assert caption.startswith(app.sitting.study(first_scored[1]).row.patient)


async def test_the_neighbours_films_are_read_ahead(open_review, first_scored):
    async with open_review(size=WIDE) as (app, pilot):
        read._read.cache_clear()
        app.screen.go_to(first_scored[0])
        await rest(pilot)
        before = read._read.cache_info().misses
        await pilot.press("j")
        await pilot.pause(PAUSE * 2)
        await app.workers.wait_for_complete()
        assert read._read.cache_info().hits >= 1
        assert before >= 2


async def test_a_study_without_its_film_says_so(open_review):
    async with open_review(size=WIDE) as (app, pilot):
        await pilot.press("G")
        await rest(pilot)
        beside = app.screen.query_one(Beside)
        assert beside.view.gray is None
        assert beside.view._text


async def test_a_terminal_that_grows_gets_the_picture(open_review, first_scored):
    async with open_review(size=(100, 30)) as (app, pilot):
        app.screen.go_to(first_scored[0])
        await pilot.resize_terminal(160, 40)
        await rest(pilot)
        assert app.screen.query_one(Beside).view.gray is not None


async def test_without_pictures_it_says_that_they_are_off(open_review):
    async with open_review(size=WIDE, make_view=None) as (app, pilot):
        await rest(pilot)
        assert "pictures are off" in text_of(app)


async def test_the_keys_stay_with_the_list(open_review, first_scored):
    async with open_review(size=WIDE) as (app, pilot):
        await pilot.press("tab", "j")
        assert app.screen.table.cursor == 1
        await pilot.click(Beside)
        await pilot.press("enter")
        assert isinstance(app.screen, StudyScreen)


async def test_a_study_that_is_forgotten_meanwhile_does_no_harm(open_review, results, first_scored):
    async with open_review(size=WIDE) as (app, pilot):
        app.screen.go_to(first_scored[0])
        with Store.open(results) as store:
            store.forget(first_scored[0])
        await rest(pilot)
        assert app.screen.query_one(Beside).view.gray is None
