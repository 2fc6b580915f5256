"""``screener diff`` as a user runs it."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sample_data.results import NOW, PIPELINE, build_results, make_card
from screener.cli.main import screener
from screener.program import run
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import RESEARCH_ONLY

OTHER = replace(
    make_card("sha256:" + "cd" * 32),
    name="covid-other",
    thresholds={"PRIORITY": 0.5, "ELEVATED": 0.2},
)


@pytest.fixture
def call(capfd):
    def called(*arguments):
        code = run(screener, "screener", [str(a) for a in arguments])
        return code, *capfd.readouterr()

    return called


@pytest.fixture
def twice(tmp_path):
    """A folder scanned with two weights; the second scored all but the first."""
    folder = build_results(tmp_path / "twice", studies=30, with_maps=False)
    with Store.open(folder) as store:
        worklist = Worklist(store)
        first = worklist.find("1")
        store.add_weights(OTHER)
        results = [(radiograph, key) for key, radiograph in worklist.files() if key != first]
        store.begin_run(
            [folder / "studies"], OTHER.digest, device="cpu", pipeline=PIPELINE,
            started_at=NOW + timedelta(days=1), options={"weights": "/weights/other-folder"},
        )  # fmt: skip
        with store.transaction() as database:
            database.executemany(
                "INSERT INTO result (digest, weights_digest, pipeline, outcome, probabilities)"
                " VALUES (?, ?, ?, 'scored', ?)",
                [
                    (r.digest, OTHER.digest, PIPELINE, json.dumps(r.probabilities))
                    for r, _ in results
                ],
            )
    return folder


def test_two_weights_of_one_folder(call, twice):
    code, out, err = call("diff", "covid-resnet50", "covid-other", "--results", twice, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["old"]["weights"]["name"] == "covid-resnet50"
    assert document["new"]["thresholds"] == {"PRIORITY": 0.5, "ELEVATED": 0.2}
    assert document["correlation"]["value"] == pytest.approx(1)
    by_band = [one for one in document["studies"] if one["change"] == "band"]
    assert any(one["old_band"] == "PRIORITY" and one["new_band"] == "WAITING" for one in by_band)
    by_folder = call("diff", "covid-resnet50", "other-folder", "--results", twice, "--json")[1]
    assert by_folder == out
    moved = [one["moved"] for one in document["studies"] if one["moved"] is not None]
    assert set(moved) == {1}  # the first of the list has no score any more


def test_two_folders_as_table_and_csv(call, tmp_path):
    old = build_results(tmp_path / "old", studies=30, with_maps=False)
    new = build_results(tmp_path / "new", studies=36, with_maps=False)
    code, out, _ = call("diff", old, new)
    assert code == 0
    assert "36 studies:" in out
    assert "6 only in new" in out
    assert "agreement of bands (Cohen's kappa)" in out
    assert RESEARCH_ONLY in out
    rows = list(csv.DictReader(io.StringIO(call("diff", old, new, "--csv")[1])))
    assert len(rows) == 36
    assert sum(row["change"] == "only new" for row in rows) == 6


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_fits(call, tmp_path, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    old = build_results(tmp_path / "old", studies=30, with_maps=False)
    new = build_results(tmp_path / "new", studies=30, seed=1, with_maps=False)
    out = call("diff", old, new)[1]
    rows = [line for line in out.splitlines() if " > " in line]
    assert rows
    assert max(map(len, rows)) <= int(width)


def test_weights_that_were_never_used_are_told_with_what_may_be_meant(call, twice):
    code, _, err = call("diff", "covid-othr", "covid-resnet50", "--results", twice)
    assert code == 2
    assert "did you mean 'covid-other'?" in err


def test_the_same_twice_is_refused(call, twice):
    assert call("diff", twice, twice)[0] == 2
