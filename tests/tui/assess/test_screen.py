"""The blind reading: nothing is betrayed, and every answer survives."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sample_data.results import NOW
from screener.results import blind, opening
from screener.results.blind import Finding
from screener.results.files import DATABASE, PENDING_FINDINGS
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.tui.assess.app import BlindApp
from screener.tui.assess.sitting import Answers
from screener.tui.picture.view import RadiographView
from tests.conftest import posix_only
from tests.tui.conftest import settled, text_of, ticking, told

DRAWN = 12


@pytest.fixture
def drawn(results):
    """A draw of the review's results."""
    with Store.open(results) as store:
        with store.transaction() as connection:
            number = blind.make(connection, "one", 3, Worklist(store).card().thresholds, NOW)
            blind.enlarge(connection, number, DRAWN, {}, NOW)
        return blind.find(store)


@pytest.fixture
def open_blind(results, drawn):
    """Open the reading: ``async with open_blind() as (app, pilot)``."""

    @asynccontextmanager
    async def opened(reviewer="ewa", size=(120, 36), **options):
        app = BlindApp(results, drawn.name, reviewer, clock=ticking(), **options)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            yield app, pilot
        app.left()

    return opened


def stored_readings(results):
    with Store.reading(results) as store:
        return blind.readings(store)


async def test_nothing_on_screen_betrays_a_study(open_blind, results):
    with Store.reading(results) as store:
        listed = Worklist(store)
        details = {row.key: listed.study(row.key) for row in listed.rows()}
    async with open_blind(size=(160, 40)) as (app, pilot):
        for place in range(DRAWN):
            shown = text_of(app)
            detail = details[app.screen.key]
            row = detail.row
            told_by = (row.band.value, row.band.glyph, row.pseudonym, row.key, f"{row.score:.2f}")
            assert not [word for word in (*told_by, "rank", "COVID-19 0") if word in shown]
            assert not [r.path.name for r in detail.radiographs if r.path.name in shown]
            assert not any(row.comment and row.comment in shown for _ in "x")
            assert f"study {place + 1} of {DRAWN}" in shown
            await pilot.press("f")
            await settled(pilot)


async def test_no_map_is_laid_over(open_blind, results, drawn):
    pictures = 0
    async with open_blind() as (app, pilot):
        for _ in range(DRAWN):
            view = app.screen.query_one(RadiographView)
            pictures += view.gray is not None
            await pilot.press("o")
            await settled(pilot)
            assert not view.laid_over
            assert not view.effect
            assert not view.overlaid
            assert "Overlay" not in text_of(app)
            await pilot.press("f")
            await settled(pilot)
    assert pictures


async def test_an_answer_goes_on_to_the_next_and_is_stored(open_blind, results, drawn):
    first, second, third = drawn.order("ewa")[:3]
    async with open_blind() as (app, pilot):
        await pilot.press("s")
        await pilot.press("n")
        assert app.screen.key == third
        await pilot.press("t")
        await settled(pilot)
    said = [(entry.study_key, entry.finding, entry.reviewer) for entry in stored_readings(results)]
    assert said == [
        (first, Finding.SUSPICIOUS, "ewa"),
        (second, Finding.CLEAR, "ewa"),
        (third, Finding.UNSURE, "ewa"),
    ]


async def test_reading_goes_on_where_it_was_left(open_blind, drawn):
    async with open_blind() as (_, pilot):
        await pilot.press("s", "n")
    async with open_blind() as (app, _):
        assert app.screen.key == drawn.order("ewa")[2]
        assert f"2 of {DRAWN} read by ewa" in text_of(app)


async def test_a_second_reader_reads_all_in_another_order_and_sees_no_answer(open_blind, drawn):
    async with open_blind() as (_, pilot):
        await pilot.press(*"s" * DRAWN)
    async with open_blind(reviewer="jan") as (app, pilot):
        assert app.screen.key == drawn.order("jan")[0]
        assert f"0 of {DRAWN} read by jan" in text_of(app)
        for _ in range(DRAWN):
            assert "  suspicious" not in text_of(app).splitlines()[0]
            await pilot.press("f")


async def test_going_back_shows_the_own_answer_and_a_new_one_is_appended(open_blind, results):
    async with open_blind() as (app, pilot):
        await pilot.press("s", "b")
        await settled(pilot)
        assert "suspicious" in text_of(app).splitlines()[0]
        await pilot.press("n")
    assert [e.finding for e in stored_readings(results)] == ["suspicious", "not suspicious"]


async def test_a_comment_before_the_answer_stays_with_it(open_blind, results):
    async with open_blind() as (app, pilot):
        await pilot.press("c", *"tube", "enter")
        await settled(pilot)
        assert "“tube”" in text_of(app)
        await pilot.press("s")
    last = stored_readings(results)[-1]
    assert (last.finding, last.comment) == (Finding.SUSPICIOUS, "tube")


async def test_the_last_answer_says_that_all_are_read(open_blind):
    async with open_blind() as (app, pilot):
        await pilot.press(*"n" * DRAWN)
        await settled(pilot)
        assert "All are read" in told(app)


async def test_an_answer_waits_on_disk_while_the_database_is_locked(
    open_blind, results, monkeypatch
):
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    async with open_blind() as (app, pilot):
        connection = sqlite3.connect(results / DATABASE, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        await pilot.press("s")
        await settled(pilot)
        assert len(list((results / PENDING_FINDINGS).glob("*.json"))) == 1
        assert "Not stored yet" in [n.title for n in app._notifications]
        connection.close()
    assert len(stored_readings(results)) == 1
    assert not list((results / PENDING_FINDINGS).glob("*.json"))


KILLED = """
import os, signal, sys
from pathlib import Path
from screener.results.store import Store
from screener.results.blind import Finding
from screener.tui.assess.sitting import Sitting
with Store.open(Path(sys.argv[1])) as store:
    sitting = Sitting(store, "one", "ewa")
    sitting.say(sitting.order[0], Finding.SUSPICIOUS)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
def test_an_answer_survives_a_kill(results, drawn):
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", KILLED, results], cwd=root)
    assert done.returncode == -signal.SIGKILL
    assert stored_readings(results) == []
    Answers(results).deliver()
    assert [entry.study_key for entry in stored_readings(results)] == drawn.order("ewa")[:1]


async def test_a_study_that_is_forgotten_meanwhile_ends_nothing(open_blind, results, drawn):
    first, second = drawn.order("ewa")[:2]
    async with open_blind() as (app, pilot):
        with Store.open(results) as store:
            store.forget(second)
        await pilot.press("s")
        await settled(pilot)
        assert "no radiograph with a score any more" in text_of(app)
        await pilot.press("t")
        await settled(pilot)
        assert app.screen.key == drawn.order("ewa")[2]
    assert [entry.study_key for entry in stored_readings(results)] == [first]


async def test_what_is_forgotten_is_forgotten_here_too(results, drawn):
    key = drawn.order("ewa")[0]
    with Store.open(results) as store:
        from screener.tui.assess.sitting import Sitting

        Sitting(store, "one", "ewa", ticking()).say(key, Finding.CLEAR)
    Answers.forget(results, key)
    assert len(Answers(results)) == 0
