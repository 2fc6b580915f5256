"""Words and widths, and that foreign text steers nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from screener.study import Outcome, Projection, Refusal, Verdict
from screener.tui import wording
from screener.tui.study.facts import facts
from screener.tui.worklist.columns import COLUMNS, GAP, fit


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abc", 5, "abc  "), ("abcdef", 4, "abc…"), ("山田太郎", 5, "山田…"), ("", 2, "  ")],
)
def test_text_fits_its_cells(text, width, shown):
    assert wording.fitted(text, width) == shown


def test_bar_and_track_fill_the_width():
    full, track = wording.bar(0.45, 10)
    assert (full, track) == ("━━━━╸", "─────")
    assert [len("".join(wording.bar(share, 10))) for share in (-1, 0, 1, 2)] == [10] * 4


def test_views_are_named_once_and_unknown_ones_not():
    views = (Projection.PA, Projection.AP, Projection.PA, Projection.UNKNOWN)
    assert wording.views(views) == "PA AP"


def test_verdict_is_glyph_and_word():
    assert wording.verdict(Verdict.DISAGREE, "viral") == "✗ viral"
    assert wording.verdict(Verdict.DISAGREE, None) == "✗ disagree"
    assert wording.verdict(None, None) == ""


@pytest.mark.parametrize("width", [10, 40, 76, 116, 196])
def test_columns_fit_and_begin_with_the_band(width):
    columns = fit(width)
    assert COLUMNS[1] in columns
    assert len(columns) == 1 or sum(c.width + GAP for c in columns) - GAP <= width


def test_foreign_text_cannot_steer_the_terminal(stored):
    detail = stored.study(stored.listed()[-1])
    evil = "\x1b[31m\u202e[b]x"
    refusal = Refusal(Path(f"/{evil}.dcm"), Outcome.UNREADABLE, evil, detail.row.key)
    text = facts(replace(detail, refusals=(refusal,)), 0, "", 60, tags=True).plain
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[b]x" in text


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (30, "the network is unsure"),
        (21, "the network is unsure"),
        (20, "the network is…"),
        (15, "the network is…"),
        (12, "the network…"),
        (5, "the…"),
        (3, "th…"),
        (0, ""),
    ],
)
def test_prose_is_cut_between_words(width, told):
    assert wording.clipped("the network is unsure", width) == told


def test_notes_say_each_mark_up_to_its_colon_and_why_there_is_no_score(stored):
    row = replace(stored.study(stored.listed()[0]).row, comment="", waiting=0)
    with_mark = replace(row, marks=("under 18: not the intended use",), refused=2, reason="")
    assert wording.notes(with_mark) == "2 refused · under 18"
    assert wording.notes(replace(row, marks=(), refused=2, reason="a lateral view")) == (
        "a lateral view"
    )


@pytest.mark.parametrize("width", range(60, 200, 7))
def test_wide_columns_grow_into_the_room_and_not_beyond(width):
    chosen = fit(width)
    assert sum(column.width + GAP for column in chosen) - GAP <= width
    plain = {column.title: column.width for column in COLUMNS}
    assert all(column.width >= plain[column.title] for column in chosen)
