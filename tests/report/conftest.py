"""One set of results with pictures, and the reports of it, for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics

from screener.report import typefaces, write_report
from screener.report.html import write_html
from tests.report.illustrated import build_illustrated

MADE = datetime(2026, 3, 3, 8, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight studies with pictures and awkward texts; names are stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCREENER_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        return build_illustrated(tmp_path_factory.mktemp("illustrated"))


@pytest.fixture(scope="session")
def pdf(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of all of them on A4."""
    return write_report(results, tmp_path_factory.mktemp("pdf") / "report.pdf", generated_at=MADE)


@pytest.fixture(scope="session")
def pages(pdf: Path) -> list[str]:
    """The text of each page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages]


@pytest.fixture(scope="session")
def html(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as HTML."""
    return write_html(results, tmp_path_factory.mktemp("html") / "report.html", generated_at=MADE)


@pytest.fixture(scope="session", autouse=True)
def no_installed_fonts() -> Iterator[None]:
    """Reports here look the same on a machine with many fonts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typefaces, "folders", tuple)
        typefaces.installed.cache_clear()
        yield
    typefaces.installed.cache_clear()


@pytest.fixture
def fonts_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """As on a machine whose fonts are in the one folder."""

    def look(folder: Path) -> None:
        monkeypatch.setattr(typefaces, "folders", lambda: (folder,))
        forget()

    yield look
    forget()


def forget() -> None:
    """What was found before, by name too: reportlab keeps the first typeface of a name."""
    typefaces.installed.cache_clear()
    for name in [name for name in pdfmetrics._fonts if name.startswith("found-")]:
        pdfmetrics.getFont(name).unregister()
