"""One report: read the results, lay out twice, write, and only then replace the old file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from screener.records import Identify
from screener.report import furniture, layout, style, wording
from screener.report.furniture import Furniture
from screener.report.layout import Places
from screener.report.pdf import Sheet
from screener.report.story import Report, story
from screener.store import Store
from screener.study import RESEARCH_ONLY, Band
from screener.worklist import Worklist


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
    with Store.open(results) as store:
        worklist = Worklist(store, identify)
        run, card = worklist.latest_run(), worklist.card()
        report = Report(worklist, run, card, generated_at, top, bands)
        page = furniture.frame(paper)
        places = layout.measure(story(report, page, Places()), page)
        with NamedTemporaryFile(dir=out.parent, suffix=".pdf", delete=False) as stream:
            partial = Path(stream.name)
            try:
                sheet = Sheet(stream, furniture.SIZES[paper], generated_at)
                _describe(sheet, report)
                furnish = Furniture(wording.TITLE, _source(report), places.pages, page)
                layout.draw(story(report, page, places), page, sheet, furnish)
                sheet.save()
            except BaseException:
                partial.unlink()
                raise
        partial.replace(out)
    return out


def _source(report: Report) -> str:
    made = wording.moment(report.generated_at, report.generated_at.tzinfo)
    names = ", ".join(Path(folder).name for folder in report.run.folders)
    return f"{names}  ·  {made}"


def _describe(sheet: Sheet, report: Report) -> None:
    """The document's properties; no patient is named in them."""
    sheet.setTitle(f"{wording.TITLE}, {_source(report)}")
    sheet.setSubject(f"{wording.SUBTITLE}. {RESEARCH_ONLY}")
    sheet.setCreator(wording.SOFTWARE)
    sheet.setAuthor(wording.SOFTWARE)
    sheet.setKeywords("research only, chest radiographs, order of review")
    sheet.showOutline()
