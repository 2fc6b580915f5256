"""What stands on every page: running title, warning, page number; and the size of what is left.

The warning is part of the page, not of the story, so no length of report and no filter can lose
it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.pagesizes import A4, LETTER

from screener.report import style
from screener.report.layout import Frame
from screener.report.pdf import Sheet
from screener.study import RESEARCH_ONLY

SIZES = {"a4": A4, "letter": LETTER}
MARGIN = 42.0
"""Left and right, 15 mm: within reach of every printer."""
HEAD = 54.0
FOOT = 56.0


def frame(paper: str) -> Frame:
    """Where the story goes on a page of the named size."""
    columns, rows = SIZES[paper]
    return Frame(MARGIN, FOOT, columns - 2 * MARGIN, rows - HEAD - FOOT)


@dataclass(frozen=True, slots=True)
class Furniture:
    """Draws the running parts of a page."""

    title: str
    source: str
    """What the report is of and when it was made."""
    pages: int
    frame: Frame

    def __call__(self, sheet: Sheet, page: int) -> None:
        """Draw them on page ``page`` of ``pages``; the first page has its title block instead."""
        if page > 1:
            self._header(sheet)
        self._footer(sheet, page)

    def _header(self, sheet: Sheet) -> None:
        top = self.frame.top + 26
        sheet.write(self.title.upper(), self.frame.left, top, style.LABEL)
        sheet.write(self.source, self.frame.right, top, style.SMALL, "right")
        sheet.rule(self.frame.left, top - 12, self.frame.width)

    def _footer(self, sheet: Sheet, page: int) -> None:
        top = self.frame.bottom - 16
        sheet.rule(self.frame.left, top + 4, self.frame.width, 0.8, style.INK)
        sheet.write(RESEARCH_ONLY, self.frame.left, top, style.FOOTER)
        sheet.write(f"Page {page} of {self.pages}", self.frame.right, top, style.SMALL, "right")
