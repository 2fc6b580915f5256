"""Maps are made beside the review: the last study asked for, and never in the way of a key."""

import shutil

import pytest
from textual.widgets import Static

from screener.cli.main import screener
from screener.program import run
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.tui.explaining import MAKING, MapMaker, Wanted
from screener.tui.study import screen as study_screen
from screener.tui.study.panel import Facts
from tests.tui.conftest import settled

FILMS = ("01-clear", "02-ground-glass")


@pytest.fixture(scope="module")
def scored(tmp_path_factory, phantoms, weights):
    """Phantoms scored without maps."""
    folder = tmp_path_factory.mktemp("scored")
    for name in FILMS:
        shutil.copytree(phantoms / name, folder / "films" / name)
    arguments = ["scan", folder / "films", "-o", folder / "out", "--weights", weights]
    arguments += ["--device", "cpu", "--no-guard", "--no-report", "--maps", "none"]
    assert run(screener, "screener", list(map(str, arguments))) == 0
    return folder / "out"


@pytest.fixture
def results(scored, tmp_path):
    return shutil.copytree(scored, tmp_path / "out")


def studies(results):
    with Store.reading(results) as store:
        worklist = Worklist(store)
        return [worklist.study(row.key) for row in worklist.rows()], worklist.latest_run().options


def maps(results):
    return [one.activation for study in studies(results)[0] for one in study.radiographs]


def beside(app):
    """What stands beside the picture."""
    return str(app.screen.query_one(Facts).query_one(Static).render())


def test_the_last_study_asked_for_is_explained_and_the_others_are_not():
    wanted = Wanted()
    for key in "abc":
        wanted.want(key, again=True)
    assert (wanted.begin(), wanted.begin()) == ("c", None)
    wanted.want("d", again=True)
    wanted.want("e", again=True)
    assert [wanted.said(key) for key in "cde"] == [MAKING, "", MAKING]
    wanted.end("c", "")
    assert (wanted.said("c"), wanted.begin()) == ("", "e")


def test_what_could_not_be_made_is_said_and_asked_for_again_only_by_who_opens_it():
    wanted = Wanted()
    wanted.want("a", again=True)
    wanted.end(wanted.begin(), "the file has changed")
    assert wanted.said("a") == "no map: the file has changed"
    wanted.want("a", again=False)
    assert wanted.begin() is None
    wanted.want("a", again=True)
    assert wanted.begin() == "a"
    wanted.end("a", "still")
    wanted.forget()
    wanted.want("a", again=False)
    assert wanted.begin() == "a"


def test_one_child_makes_the_maps_of_study_after_study_with_the_scans_weights(results):
    found, options = studies(results)
    maker = MapMaker(results)
    try:
        assert [maker.make(study.row.key, options) for study in found] == ["", ""]
    finally:
        maker.stop()
    assert all(activation.proof for activation in maps(results))


def test_what_the_child_cannot_do_is_its_last_word(results, tmp_path):
    [first, second], options = studies(results)
    film = first.radiographs[0].path
    kept = film.read_bytes()
    maker = MapMaker(results)
    try:
        film.write_bytes(kept + b"\0")
        assert maker.make(first.row.key, options) == "the file has changed since it was scored"
        film.write_bytes(kept)
        without = options | {"weights": str(tmp_path / "none")}
        assert str(tmp_path / "none") in maker.make(second.row.key, without)
        assert maker.make(second.row.key, options) == ""
    finally:
        maker.stop()
        film.write_bytes(kept)


def test_a_child_that_was_ended_is_not_waited_for(results):
    [first, _], options = studies(results)
    maker = MapMaker(results)
    maker.stop()
    assert maker.make(first.row.key, options) == ""
    assert maps(results) == [None, None]


async def test_an_opened_study_gets_its_map_and_keys_work_meanwhile(open_review, results):
    key = studies(results)[0][0].row.key
    async with open_review(explaining=True, folder=results) as (app, pilot):
        app.open_study(key)
        await pilot.pause(study_screen.PAUSE * 2)
        assert MAKING in beside(app)
        await pilot.press("i", "t")
        assert app.screen.view.shown.inverted
        assert app.screen.tags
        assert MAKING in beside(app)  # a child takes longer to begin than two keys
        await settled(pilot)
        seen = beside(app)
        assert MAKING not in seen
        assert "with the marked tenth hidden the score goes from" in seen
    assert sum(activation is not None for activation in maps(results)) == 1


async def test_without_the_wish_no_map_is_made(open_review, results):
    key = studies(results)[0][0].row.key
    async with open_review(folder=results) as (app, pilot):
        app.open_study(key)
        await pilot.pause(study_screen.PAUSE * 2)
        await settled(pilot)
        assert "no map was made" in beside(app)
    assert maps(results) == [None, None]


async def test_why_no_map_can_be_made_stands_in_its_place(open_review, results):
    study = studies(results)[0][0]
    film = study.radiographs[0].path
    away = film.rename(film.with_suffix(".away"))
    try:
        async with open_review(explaining=True, folder=results) as (app, pilot):
            app.open_study(study.row.key)
            await pilot.pause(study_screen.PAUSE * 2)
            await settled(pilot)
            assert "no map: cannot be read: No such file or directory" in beside(app)
    finally:
        away.rename(film)
