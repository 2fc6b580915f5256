"""One PDF: read the results, lay out twice, write."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from screener.report import furniture, layout, style, wording
from screener.report.content import Report, opened
from screener.report.furniture import Furniture
from screener.report.layout import Places
from screener.report.pdf import Sheet
from screener.report.story import story
from screener.results.files import atomically
from screener.results.identity import Identify
from screener.study import RESEARCH_ONLY, Band


def write(
    results: Path,
    out: Path,
    generated_at: datetime,
    top: int | None,
    bands: tuple[Band, ...],
    paper: str,
    identify: Identify,
) -> Path:
    """See :func:`screener.report.write_report`."""
    style.register_fonts()
    page = furniture.frame(paper)
    with opened(results, generated_at, top, bands, identify) as report, atomically(out) as stream:
        places = layout.measure(story(report, page, Places()), page)
        sheet = Sheet(stream, furniture.SIZES[paper], generated_at)
        _describe(sheet, report)
        furnish = Furniture(wording.TITLE, report.source, places.pages, page)
        layout.draw(story(report, page, places), page, sheet, furnish)
        sheet.save()
    return out


def _describe(sheet: Sheet, report: Report) -> None:
    """The document's properties; no patient is named in them."""
    sheet.setTitle(f"{wording.TITLE}, {report.source}")
    sheet.setSubject(f"{wording.SUBTITLE}. {RESEARCH_ONLY}")
    sheet.setCreator(wording.SOFTWARE)
    sheet.setAuthor(wording.SOFTWARE)
    sheet.setKeywords("research only, chest radiographs, order of review")
    sheet.showOutline()
