"""A site's own figures as one accessible HTML page: no scripts, nothing fetched, all escaped.

Shows the same words and figures as ``screener assess report`` prints; computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from screener.report import markup, wording
from screener.report.html import POLICY, STYLE
from screener.results import site_export as words
from screener.results.files import atomically
from screener.results.site import Site
from screener.study import RESEARCH_ONLY, Band

TITLE = "This site’s own figures"


def write_page(found: Site, out: Path, generated_at: datetime) -> Path:
    """Write the page.

    Raises:
        StoreError: it cannot be written.
    """
    with atomically(out) as stream:
        for part in page(found, generated_at):
            stream.write(part.encode("utf-8", "backslashreplace") + b"\n")
    return out


def page(found: Site, generated_at: datetime) -> Iterator[str]:
    """The whole document in parts."""
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{TITLE}</title>"
    yield f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{TITLE}</h1>"
    yield markup.box(wording.WARNING_TITLE, wording.WARNING)
    yield markup.terms(_facts(found, generated_at))
    yield from _list("remarks", "How they came about", words.remarks(found))
    yield from _bands(found)
    yield from _section(
        "thresholds", "What a threshold does", words.THRESHOLD_TITLES, words.threshold_rows(found)
    )
    yield from _calibration(found)
    if rows := words.agreement_rows(found):
        yield from _section("readers", "Agreement of the readers", words.AGREEMENT_TITLES, rows)
    yield from _list("narrower", "What would narrow the intervals", words.narrowing_words(found))
    if found.evidence.unmatched:
        yield from _list("unmatched", "Labels that fit no study", found.evidence.unmatched)
    yield f'</main>\n<footer class="warning">{escape(RESEARCH_ONLY)}</footer>\n</body>\n</html>'


def _facts(found: Site, generated_at: datetime) -> Iterator[tuple[str, str]]:
    figures, evidence = found.figures, found.evidence
    yield "Page made", f"{wording.moment(generated_at, generated_at.tzinfo)} by {wording.SOFTWARE}"
    yield "From", evidence.source
    if evidence.drawn_at:
        yield "Drawn", wording.moment(evidence.drawn_at, generated_at.tzinfo)
    limits = ", ".join(f"{band} from {least:.3f}" for band, least in found.today.items())
    yield "Bands", f"{limits}; {found.adopted.words if found.adopted else 'as the weights came'}"
    yield "Suspicious in the whole list", words.percent(figures.prevalence)
    yield "Area under the curve", words.plain_number(figures.auc)
    yield "Shift of the scores’ logits", words.plain_number(figures.intercept)


def _bands(found: Site) -> Iterator[str]:
    rows = [
        [markup.banded(Band(name)), *map(markup.safe, cells)]
        for name, *cells in words.band_rows(found)
    ]
    yield from _open("bands", "What a reader calls suspicious, by band")
    yield from markup.table("By band", words.BAND_TITLES, rows, "knn")
    yield "</section>"


def _calibration(found: Site) -> Iterator[str]:
    yield from _section(
        "calibration",
        "What a score means here",
        words.CALIBRATION_TITLES,
        words.calibration_rows(found),
    )


def _open(key: str, title: str) -> Iterator[str]:
    yield f'<section aria-labelledby="{key}">\n<h2 id="{key}">{escape(title)}</h2>'


def _section(
    key: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterator[str]:
    yield from _open(key, title)
    cells = [list(map(markup.safe, row)) for row in rows]
    yield from markup.table(title, columns, cells, "kn")
    yield "</section>"


def _list(key: str, title: str, sentences: Iterable[str]) -> Iterator[str]:
    yield from _open(key, title)
    yield "<ul>" + "".join(f"<li>{markup.safe(text)}</li>" for text in sentences) + "</ul>"
    yield "</section>"
