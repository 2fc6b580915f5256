"""Two films side by side: which ones, and that what is done to one is done to the other."""

import pytest

from screener.results.worklist import Worklist
from screener.tui.picture.view import RadiographView
from screener.tui.study.compare import CompareScreen
from screener.tui.study.screen import StudyScreen
from tests.tui.conftest import settled, text_of, told


def with_another(app):
    """A scored study whose patient has another study."""
    worklist = app.sitting.worklist
    scored = [row.key for row in worklist.rows() if row.score is not None]
    return next(key for key in scored if worklist.of_same_patient(key))


@pytest.fixture
def comparing(open_review):
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened(**options):
        async with open_review(**options) as (app, pilot):
            app.open_study(with_another(app))
            await settled(pilot)
            await pilot.press("v")
            await settled(pilot)
            yield app, pilot

    return opened


def views(app):
    return list(app.screen.query(RadiographView))


async def test_both_are_there_with_study_date_and_score(comparing):
    async with comparing() as (app, _):
        assert isinstance(app.screen, CompareScreen)
        left, right = app.screen._sides
        assert left._film != right._film
        seen = text_of(app)
        for film in (left._film, right._film):
            assert f"{film.row.taken_at:%Y-%m-%d}" in seen
            assert film.image.path.name in seen
        assert seen.count("preview, not for diagnosis") == 2
        assert "RESEARCH USE ONLY" in seen.upper()


async def test_only_films_of_the_patient_are_offered(comparing):
    async with comparing() as (app, _):
        assert len({film.row.pseudonym for film in app.screen._films}) == 1
        assert len(app.screen._films) > 1


async def test_window_and_zoom_go_together_until_they_are_loosened(comparing):
    async with comparing() as (app, pilot):
        await pilot.press("plus", "left_square_bracket", "i")
        await settled(pilot)
        left, right = views(app)
        assert left.shown == right.shown
        assert left.shown.zoom > 1
        assert left.shown.inverted
        await pilot.press("y", "plus")
        await settled(pilot)
        assert right.shown.zoom > left.shown.zoom
        await pilot.press("tab", "i")
        await settled(pilot)
        assert not left.shown.inverted
        assert right.shown.inverted
        await pilot.press("y")
        await settled(pilot)
        assert left.shown == right.shown == app.screen._together
        assert not left.shown.inverted  # as the side with the keys is


async def test_another_film_and_the_other_side(comparing):
    async with comparing() as (app, pilot):
        screen = app.screen
        first, second = (side._film for side in screen._sides)
        await pilot.press("x")
        await settled(pilot)
        assert [side._film for side in screen._sides] == [second, first]
        for _ in range(len(screen._films) - 1):
            await pilot.press("full_stop")
            assert screen._sides[0]._film != screen._sides[1]._film
        assert screen._sides[1]._film == first  # round


async def test_it_is_left_to_the_study(comparing):
    async with comparing(size=(80, 24)) as (app, pilot):
        assert text_of(app).count("preview, not for diagnosis") == 2
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, StudyScreen)


async def test_it_says_where_there_is_nothing_to_compare(open_review, monkeypatch):
    monkeypatch.setattr(Worklist, "of_same_patient", lambda *_: [])  # a patient with one study
    async with open_review() as (app, pilot):
        rows = app.sitting.worklist.rows()
        app.open_study(next(row.key for row in rows if row.radiographs + row.refused == 1))
        await settled(pilot)
        await pilot.press("v")
        await settled(pilot)
        assert "no other film" in told(app)


async def test_the_magnifier_follows_the_mouse(open_review):
    async with open_review() as (app, pilot):
        app.open_study(next(row.key for row in app.sitting.rows(0, 40) if row.score is not None))
        await settled(pilot)
        view = app.screen.query_one(RadiographView)
        await pilot.press("m")
        assert view.shown.lens == (0.5, 0.5)
        width, height = view.size
        await pilot.hover(RadiographView, (width // 2, height // 4))
        await settled(pilot)
        x, y = view.shown.lens
        assert x == pytest.approx(0.5, abs=0.03)
        assert y == pytest.approx(0.25, abs=0.06)
        await pilot.press("m")
        assert view.shown.lens is None
