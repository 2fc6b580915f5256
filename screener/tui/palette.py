"""The command palette: what a review can do, the filters that are kept, and studies.

Studies are found as the filter finds them; one that is found by the name of a file says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from textual.app import SystemCommand
from textual.command import Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from screener.errors import StoreError
from screener.results.worklist import Filter, StudyRow, Worklist
from screener.text import visible
from screener.tui.kept import Kept
from screener.tui.navigator import Navigator
from screener.tui.picture.chosen import images
from screener.tui.review_screen import ReviewScreen
from screener.tui.worklist.screen import SORTS, WorklistScreen

MOST = 8
"""Studies offered at once."""


class StudyProvider(Provider):
    """Offers the studies whose patient, file, comment, band or label has what was typed."""

    async def search(self, query: str) -> Hits:
        """Look in the store."""
        screen = self.screen
        if not isinstance(screen, ReviewScreen):
            return
        rows = screen.session.worklist.page(replace(Filter(), text=query), 0, MOST)
        for row in rows:
            name = Content(f"{visible(row.patient)}  {row.band.glyph} {row.band}")
            open_it = partial(screen.navigator.open_study, row.key)
            yield Hit(0.5, name, open_it, help=_why(screen.session.worklist, row, query))


def _why(worklist: Worklist, row: StudyRow, query: str) -> str:
    """What opening a study shows: the file that has the text, where it is not in the name."""
    if query.casefold() in row.patient.casefold():
        return "Open this study"
    detail = worklist.study(row.key)
    for name in (file.path.name for file in images(detail)):
        if query.casefold() in name.casefold():
            return f"Open the study of {visible(name)}"
    return "Open this study"


def commands(review: Navigator, screen: Screen[object]) -> Iterator[SystemCommand]:
    """What the palette offers beside Textual's own commands."""
    if not isinstance(screen, ReviewScreen):
        return
    yield SystemCommand("Next unreviewed", "Go there", screen.action_next_unreviewed)
    yield SystemCommand("Write the report", "As a PDF in the results folder", review.write_report)
    if review.scanning:
        yield SystemCommand("Stop the scan", "It can go on later", review.stop_scan)
    else:
        yield SystemCommand("Scan", "Repeat the latest scan, as it was made", review.start_scan)
    if isinstance(screen, WorklistScreen):
        yield SystemCommand("Filter", "Choose what to show", screen.action_filter)
        for line in _kept(screen):
            yield SystemCommand(f"Show {line}", "A kept filter", partial(screen.show_only, line))
        for sort in SORTS:
            yield SystemCommand(f"Sort by {sort}", "", partial(screen.sort_by, sort))


def _kept(screen: WorklistScreen) -> list[str]:
    try:
        return Kept.filters().lines()
    except StoreError as error:
        screen.complain(str(error))
        return []
