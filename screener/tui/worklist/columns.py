"""The columns of the worklist: what each shows, how wide it is, which give way when it is narrow.

A cell is a run of (text, ink); the table turns inks into colours. Nothing here needs a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from screener.study import Band
from screener.text import visible
from screener.tui import wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.results.worklist import StudyRow

GAP = 2
"""Empty cells between two columns."""
BAR = 10
LAST_MORE = 24
"""Cells that the last column takes before another grows."""


class Ink(StrEnum):
    """What a piece of text is, for the theme to colour."""

    PRIORITY = "priority"
    ELEVATED = "elevated"
    ROUTINE = "routine"
    UNSCORED = "unscored"
    WAITING = "waiting"
    OTHER = "other"
    TEXT = "text"
    STRONG = "strong"
    FAINT = "faint"
    TRACK = "track"
    MARK = "mark"


Cell = tuple[tuple[str, Ink], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``weight`` decides who stays when space is short: the smallest goes last."""

    title: str
    width: int
    weight: int
    cell: Callable[[StudyRow], Cell]
    sort: str = ""
    """The worklist's name for sorting by it; empty where it cannot."""
    right: bool = False
    most: int = 0
    """Width that it may grow to where there is room; what is still too long loses its middle."""
    prose: bool = False
    """Whether it is cut between words."""


def band_ink(band: Band) -> Ink:
    """The ink of a band."""
    return Ink(band.value.lower())


def _rank(row: StudyRow) -> Cell:
    return ((str(row.rank) if row.rank is not None else "–", Ink.FAINT),)


def _band(row: StudyRow) -> Cell:
    return ((f"{row.band.glyph} {row.band}", band_ink(row.band)),)


def _bar(row: StudyRow) -> Cell:
    if row.score is None:
        return ()
    full, track = wording.bar(row.score, BAR)
    return ((full, band_ink(row.band)), (track, Ink.TRACK))


def _score(row: StudyRow) -> Cell:
    if row.score is None:
        return (("–", Ink.FAINT),)
    return ((f"{row.score:.2f}", Ink.STRONG),)


def _review(row: StudyRow) -> Cell:
    flag = (("⚑ " if row.flagged else "  "), Ink.MARK)
    return flag, (wording.verdict(row.verdict, row.own_label), Ink.TEXT)


COLUMNS = (
    Column("Rank", 6, 2, _rank, "rank", right=True),
    Column("Band", 10, 0, _band),
    Column("", BAR, 7, _bar),
    Column("Score", 5, 1, _score, "score", right=True),
    Column(
        "Patient/file", 12, 3, lambda row: ((visible(row.patient), Ink.TEXT),), "patient", most=36
    ),
    Column("Review", 13, 4, _review, "review"),
    Column(
        "Taken",
        10,
        5,
        lambda row: ((f"{row.taken_at:%Y-%m-%d}" if row.taken_at else "–", Ink.TEXT),),
        "date",
    ),
    Column("Views", 6, 6, lambda row: ((wording.views(row.projections), Ink.TEXT),)),
    Column("Age", 5, 8, lambda row: ((wording.patient_facts(row), Ink.TEXT),)),
    Column("Notes", 10, 9, lambda row: ((wording.notes(row), Ink.FAINT),), prose=True),
)


def fit(width: int) -> list[Column]:
    """Choose the columns for a width; the last one takes what is left.

    Args:
        width: Cells to fill.

    Returns:
        Columns in the order they are shown; at least the band.
    """
    chosen: list[Column] = []
    left = width
    for column in sorted(COLUMNS, key=lambda column: column.weight):
        if chosen and column.width > left:
            break
        chosen.append(column)
        left -= column.width + GAP
    room = max(0, left - LAST_MORE)
    return [_grown(column, room) for column in COLUMNS if column in chosen]


def _grown(column: Column, room: int) -> Column:
    more = min(room, column.most - column.width)
    return replace(column, width=column.width + more) if more > 0 else column
