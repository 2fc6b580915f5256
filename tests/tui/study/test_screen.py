"""Every key of the study screen, and what must always be on it."""

import json
import sqlite3

import pytest
from textual.widgets import Static

from sample_data.results import make_rates
from screener.results import opening, summaries
from screener.results.files import DATABASE
from screener.results.store import Store
from screener.results.worklist import Filter
from screener.study import LABELS, Band, Verdict
from screener.tui.dialogs import DisagreeDialog
from screener.tui.picture.presentation import Presentation
from screener.tui.study import screen as study_screen
from screener.tui.study.panel import Facts
from screener.tui.study.screen import StudyScreen
from screener.tui.worklist.screen import WorklistScreen
from tests.tui.conftest import settled, text_of, told


@pytest.fixture
def open_study(open_review, stored):
    """Open the first scored study, or another one: ``async with open_study(key=...)``."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened(key=None, **options):
        async with open_review(**options) as (app, pilot):
            app.open_study(key or stored.listed(Filter(bands=(Band.PRIORITY,)))[0])
            await pilot.pause(study_screen.PAUSE * 2)
            await settled(pilot)
            yield app, pilot

    return opened


def one_line(app):
    return " ".join(text_of(app).split())


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 24)])
async def test_what_must_always_be_seen(open_study, size):
    async with open_study(size=size) as (app, pilot):
        await pilot.press("i")
        seen = one_line(app)
        row = app.screen.current
        for words in (
            row.pseudonym,
            str(app.screen.image.projection),
            f"{app.screen.index + 1} of {len(app.screen.images)}",
            "W 100% L 50%",
            "inverted",
            "preview, not for diagnosis",
            "Not for diagnosis, and not to rule out disease.",
        ):
            assert words in seen


async def test_what_films_scored_alike_showed_elsewhere_stands_below_the_score(open_study, results):
    with Store.open(results) as store, store.transaction() as connection:
        [(text,)] = connection.execute("SELECT card FROM weights").fetchall()
        card = json.loads(text) | {"metrics": {"unseen": make_rates()}}
        connection.execute("UPDATE weights SET card = ?", (json.dumps(card),))
    async with open_study() as (app, _):
        shown = str(app.screen.query_one(Facts).query_one(Static).render())
        assert "in hospitals not seen, 124 of 200 were COVID-19 (57 to 67 %)." in shown


async def test_picture_is_drawn(open_study):
    async with open_study() as (app, _):
        assert "▀▀▀" in text_of(app)


async def test_keys_change_how_it_is_shown(open_study):
    changes = {
        "i": {"inverted": True},
        "left_square_bracket": {"window": 0.87},
        "right_square_bracket": {"window": 1.15},
        "left_curly_bracket": {"level": 0.46},
        "right_curly_bracket": {"level": 0.54},
        "plus": {"zoom": 1.4},
        "equals_sign": {"zoom": 1.4},
        "minus": {},
    }
    async with open_study() as (app, pilot):
        for key, change in changes.items():
            await pilot.press(key)
            assert app.screen.view.shown == Presentation(**change), key
            await pilot.press("space")
            assert app.screen.view.shown == Presentation()


async def test_pan_moves_an_enlarged_picture(open_study):
    async with open_study() as (app, pilot):
        await pilot.press("plus", "plus", "right", "j")
        shown = app.screen.view.shown
        assert shown.x > 0.5
        assert shown.y > 0.5
        await pilot.press("h", "k")
        assert (app.screen.view.shown.x, app.screen.view.shown.y) == pytest.approx((0.5, 0.5))


async def test_lines_are_off_first_and_come_with_a_legend(open_study):
    async with open_study() as (app, pilot):
        assert "of maximum" not in text_of(app)
        await pilot.press("o")
        assert "map ━ 35% ━ 60% ━ 85% of maximum" in text_of(app)


async def test_lines_leave_the_size_of_the_picture(open_study):
    async with open_study() as (app, pilot):
        before = app.screen.view.size
        await pilot.press("o")
        assert app.screen.view.laid_over
        assert app.screen.view.size == before


async def test_what_a_map_is_worth_stands_beside_the_picture(open_study):
    async with open_study(size=(120, 60)) as (app, _):
        assert "with the marked tenth hidden the" in text_of(app)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("map = NULL", "no map was made"),
        ("proof = NULL", "not proven yet: screener explain STUDY"),
        ("proof = '[0.9, 0.85, 0.8]'", "no part of the picture explains this score"),
    ],
)
async def test_a_map_without_a_proof_that_holds_is_not_drawn(open_study, results, change, said):
    with Store.open(results) as store, store.transaction() as database:
        database.execute(f"UPDATE result SET {change}")
    async with open_study(size=(140, 60)) as (app, pilot):
        await pilot.press("o")
        assert not app.screen.view.laid_over
        assert said in text_of(app)


async def test_no_overlay_without_colour(open_study, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_study() as (app, pilot):
        await pilot.press("o")
        assert not app.screen.view.overlaid
        assert "need colour" in told(app)


LUNGS = {
    "polygons": [[[0.1, 0.2], [0.4, 0.2], [0.4, 0.8], [0.1, 0.2]]],
    "confidence": 0.95,
    "marks": ["the film is tilted"],
    "map_inside": 0.39,
}


def with_lungs(results, **changes):
    """Give every radiograph of the results these lungs, and sum the studies up again."""
    with Store.open(results) as store, store.transaction() as database:
        database.execute("UPDATE result SET lungs = ?", (json.dumps(LUNGS | changes),))
        summaries.refresh_all(database)


async def test_the_lungs_outline_comes_and_goes_with_its_legend(open_study, results):
    with_lungs(results)
    async with open_study(size=(120, 60)) as (app, pilot):
        assert "61 % of the map lies outside both lungs" in text_of(app)
        assert "! the film is tilted" in text_of(app)
        assert not app.screen.view.laid_over
        await pilot.press("l")
        assert "━ lungs" in text_of(app)
        assert app.screen.view.laid_over == app.screen.view.lungs
        await pilot.press("l")
        assert "━ lungs" not in text_of(app)


async def test_an_outline_that_is_not_sure_is_not_drawn(open_study, results):
    with_lungs(results, polygons=[], map_inside=None)
    async with open_study() as (app, pilot):
        await pilot.press("l")
        assert not app.screen.view.laid_over
        assert "lungs: no sure outline" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (60, 24)])
async def test_the_heading_says_what_the_reader_stands_by(open_study, size):
    def heading(app):
        return text_of(app).splitlines()[0]

    async with open_study(size=size) as (app, pilot):
        assert "agree" not in heading(app)
        await pilot.press("a")
        assert "PRIORITY  ✓ agree" in heading(app)
        await pilot.press("f")
        assert "✓ agree  ⚑" in heading(app)
        await pilot.press("z", "z")
        assert "agree" not in heading(app)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("proof = '[0.9, 0.4, 0.8]'", "map holds"),
        ("proof = '[0.9, 0.85, 0.8]'", "map fails"),
        ("proof = NULL", "map not proven"),
    ],
)
async def test_the_heading_of_a_small_terminal_says_what_the_map_is_worth(
    open_study, results, change, said
):
    with Store.open(results) as store, store.transaction() as database:
        database.execute(f"UPDATE result SET {change}")
    async with open_study(size=(80, 24)) as (app, _):
        heading = text_of(app).splitlines()[0]
        assert said in heading
        assert "reviewed" in heading
        assert "…" not in heading


async def test_the_heading_is_silent_of_a_map_that_was_not_made(open_study, results):
    with Store.open(results) as store, store.transaction() as database:
        database.execute("UPDATE result SET map = NULL, proof = NULL")
    async with open_study(size=(80, 24)) as (app, _):
        assert "map" not in text_of(app).splitlines()[0]


async def test_lines_and_lungs_have_their_whole_legend_in_a_small_terminal(open_study, results):
    with_lungs(results)
    async with open_study(size=(80, 24)) as (app, pilot):
        await pilot.press("o", "l")
        assert "85% of maximum ━ lungs" in text_of(app)


async def test_the_heading_is_silent_of_what_others_said(open_study, stored):
    key = next(key for key in stored.listed() if stored.study(key).reviews)
    async with open_study(key=key, reviewer="nobody else") as (app, _):
        seen = text_of(app).splitlines()[0]
        assert not any(mark in seen for mark in "✓✗⚑")


async def test_next_and_previous_study(open_study, stored):
    keys = stored.listed()
    first = stored.listed(Filter(bands=(Band.PRIORITY,)))[0]
    async with open_study() as (app, pilot):
        await pilot.press("n")
        assert app.screen.current.key == keys[keys.index(first) + 1]
        await pilot.press("p")
        assert app.screen.current.key == first


async def test_last_study_is_said_to_be_the_last(open_study, stored):
    async with open_study(key=stored.listed()[-1]) as (app, pilot):
        await pilot.press("n")
        assert app.screen.current.key == stored.listed()[-1]
        assert "This is the last study." in told(app)


async def test_what_has_no_score_is_read_where_it_takes_nothing_along(
    open_study, stored, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        study_screen, "tell_picture", lambda _, path, *, is_scored: asked.append((path, is_scored))
    )
    details = (stored.study(key) for key in stored.listed())
    study = next(d for d in details if d.radiographs and d.refusals)
    async with open_study(study.row.key) as (app, pilot):
        for _ in app.screen.images:
            await pilot.press("full_stop")
            await pilot.pause(study_screen.PAUSE * 2)
    scored = {one.path for one in study.radiographs}
    assert {is_scored for _, is_scored in asked} == {True, False}
    assert all(is_scored == (path in scored) for path, is_scored in asked)


async def test_images_of_the_study_and_refused_ones_with_reasons(open_study, stored):
    details = map(stored.study, stored.listed())
    key = next(d.row.key for d in details if d.radiographs and d.refusals)
    async with open_study(key=key) as (app, pilot):
        number = len(app.screen.images)
        assert app.screen.detail.refusals[0].reason.split()[0] in one_line(app)
        app.screen.index = 0
        await pilot.press("comma")
        assert f"{number} of {number}" in text_of(app)
        assert "not scored" in text_of(app)
        await pilot.press("full_stop")
        assert f"1 of {number}" in text_of(app)


async def test_missing_file_is_said(open_study, stored):
    async with open_study(key=stored.listed(Filter(bands=(Band.ROUTINE,)))[-1]) as (app, _):
        assert "No such file" in text_of(app)


async def test_pictures_can_be_off(open_study):
    async with open_study(make_view=None) as (app, _):
        assert "pictures are off" in text_of(app)
        assert "▀" not in text_of(app)


async def test_tags_show_header_facts(open_study):
    async with open_study(size=(120, 60)) as (app, pilot):
        assert "Photometric" not in text_of(app)
        await pilot.press("t")
        assert "Photometric" in text_of(app)
        assert "2000 x 2048, 12 bits" in text_of(app)


async def test_agree(open_study, stored):
    async with open_study() as (app, pilot):
        await pilot.press("a")
        assert "✓ agree" in text_of(app)
        await settled(pilot)
        key = app.screen.current.key
    assert stored.study(key).row.verdict is Verdict.AGREE


@pytest.mark.parametrize(("keys", "label"), [("1", "normal"), ("j j enter", "viral"), ("5", None)])
async def test_disagree_with_an_own_class(open_study, stored, keys, label):
    async with open_study() as (app, pilot):
        await pilot.press("d", *keys.split(), "0")
        await settled(pilot)
        last = stored.study(app.screen.current.key).reviews[-1]
    assert (last.verdict, last.label) == (Verdict.DISAGREE, label)


async def test_disagreeing_with_a_label_and_giving_the_same_is_asked_again(open_study, stored):
    async with open_study() as (app, pilot):
        key, label = app.screen.current.key, app.screen.current.label
        before = len(app.screen.detail.reviews)
        await pilot.press("d", str(1 + LABELS.index(label)))
        assert isinstance(app.screen, DisagreeDialog)
        assert "that is the network's own label" in text_of(app)
        await pilot.press("escape")
        await settled(pilot)
    assert len(stored.study(key).reviews) == before


async def test_escape_in_a_dialog_records_nothing(open_study, stored):
    async with open_study() as (app, pilot):
        before = len(app.screen.detail.reviews)
        await pilot.press("d", "escape", "c", "escape")
        await settled(pilot)
        assert len(stored.study(app.screen.current.key).reviews) == before


async def test_flag_on_and_off(open_study, stored):
    async with open_study() as (app, pilot):
        await pilot.press("f")
        assert "⚑ flagged" in text_of(app)
        await pilot.press("f")
        await settled(pilot)
        flags = [review.flagged for review in stored.study(app.screen.current.key).reviews][-2:]
    assert flags == [True, False]


async def test_comment_keeps_the_verdict(open_study, stored):
    async with open_study() as (app, pilot):
        await pilot.press("a", "c", *"tubes", "enter")
        await settled(pilot)
        last = stored.study(app.screen.current.key).reviews[-1]
    assert (last.verdict, last.comment) == (Verdict.AGREE, "tubes")


async def test_undo_is_a_new_entry_that_restores_what_was(open_study, stored):
    async with open_study() as (app, pilot):
        key = app.screen.current.key
        before = len(stored.study(key).reviews)
        await pilot.press("a", "f", "z", "z")
        await settled(pilot)
        await pilot.pause()
        mine = stored.study(key).reviews[before:]
    assert [(review.verdict, review.flagged) for review in mine] == [
        (Verdict.AGREE, False),
        (Verdict.AGREE, True),
        (Verdict.AGREE, False),
        (None, False),
    ]


async def test_nothing_to_undo_is_said(open_study):
    async with open_study() as (app, pilot):
        await pilot.press("z")
        assert "Nothing to undo" in told(app)


async def test_next_unreviewed_leaves_a_study_just_reviewed(open_study):
    async with open_study() as (app, pilot):
        await pilot.press("u")
        seen = []
        for _ in range(5):
            seen.append(app.screen.current.key)
            await pilot.press("a", "u")
        assert len(set(seen)) == 5


async def test_next_under_a_filter_that_the_verdict_leaves(open_study, stored):
    unreviewed = stored.listed(Filter(review="unreviewed"))
    async with open_study(key=unreviewed[3]) as (app, pilot):
        app.sitting.filter = Filter(review="unreviewed")
        app.sitting.offset_of(unreviewed[3])
        await pilot.press("a")
        await settled(pilot)
        await pilot.press("n")
        assert app.screen.current.key == unreviewed[4]


async def test_locked_database_is_said_and_the_entry_kept(open_study, stored, results, monkeypatch):
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    locker = sqlite3.connect(results / DATABASE, isolation_level=None)
    async with open_study() as (app, pilot):
        key = app.screen.current.key
        locker.execute("BEGIN IMMEDIATE")
        await pilot.press("f", "a")
        await settled(pilot)
        assert "2 entries waiting" in text_of(app)
        assert "locked by another program" in told(app)
        locker.execute("ROLLBACK")
        app.poll()
        await settled(pilot)
        assert "waiting" not in text_of(app).splitlines()[0]
    last = stored.study(key).reviews[-1]
    assert (last.verdict, last.flagged) == (Verdict.AGREE, True)


async def test_original_without_a_screen_names_the_file(open_study, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    async with open_study(size=(160, 40)) as (app, pilot):
        await pilot.press("e")
        assert "The file is" in told(app)


async def test_wheel_zooms(open_study):
    async with open_study() as (app, pilot):
        app.screen.view.post_message(_wheel(app))
        await pilot.pause()
        assert app.screen.view.shown.zoom > 1


def _wheel(app):
    from textual.events import MouseScrollUp

    return MouseScrollUp(app.screen.view, 5, 5, 0, 0, button=0, shift=False, meta=False, ctrl=False)


async def test_drag_pans(open_study):
    async with open_study() as (app, pilot):
        await pilot.press("plus", "plus")
        await pilot.mouse_down("RadiographView", offset=(20, 10))
        await pilot.hover("RadiographView", offset=(10, 10))
        await pilot.mouse_up("RadiographView", offset=(10, 10))
        assert isinstance(app.screen, StudyScreen)


async def test_facts_scroll_and_the_picture_keeps_the_keys(open_study):
    async with open_study(size=(80, 24)) as (app, pilot):
        await pilot.press("t", "J", "J")
        assert app.screen.query_one(Facts).scroll_offset.y == 6
        await pilot.press("K", "tab", "i")
        assert app.screen.query_one(Facts).scroll_offset.y == 3
        assert app.screen.view.shown.inverted


async def test_opens_at_the_radiograph_that_gave_the_score(open_study, stored):
    key = next(key for key in stored.listed() if len(stored.study(key).radiographs) == 2)
    async with open_study(key=key) as (app, _):
        assert app.screen.image.probabilities[3] == pytest.approx(app.screen.current.score)


async def test_study_forgotten_meanwhile_leads_back_to_the_worklist(open_study, results):
    async with open_study() as (app, pilot):
        with Store.open(results) as store:
            store.forget(app.screen.current.key)
        app.poll()
        await settled(pilot)
        assert isinstance(app.screen, WorklistScreen)
        assert "no such study" in told(app)
