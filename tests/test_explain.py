"""A map that fails its proof, on every face: the sentence in its place, and no picture of it."""

import csv
import io
import json
import re

import pytest
from pypdf import PdfReader

from screener.cli.main import screener
from screener.marks import UNEXPLAINED
from screener.program import run
from screener.report import write_report
from screener.report.html import write_html
from screener.results import summaries
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.tui.app import ReviewApp
from screener.tui.study.screen import PAUSE
from tests.report.conftest import MADE
from tests.report.illustrated import SCORES, build_illustrated
from tests.tui.conftest import settled, text_of, ticking

FILMS = len(SCORES) + 1
"""Scored ones: the first study has two."""
WORTH = f"{UNEXPLAINED}: with the marked tenth hidden the score goes from 0.900 to 0.950"


@pytest.fixture(params=["with its file", "its file gone"])
def failing(tmp_path, monkeypatch, request):
    """Results in which no map holds."""
    monkeypatch.setenv("SCREENER_DATA_DIR", str(tmp_path / "keys"))
    folder = build_illustrated(tmp_path / "results")
    with Store.open(folder) as store, store.transaction() as database:
        database.execute("UPDATE result SET proof = '[0.9, 0.95, 0.8]'")
        summaries.refresh_all(database)
    if request.param == "its file gone":
        for film in (folder / "pictures").iterdir():
            film.unlink()
    return folder


def told(capfd, *arguments):
    capfd.readouterr()
    assert run(screener, "screener", [str(argument) for argument in arguments]) == 0
    return capfd.readouterr().out


def one_line(text):
    return " ".join(text.split())


def test_the_programs_say_it_and_give_no_rows(failing, capfd):
    assert one_line(told(capfd, "show", "1", failing)).count(WORTH) == 2
    listed = json.loads(told(capfd, "list", failing, "--json", "--maps"))["studies"]
    shown = [json.loads(told(capfd, "show", "1", failing, "--json"))]
    lines = [json.loads(line) for line in told(
        capfd, "export", failing, "--format", "jsonl", "-o", "-"
    ).splitlines()]  # fmt: skip
    scored = [s for s in (*listed, *shown, *lines) if s.get("score") is not None]
    assert len(scored) == 2 * len(SCORES) + 1
    for study in scored:
        assert UNEXPLAINED in study["marks"]
        for film in study["radiographs"]:
            assert film["map"]["said"].startswith(WORTH)
            assert film["map"]["proof"]["holds"] is False
            assert film["map"].get("rows") is None
    rows = list(csv.DictReader(io.StringIO(told(
        capfd, "export", failing, "--format", "csv", "-o", "-"
    ))))  # fmt: skip
    of_scored = [row for row in rows if row["score"]]
    assert len(of_scored) == len(SCORES)
    assert all(UNEXPLAINED in row["marks"] for row in of_scored)
    assert all(row["map_proof"].split()[:2] == ["0.9000", "0.9500"] for row in of_scored)


def test_both_reports_say_it_of_every_study_shown_and_draw_nothing(failing, tmp_path):
    html = write_html(failing, tmp_path / "r.html", generated_at=MADE).read_text(encoding="utf-8")
    pdf = PdfReader(write_report(failing, tmp_path / "r.pdf", generated_at=MADE))
    printed = one_line(" ".join(page.extract_text() for page in pdf.pages))
    plain = html.count("<img")
    sentences = len(re.findall("(?i)no part of the picture explains this score: with", html))
    assert sentences == len(re.findall("(?i)explains this score: with", printed)) > 0
    assert "lines of equal effect on its score" not in html
    assert "Lines of equal effect:" not in printed
    there = (failing / "pictures" / "0000-0.png").exists()
    assert plain == (sentences if there else 0)
    assert len({image.data for page in pdf.pages for image in page.images}) == plain


async def test_the_review_says_it_and_draws_nothing(failing):
    app = ReviewApp(failing, "ewa", clock=ticking())
    app.animation_level = "none"
    async with app.run_test(size=(139, 60)) as pilot:
        await settled(pilot)
        assert "no part of the" in one_line(text_of(app))
        with Store.open(failing) as store:
            key = next(row.key for row in Worklist(store).rows() if row.rank == 1)
        app.open_study(key)
        await pilot.pause(PAUSE * 2)
        await settled(pilot)
        await pilot.press("o")
        assert not app.screen.view.laid_over
        assert one_line(text_of(app)).count("no part of the picture explains") > 1
