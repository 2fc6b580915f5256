"""The command palette: what a review can do, and studies found as the filter finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from textual.app import SystemCommand
from textual.command import Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from screener.results.worklist import Filter
from screener.text import visible
from screener.tui.navigator import Navigator
from screener.tui.review_screen import ReviewScreen
from screener.tui.worklist.screen import SORTS, WorklistScreen

MOST = 8
"""Studies offered at once."""


class StudyProvider(Provider):
    """Offers the studies whose patient, comment, band or label has the text that was typed."""

    async def search(self, query: str) -> Hits:
        """Look in the store."""
        screen = self.screen
        if not isinstance(screen, ReviewScreen):
            return
        rows = screen.session.worklist.page(replace(Filter(), text=query), 0, MOST)
        for row in rows:
            name = Content(f"{visible(row.patient)}  {row.band.glyph} {row.band}")
            yield Hit(
                0.5, name, partial(screen.navigator.open_study, row.key), help="Open this study"
            )


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
        for sort in SORTS:
            yield SystemCommand(f"Sort by {sort}", "", partial(screen.sort_by, sort))
