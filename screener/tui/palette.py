"""Finds studies from the command palette, by what the worklist's filter searches in."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from textual.command import Hit, Hits, Provider
from textual.content import Content

from screener.results.worklist import Filter
from screener.text import visible
from screener.tui.review_screen import ReviewScreen

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
