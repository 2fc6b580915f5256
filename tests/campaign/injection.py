"""Names that would act where they are shown: in a table, a page, a terminal, a query, a path."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pydicom

from sample_data.make_phantoms import STUDIES
from screener.reading import dicom
from screener.results.files import DATABASE
from tests.campaign.scans import ACTING, Row

FILM = STUDIES / "02-ground-glass" / "pa.dcm"
NAMES = (
    "=cmd|'/C calc'!A0", "+1+1", "-1-1", "@SUM(A1)", "\t=1+1", '"=HYPERLINK(1)',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "'><b onmouseover=alert(1)>", "&lt;script&gt;",
    "[bold red]x[/]",
    "[@click=app.quit]x[/]", "[link=file:///etc/passwd]x[/link]", "\x1b]0;owned\x07", "\x1b[2J",
    "\x9b31m", "\u202egpj.exe", "x'; DROP TABLE study; --", 'x" OR "1"="1', "x%s%n{0}",
    "$(reboot)",
    "../../../etc/passwd", "..", "a\r\nSet-Cookie: x=1", "javascript:alert(1)", "{{7*7}}",
)  # fmt: skip
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet works out."""


def injection(folder: Path) -> Row:
    """Scan films of such names, as patients' and as files', and look at every output."""
    row = Row("names that would act", len(NAMES))
    films, to = folder / "films", folder / "results"
    for number, name in enumerate(NAMES):
        _write(films / str(number), number, name)
    said = {"scan": _said("scan", films, "-o", to, "--identify", "full", "--weights", "covid-lite")}
    said["list"], said["table"] = _said("list", to, "--all"), _said("list", to, "--csv")
    said["show"] = "".join(_said("show", str(rank), to) for rank in (1, 2))
    for kind in ("csv", "html", "jsonl"):
        _said("export", "--format", kind, "-o", folder / f"export.{kind}", to)
    pages = [folder / "export.html"]
    tables = [
        said["table"],
        *((one.read_text()) for one in (to / "worklist.csv", folder / "export.csv")),
    ]
    row.lost += [words for where, text in said.items() for words in _acts(where, text)]
    row.lost += [words for table in tables for words in _runs(table)]
    row.lost += [words for page in pages for words in _scripts(page.read_text())]
    row.lost += _studies(to)
    beside = {path.name for path in folder.iterdir()} - {"films", "results"}
    row.lost += [f"written beside: {name}" for name in beside if not name.startswith("export.")]
    return row


def _write(place: Path, number: int, name: str) -> None:
    film = pydicom.dcmread(FILM)
    film.SpecificCharacterSet = "ISO_IR 192"
    film.StudyInstanceUID = f"1.2.3.{number}" if number % 2 else f"../{number}/../../x"
    film.PatientName = film.PatientID = film.AccessionNumber = name
    film.StudyDescription = film.SeriesDescription = name
    place.mkdir(parents=True)
    file = name.replace("/", "\u2215").lstrip(".") or "dots"  # a hidden file is passed over
    with dicom.quiet():
        film.save_as(place / f"{file}.dcm")


def _said(*words: object) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "screener.cli.main", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=180,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    if ran.returncode not in (0, 3) or "Traceback" in ran.stderr:
        raise RuntimeError(f"{words}: {ran.returncode}: {ran.stderr[-300:]}")
    return ran.stdout + ran.stderr


def _acts(where: str, text: str) -> Iterator[str]:
    if acting := {hex(ord(one)) for one in text if ord(one) in ACTING}:
        yield f"{where}: characters that act: {', '.join(sorted(acting))}"


def _runs(table: str) -> Iterator[str]:
    for line in csv.reader(io.StringIO(table)):
        for cell in line:
            if cell.startswith(RUNS) and not _is_number(cell):
                yield f"a spreadsheet works out {cell!r}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class _Page(HTMLParser):
    """Elements and attributes of a page that run, or load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.wrong = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.wrong.append(f"<{tag} {name}={value!r}>")


def _scripts(text: str) -> Iterator[str]:
    page = _Page()
    page.feed(text)
    if page.scripts > 1:
        yield f"{page.scripts} scripts in a page that has one"
    yield from page.wrong


def _studies(to: Path) -> Iterator[str]:
    with closing(sqlite3.connect(to / DATABASE)) as database:
        kept, scored = database.execute("SELECT count(*), count(score) FROM study").fetchone()
    if (kept, scored) != (len(NAMES), len(NAMES)):
        yield f"{kept} studies of {len(NAMES)}, {scored} of them with a score"
