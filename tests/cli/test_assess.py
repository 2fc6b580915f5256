"""``screener assess`` from draw to adoption, as a user types it."""

import csv
import json
import random
import re
import shutil
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from sample_data.results import build_results
from screener.cli.main import screener
from screener.console import ExitCode
from screener.errors import ScreenerError
from screener.results import blind
from screener.results.blind import Finding, Reading
from screener.results.files import AUDIT, WORKLIST_JSON
from screener.results.store import Store

STUDIES = 800


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("assess") / "results", STUDIES, identify="id")


@pytest.fixture
def results(template, tmp_path):
    return shutil.copytree(template, tmp_path / "results")


def run(*words):
    """What a command prints; its error is raised."""
    done = CliRunner().invoke(screener, [str(word) for word in words])
    if isinstance(done.exception, ScreenerError):
        raise done.exception
    return done


def read_all(results, *readers, comment=""):
    """Readers who call a study suspicious the rather, the higher its score; mostly agreeing."""
    with Store.open(results) as store:
        draw = blind.find(store)
        scores = {row["key"]: row["score"] for row in store.query("SELECT key, score FROM study")}
        with store.transaction() as connection:
            for reader in readers:
                for key in draw.order(reader):
                    suspicious = random.Random(key).random() < scores[key]
                    if random.Random(f"{key} {reader}").random() < 0.05:
                        suspicious = not suspicious
                    finding = Finding.SUSPICIOUS if suspicious else Finding.CLEAR
                    blind.append(
                        connection,
                        Reading(key, draw.name, reader, finding, comment, datetime.now(UTC)),
                    )


@pytest.fixture
def assessed(results):
    run("assess", "draw", results, "--name", "one", "--seed", 4, "--size", 260)
    read_all(results, "anna", "jan")
    return results


def test_a_draw_names_its_bands_and_is_enlarged_by_its_name(results):
    first = run("assess", "draw", results, "--name", "one", "--seed", 4)
    assert first.stdout.startswith("draw one: 200 studies\n▲ PRIORITY")
    more = run("assess", "draw", results, "--name", "one", "--more", "routine=50")
    assert more.stdout.startswith("draw one: 250 studies")
    refused = run("assess", "draw", results, "--name", "one")
    assert refused.exit_code == ExitCode.USAGE
    assert "has 250 studies" in refused.output


def test_a_draw_without_a_name_is_named_by_its_date(results):
    names = [run("assess", "draw", results).stdout.split()[1].rstrip(":") for _ in range(2)]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", names[0])
    assert names[1] == f"{names[0]}-2"


@pytest.mark.parametrize("pair", ["ROUTINE", "ROUTINE=0", "UNSCORED=5", "LOW=5", "ROUTINE=-1"])
def test_more_of_nothing_is_refused(results, pair):
    assert run("assess", "draw", results, "--more", pair).exit_code == ExitCode.USAGE


def test_a_report_before_any_reading_says_what_to_do(results):
    with pytest.raises(ScreenerError, match="screener assess draw"):
        run("assess", "report", results)
    run("assess", "draw", results)
    with pytest.raises(ScreenerError, match="screener assess review"):
        run("assess", "report", results)


def test_the_report_gives_each_figure_its_interval_and_n(assessed):
    text = run("assess", "report", assessed).stdout
    assert "\x1b" not in text
    assert re.search(r"PRIORITY +\d+ +\d+ +\d+ % \(\d+ to \d+\), n \d+", text)
    assert re.search(r"0\.250 ELEVATED +\d+ +\d+ % \(\d+ to \d+\), n \d+", text)
    assert re.search(r"AUC +0\.\d\d \(0\.\d\d to 0\.\d\d\), n 260", text)
    assert re.search(r"anna and jan +\d+ of 260 +0\.\d\d \(", text)
    assert "more would" in text


def test_the_document_has_all_of_it(assessed):
    document = json.loads(run("assess", "report", assessed, "--json").stdout)
    assert document["schema"] == 1
    assert document["readers"] == ["anna", "jan"]
    assert document["figures"]["judged"] == 260
    assert {band["band"] for band in document["figures"]["bands"]} == {
        "PRIORITY",
        "ELEVATED",
        "ROUTINE",
    }
    assert document["adopted"] is None


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.unclosed = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.unclosed.append(tag)


def test_the_page_is_whole_escaped_and_fetches_nothing(results, tmp_path):
    run("assess", "draw", results, "--name", "<b>one", "--seed", 4)
    read_all(results, "ann<script>a", "jan", comment="=1+1")
    page = tmp_path / "site.html"
    run("assess", "report", results, "-o", page)
    text = page.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert not tags.unclosed
    assert tags.seen.count("h1") == 1
    assert not {"script", "img", "link", "b"} & set(tags.seen)
    assert "ann&lt;script&gt;a" in text
    assert "Not a medical device" in text
    rows = list(csv.DictReader(page.with_suffix(".csv").read_text("utf-8").splitlines()))
    studies = [row for row in rows if row["kind"] == "study"]
    assert len(studies) == 2 * 200
    assert {row["comment"] for row in studies} == {"'=1+1"}
    assert all(float(row["chance"]) * float(row["weight"]) == pytest.approx(1) for row in studies)
    figures = [row for row in rows if row["kind"] == "figure"]
    assert all(row["n"] and (not row["value"] or row["low"]) for row in figures)


def test_labels_serve_in_place_of_readers(results, tmp_path):
    with Store.reading(results) as store:
        rows = list(store.query("SELECT accession, score FROM study WHERE score IS NOT NULL"))
    dice = random.Random(1)
    lines = [f"{r['accession']},{'pos' if dice.random() < r['score'] else 'neg'}" for r in rows]
    path = tmp_path / "pcr.csv"
    path.write_text("\n".join(["accession,result", *lines, "ACC999999,pos"]))
    done = run("assess", "report", results, "--labels", path, "--json")
    document = json.loads(done.stdout)
    assert document["figures"]["judged"] == len(rows)
    assert document["unmatched"] == [
        f"line {len(rows) + 2}: ACC999999: no study has this accession"
    ]
    assert "ACC999999: no study has this accession" in done.stderr
    assert "the tested are like the others" in document["remarks"][0]


def listed(results):
    document = json.loads((results / WORKLIST_JSON).read_text(encoding="utf-8"))
    return document, {
        study["study"]: (study["band"], study["score"]) for study in document["studies"]
    }


def test_what_is_adopted_is_named_everywhere_and_taken_back(assessed):
    with Store.open(assessed) as store, store.transaction() as connection:
        connection.execute("UPDATE result SET proof = NULL")
    done = run("assess", "adopt", assessed, "--sensitivity", "0.8")
    assert "have no proven map; make them: screener explain --band PRIORITY" in done.stderr
    document, after = listed(assessed)
    source = document["adopted"]["source"]
    assert source.startswith("blind reading of 260 studies drawn as one, 260 judged; sensitivity")
    assert source in run("list", assessed).stdout
    assert json.loads(run("list", assessed, "--json").stdout)["adopted"]["source"] == source
    shown = run("show", "1", "--results", assessed).stdout
    assert source in shown
    assert "readers here call about" in shown
    detail = json.loads(run("show", "1", "--results", assessed, "--json").stdout)
    assert 0 < detail["expected"] < 1
    run("export", assessed, "--format", "html", "-o", assessed / "page.html")
    assert source in (assessed / "page.html").read_text(encoding="utf-8")
    listed_again = csv.DictReader(run("list", assessed, "--csv").stdout.splitlines())
    assert all(source in row["adopted"] for row in listed_again if row["kind"] == "study")
    assert json.loads(run("assess", "report", assessed, "--json").stdout)["adopted"]
    assert '"event": "adopted"' in (assessed / AUDIT).read_text(encoding="utf-8")
    run("assess", "adopt", assessed, "--undo")
    document, before = listed(assessed)
    assert document["adopted"] is None
    assert "adopted at this site" not in run("list", assessed, "--csv").stdout
    assert "adopted at this site" not in run("list", assessed).stdout
    assert {key: score for key, (_, score) in before.items()} == {
        key: score for key, (_, score) in after.items()
    }
    assert before != after


def test_the_sensitivity_that_is_asked_for_is_had(assessed):
    run("assess", "adopt", assessed, "--sensitivity", "0.85")
    document = json.loads(run("assess", "report", assessed, "--json").stdout)
    row = next(r for r in document["figures"]["thresholds"] if r["name"] == "ELEVATED")
    assert row["threshold"] == document["adopted"]["thresholds"]["ELEVATED"]
    assert row["sensitivity"]["value"] >= 0.85


def test_thresholds_may_be_given(assessed):
    done = run("assess", "adopt", assessed, "--elevated", "0.2", "--priority", "0.7")
    assert "PRIORITY  from a suspicion score of 0.7000 (was 0.6000)" in done.stdout


def test_too_little_is_refused_with_what_is_missing(results):
    run("assess", "draw", results, "--size", 12, "--seed", 4)
    read_all(results, "anna")
    with pytest.raises(ScreenerError, match=r"needs 15 more judged studies of PRIORITY.*patients"):
        run("assess", "adopt", results)


def test_a_sensitivity_that_is_not_known_well_is_refused(results):
    run("assess", "draw", results, "--size", 66, "--seed", 4)
    read_all(results, "anna")
    with pytest.raises(ScreenerError, match=r"may be as low as.*more from"):
        run("assess", "adopt", results, "--sensitivity", "0.9")


@pytest.mark.parametrize(
    "words",
    [
        ("--undo", "--sensitivity", "0.9"),
        ("--elevated", "0.2", "--sensitivity", "0.9"),
        ("--sensitivity", "1.5"),
    ],
)
def test_options_that_contradict_are_refused(assessed, words):
    assert run("assess", "adopt", assessed, *words).exit_code == ExitCode.USAGE


def test_settings_reach_the_commands_within(results, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "screener.toml").write_text(f'results = "{results.as_posix()}"\n')
    assert run("assess", "draw").exit_code == ExitCode.DONE
