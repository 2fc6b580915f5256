"""The worklist as a person reads it in a terminal: counts, what was not scored, the ranking.

Drawn without rich, which alone would double the time ``screener list`` takes to start.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

import click

from screener.cli.console import say, warn
from screener.study import LABEL_NAMES, RESEARCH_ONLY, Band
from screener.text import visible
from screener.worklist import Counts, Filter, StudyRow, Worklist

COLOURS = {Band.PRIORITY: "red", Band.ELEVATED: "yellow", Band.ROUTINE: "green"}
SCORED = (Band.PRIORITY, Band.ELEVATED, Band.ROUTINE)
COLUMNS = ("rank", "band", "score", "most likely", "patient", "taken", "views", "review", "note")
RIGHT = ("rank", "score")
GAP = "  "


def print_worklist(worklist: Worklist, wanted: Filter | None = None, top: int | None = 20) -> None:
    """Print counts, refusals and the ranking, ``top`` lines of each or all."""
    wanted = wanted or Filter(bands=SCORED)
    if alarm := worklist.alarm():
        warn(alarm)
    counts = worklist.counts()
    say(counts_line(counts))
    _print_refusals(worklist, counts, top)
    say()
    shown = worklist.page(wanted, 0, -1 if top is None else top)
    for line in table(
        COLUMNS, [_cells(row) for row in shown], [COLOURS.get(r.band) for r in shown]
    ):
        say(line)
    if left := worklist.count(wanted) - len(shown):
        say(f"... and {left} more: 'screener list --all'")
    say()
    say(RESEARCH_ONLY)


def counts_line(counts: Counts) -> str:
    """How many studies and files, and what became of them."""
    return (
        f"{counts.studies} studies, {counts.found} files: {counts.scored} scored, "
        f"{counts.unsuitable} unsuitable, {counts.unreadable} unreadable, "
        f"{counts.not_attempted} not attempted; {counts.reviewed} studies reviewed"
    )


def _print_refusals(worklist: Worklist, counts: Counts, top: int | None) -> None:
    total = counts.found - counts.scored
    if not total:
        return
    say()
    say(f"Not scored: {total} files, {counts.by_band[Band.UNSCORED]} studies without any score")
    shown = list(worklist.refusals(0, -1 if top is None else top))
    for line in table(
        ("outcome", "reason", "file"),
        [(r.outcome.replace("_", " "), r.reason, str(r.path)) for r in shown],
    ):
        say(line)
    if left := total - len(shown):
        say(f"... and {left} more: 'screener list --all'")


def _cells(row: StudyRow) -> tuple[str, ...]:
    return (
        str(row.rank or ""),
        f"{row.band.glyph} {row.band}",
        "" if row.score is None else f"{row.score:.3f}",
        LABEL_NAMES.get(row.label or "", ""),
        row.patient,
        f"{row.taken_at:%Y-%m-%d}" if row.taken_at else "",
        " ".join(row.projections),
        (row.verdict or "") + (" flag" if row.flagged else ""),
        "; ".join(row.marks),
    )


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str | None] = ()
) -> Iterable[str]:
    """Lines of an aligned table; its last column gives way where the terminal is too narrow."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(header, *cells, strict=True)]
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    widths[-1] = max(12, min(widths[-1], shutil.get_terminal_size((160, 24)).columns - before))
    yield click.style(_line(header, header, widths), bold=True)
    for index, row in enumerate(cells):
        colour = colours[index] if colours else None
        line = _line(row, header, widths)
        yield click.style(line, fg=colour) if colour else line


def _line(cells: Sequence[str], header: Sequence[str], widths: Sequence[int]) -> str:
    parts = [
        " " * (space - width(cell)) + cell if name in RIGHT else cell + " " * (space - width(cell))
        for cell, name, space in zip(cells[:-1], header, widths, strict=False)
    ]
    last = _shortened(cells[-1], widths[-1], header[-1])
    return GAP.join([*parts, last]).rstrip()


def _shortened(text: str, space: int, column: str) -> str:
    """A text cut to a width: at its beginning where it is a path, whose end tells most."""
    while width(text) > space:
        text = "…" + text[2:] if column == "file" else text[:-2] + "…"
    return text


def width(text: str) -> int:
    """Columns a terminal uses for a text."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
