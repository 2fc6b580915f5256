"""The worklist as a person reads it in a terminal: what could not be scored, the ranking, the rest.

Drawn without rich, which alone would double the time ``screener list`` takes to start.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import combining, east_asian_width

import click

from screener import locations
from screener.console import note, say, warn
from screener.results.since import Compared
from screener.results.worklist import Counts, Filter, StudyRow, Worklist
from screener.study import LABEL_NAMES, RANKED, RESEARCH_ONLY, Band, Refusal
from screener.text import plural, shortened, visible

COLOURS = {Band.PRIORITY: "red", Band.ELEVATED: "yellow", Band.ROUTINE: "green"}
COLUMNS = (
    "rank",
    "band",
    "score",
    "most likely",
    "patient or file",
    "taken",
    "views",
    "review",
    "note",
)
DROPPED = {"most likely": 120, "taken": 100}
"""Columns that are left out on a terminal narrower than this."""
LAST = 12
"""Least width of a last column."""
NAMED = 32
"""Most characters of a patient or file."""
OTHERS = 5
"""Files that are no chest radiographs, at most, unless all are wanted."""
RIGHT = ("rank", "score")
GAP = "  "


def print_worklist(worklist: Worklist, wanted: Filter | None = None, top: int | None = 20) -> None:
    """Print counts, refusals and the ranking, ``top`` lines of each or all."""
    wanted = wanted or Filter(bands=RANKED)
    since = Filter(since=wanted.since)
    if worklist.scanning:
        note("a scan is running: the ranking is not complete yet")
    elif worklist.counts().waiting:
        note("the latest scan did not come to its end; the same scan run again goes on from there")
    if alarm := worklist.alarm():
        warn(alarm)
    counts = worklist.counts(since)
    say(("first found since then: " if wanted.since else "") + counts_line(counts))
    if counts.waiting:
        studies = plural(counts.by_band[Band.WAITING], "study", "studies")
        say(f"Not scored yet: {plural(counts.waiting, 'file')}, {studies}")
    card = worklist.card()
    say(f"scored with {visible(card.name)} {visible(card.version)}, {card.digest}")
    if adopted := worklist.adoption():
        say(f"bands {visible(adopted.words)}")
    _print_refusals(worklist, since, counts, top)
    say()
    shown = worklist.page(wanted, 0, -1 if top is None else top)
    columns = [name for name in COLUMNS if DROPPED.get(name, 0) <= terminal_width()]
    cells = [[row[name] for name in columns] for row in map(_cells, shown)]
    for line in table(columns, cells, [COLOURS.get(row.band) for row in shown]):
        say(line)
    if left := worklist.count(wanted) - len(shown):
        say(f"... and {left} more: '{hint('list --all', worklist.store.folder)}'")
    _print_other(worklist, since, counts, top)
    say()
    say(RESEARCH_ONLY)


def hint(words: str, results: Path) -> str:
    """A command as it is typed for a results folder, which need not be the usual one."""
    where = "" if results == locations.RESULTS else f" {shlex.quote(str(results))}"
    return visible(f"screener {words}{where}")


def counts_line(counts: Counts) -> str:
    """How many studies and files, and what became of them."""
    gone = f" ({counts.gone:,} gone)" if counts.gone else ""
    return (
        f"{plural(counts.studies, 'study', 'studies')}, {plural(counts.found, 'file')}: "
        f"{counts.scored:,} scored, {counts.unsuitable:,} unsuitable, "
        f"{counts.unreadable:,} unreadable, {counts.not_attempted:,} not attempted{gone}; "
        f"{plural(counts.reviewed, 'study', 'studies')} reviewed"
    )


def compared_line(compared: Compared) -> str:
    """What a scan found beside what the results folder knew; "" where it knew nothing."""
    if not compared.known and not compared.gone:
        return ""
    return f"{plural(compared.new, 'file')} new, {compared.known:,} known, {compared.gone:,} gone"


def _print_refusals(worklist: Worklist, since: Filter, counts: Counts, top: int | None) -> None:
    """What may be a chest film and has no score: before the ranking."""
    if not counts.unscored:
        return
    say()
    gone = f" ({counts.gone:,} gone)" if counts.gone else ""
    studies = plural(counts.by_band[Band.UNSCORED], "study", "studies")
    say(
        f"Could not be scored, read them first: {plural(counts.unscored, 'file')}{gone}, "
        f"{studies} without any score"
    )
    found = worklist.unscored(-1 if top is None else top, since.since)
    _print_files(worklist, found, counts.unscored)


def _print_other(worklist: Worklist, since: Filter, counts: Counts, top: int | None) -> None:
    """What is no chest radiograph: behind the ranking."""
    if not counts.other:
        return
    say()
    say(
        f"Not a chest radiograph: {plural(counts.other, 'file')}, "
        f"{plural(counts.by_band[Band.OTHER], 'study', 'studies')} of nothing else"
    )
    found = worklist.other(-1 if top is None else OTHERS, since.since)
    _print_files(worklist, found, counts.other)


def _print_files(worklist: Worklist, refusals: Iterator[Refusal], total: int) -> None:
    shown = list(refusals)
    for refusal in shown:
        say(f"{refusal.outcome.replace('_', ' '):15}{visible(str(refusal.path))}")
        say(f"{'':15}{visible(refusal.reason)}")
    if left := total - len(shown):
        say(f"... and {left} more: '{hint('list --all', worklist.store.folder)}'")


def _cells(row: StudyRow) -> dict[str, str]:
    """What stands in each of COLUMNS."""
    return {
        "rank": str(row.rank or ""),
        "band": f"{row.band.glyph} {row.band}",
        "score": "" if row.score is None else f"{row.score:.3f}",
        "most likely": LABEL_NAMES.get(row.label or "", ""),
        "patient or file": shortened(row.patient, NAMED),
        "taken": f"{row.taken_at:%Y-%m-%d}" if row.taken_at else "",
        "views": " ".join(row.projections),
        "review": (row.verdict or "") + (" flag" if row.flagged else ""),
        "note": "; ".join(filter(None, (row.reason, _gone(row), *row.marks))),
    }


def _gone(row: StudyRow) -> str:
    """Of a study that still has a score; that of another is its reason."""
    return f"{plural(row.gone, 'file')} gone" if row.gone and row.score is not None else ""


def terminal_width() -> int:
    """Columns of the terminal; room for all where stdout is a file or a pipe."""
    if (columns := os.environ.get("COLUMNS", "")).isdecimal():
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 160


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], bands: Sequence[str | None] = ()
) -> Iterator[str]:
    """Lines of an aligned table; its last column gives way where the terminal is too narrow.

    Args:
        header: names of the columns.
        rows: their cells, which may hold any text.
        bands: colour of each row's band, if it has one.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(header, *cells, strict=True)]
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    widths[-1] = max(LAST, min(widths[-1], terminal_width() - before))
    yield click.style(_line(header, header, widths), bold=True)
    for index, row in enumerate(cells):
        yield _line(row, header, widths, bands[index] if bands else None)


def _line(
    cells: Sequence[str], header: Sequence[str], widths: Sequence[int], band: str | None = None
) -> str:
    parts = []
    for cell, name, space in zip(cells[:-1], header, widths, strict=False):
        padding = " " * (space - width(cell))
        part = padding + cell if name in RIGHT else cell + padding
        parts.append(click.style(part, fg=band) if band and name == "band" else part)
    return GAP.join([*parts, _clipped(cells[-1], widths[-1])]).rstrip()


def _clipped(text: str, space: int) -> str:
    """What fits of a text: whole words, and an ellipsis where there were more."""
    if width(text) <= space:
        return text
    kept = text
    while width(kept) > space - 1:
        kept = kept[:-1]
    whole = kept if text[len(kept)] == " " else kept.rpartition(" ")[0]
    return f"{(whole or kept).rstrip(' ;')}…"


def width(text: str) -> int:
    """Columns a terminal uses for a text."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
