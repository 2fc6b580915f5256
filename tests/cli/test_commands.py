"""The commands that read a results folder, run as a user runs them."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sample_data.results import NOW, build_results, wait
from screener.cli import show
from screener.cli.main import COMMANDS, screener
from screener.program import run
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import RESEARCH_ONLY, Outcome, Refusal, Review, Verdict
from tests.conftest import REPOSITORY


@pytest.fixture
def results(tmp_path):
    return build_results(tmp_path / "results", studies=30)


@pytest.fixture
def call(capfd):
    """Run a command; gives its exit code, stdout and stderr."""

    def called(*arguments: object) -> tuple[int, str, str]:
        code = run(screener, "screener", [str(a) for a in arguments])
        return code, *capfd.readouterr()

    return called


def first_key(results: Path) -> str:
    with Store.open(results) as store:
        return Worklist(store).find("1")


def test_list_shows_counts_refusals_and_the_ranking(call, results):
    code, out, err = call("list", results)
    assert (code, err) == (0, "")
    assert out.index("Could not be scored") < out.index("rank  band")
    assert out.count("PRIORITY") + out.count("ELEVATED") + out.count("ROUTINE") == 20
    assert f"more: 'screener list --all {results}'" in out
    assert RESEARCH_ONLY in out


def test_list_unreviewed_leaves_out_what_has_a_verdict(call, results):
    _, whole, _ = call("list", "--json", "--review", "unreviewed", results)
    _, short, _ = call("list", "--json", "--unreviewed", results)
    _, everything, _ = call("list", "--json", results)
    assert short == whole != everything


def test_list_all_shows_every_scored_study(call, results):
    _, out, _ = call("list", "--all", results)
    with Store.open(results) as store:
        assert all(row.key for row in Worklist(store).rows())
        scored = 30 - Worklist(store).counts().by_band["UNSCORED"]
    assert out.count("P-") == scored


def test_list_says_what_is_not_scored_yet_and_how_to_go_on(call, results):
    with Store.open(results) as store:
        wait(store, "9.8", "9.9")
    code, out, err = call("list", results)
    assert code == 0
    assert "Not scored yet: 2 files, 2 studies" in out
    assert "the same scan run again goes on from there" in err
    assert "/waits/" not in out
    _, out, _ = call("list", "--band", "waiting", results)
    assert out.count("◌ WAITING") == 2
    _, out, _ = call("show", "9.8", "--results", results)
    assert "waiting   /waits/9.8.dcm: not scored yet" in out


def test_list_says_that_a_scan_is_running(call, results):
    with Store.writing(results):
        _, _, err = call("list", results)
    assert "a scan is running" in err


def test_list_filters(call, results):
    _, out, _ = call("list", "--band", "elevated", results)
    assert "ELEVATED" in out
    assert "PRIORITY" not in out


def test_list_json_is_the_one_document(call, results):
    _, out, _ = call("list", "--json", results)
    assert len(json.loads(out)["studies"]) == 30


def test_list_csv_is_read_by_the_csv_module(call, results):
    _, out, _ = call("list", "--csv", results)
    assert len({row["study"] for row in csv.DictReader(io.StringIO(out))} - {""}) == 30


def test_a_hostile_path_cannot_steer_the_terminal(call, results):
    with Store.open(results) as store:
        path = Path("/\x1b[2J[bold]x\u202e")
        store.put_refusals([Refusal(path, Outcome.UNREADABLE, "\x1b]0;title\x07")])
    _, out, _ = call("list", "--all", results)
    assert "\x1b" not in out
    assert r"\x1b[2J[bold]x\u202e" in out


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_the_table_fits_a_terminal_where_it_can(call, results, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    _, out, _ = call("list", results)
    widest = max(len(line) for line in out.split("\n") if "▲" in line)
    assert widest <= max(int(width), 100)


def test_show_takes_a_rank_a_pseudonym_or_a_key(call, results):
    key = first_key(results)
    for name in ("1", key):
        code, out, _ = call("show", name, "--results", results)
        assert code == 0
        assert f"study     {key}" in out
        assert "suspicion score for COVID-19" in out


def test_show_json(call, results):
    _, out, _ = call("show", "1", "--json", "--results", results)
    assert json.loads(out)["study"] == first_key(results)


def test_show_review_tells_agreement(call, results):
    key = first_key(results)
    with Store.open(results) as store:
        store.add_review(Review(key, "\x1b[31mEve", Verdict.AGREE, None, False, "sure", NOW))
    _, out, _ = call("show", "1", "--review", "--results", results)
    assert r"\x1b[31mEve  agree: sure" in out
    _, out, _ = call("show", "--review", "--results", results)
    assert "Cohen's kappa" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_export_writes_a_file_and_says_where(call, results, kind):
    code, out, _ = call("export", results, "--format", kind)
    assert code == 0
    assert Path(out.strip()).stat().st_size > 1000


def test_forget_asks_first(call, results, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, err = call("forget", "1", "--results", results)
    assert (code, out) == (0, "")
    assert "nothing removed" in err
    with Store.open(results) as store:
        assert Worklist(store).count() == 30


def test_forget_removes_a_study_from_every_output_and_logs_it(call, results):
    key = first_key(results)
    code, _, _ = call("forget", "1", "--yes", "--results", results)
    assert code == 0
    for name in ("screening.db", "worklist.csv", "worklist.json"):
        assert key.encode() not in (results / name).read_bytes()
    assert key in (results / "audit.jsonl").read_text()


def test_forget_all(call, results):
    call("forget", "--all", "--yes", "--results", results)
    with Store.open(results) as store:
        assert Worklist(store).counts().found == 0


def test_config_shows_where_a_value_comes_from(call, monkeypatch):
    monkeypatch.setenv("SCREENER_DEVICE", "cpu")
    _, out, _ = call("config", "--json")
    assert json.loads(out)["settings"]["device"] == {"value": "cpu", "origin": "SCREENER_DEVICE"}
    _, out, _ = call("config", "path")
    assert out.count("screener.toml") == 2


def test_a_setting_is_the_default_of_an_option(call, results, monkeypatch):
    monkeypatch.setenv("SCREENER_RESULTS", str(results))
    assert call("list")[0] == 0


def test_a_wrong_setting_stops_a_command_but_not_config_path(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "screener.toml").write_text("devise = 1")
    code, _, err = call("list")
    assert (code, err.count("\n")) == (2, 1)
    assert "devise" in err
    assert call("config", "path")[0] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(call, shell):
    code, out, _ = call("completion", shell)
    assert code == 0
    assert "_SCREENER_COMPLETE" in out


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_terminal_without_unicode_is_no_failure(results, encoding):
    listed = subprocess.run(
        [sys.executable, "-c", "from screener.cli.main import main; main()", "list", str(results)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (listed.returncode, listed.stderr) == (0, b"")


def test_weights_stand_beside_each_other_unseen_hospitals_first(call, tmp_path):
    from sample_data.weights import tiny_weights

    estimate = {"value": 0.91, "low": 0.85, "high": 0.97}
    inside = {"images": 637, "accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}
    tiny_weights(tmp_path, metrics={"covidx": inside, "unseen": {"auc": estimate}})
    code, out, _ = call("weights", "list", tmp_path)
    header, *rows = out.splitlines()
    assert code == 0
    assert "covid-resnet50" in header
    assert [row.split("  ")[0] for row in rows[3:7]] == [
        "digest", "unseen: auc covid19 against normal", "unseen: normals in priority",
        "unseen: auc within siim-0",
    ]  # fmt: skip
    assert "0.910 (0.850 to 0.970)" in out
    assert out.index("unseen: auc") < out.index("covidx: accuracy")
    assert "covidx-v1, test: accuracy" in out
    assert "val: accuracy" not in out  # covid-lite's card has both
    code, out, _ = call("weights", "list", "--json", tmp_path)
    assert [one["name"] for one in json.loads(out)["weights"]] == [
        "covid-lite", "covid-resnet50", str(tmp_path),
    ]  # fmt: skip


def test_weights_are_shown_and_verified_by_name(call):
    assert call("weights", "verify", "--weights", "covid-resnet50")[0] == 0
    code, out, err = call("weights", "show", "--weights", "covid-resnet")
    assert (code, out) == (4, "")
    assert "bundled are covid-lite, covid-resnet50" in err


def test_weights_show_and_verify(call, tmp_path):
    from sample_data.results import make_card
    from sample_data.weights import tiny_weights

    card = make_card()
    tiny_weights(tmp_path, thresholds=card.thresholds, metrics=card.metrics)
    code, out, _ = call("weights", "show", "--weights", tmp_path)
    assert code == 0
    assert "test / accuracy: 0.910 (0.880 to 0.940)" in out
    assert "PRIORITY     from a suspicion score of 0.600" in out
    assert call("weights", "verify", "--weights", tmp_path)[0] == 0
    (tmp_path / "weights.safetensors").write_bytes(b"other")
    code, _, err = call("weights", "verify", "--weights", tmp_path)
    assert code == 4
    assert "damaged or exchanged" in err


def test_rates_of_hospitals_not_seen_are_shown_before_what_was_measured(call, tmp_path):
    from sample_data.results import make_card, make_rates
    from sample_data.weights import tiny_weights

    metrics = make_card().metrics
    folder = tmp_path / "weights"
    tiny_weights(folder, thresholds=make_card().thresholds, metrics=metrics)
    assert "have no rates" in call("weights", "show", "--weights", folder)[1]
    tiny_weights(
        folder, thresholds=make_card().thresholds, metrics=metrics | {"unseen": make_rates()}
    )
    out = call("weights", "show", "--weights", folder)[1]
    assert out.index("tuberculosis") < out.index("40 % (35 to 45)") < out.index("test / accuracy")
    card = replace(make_card(), metrics={"unseen": make_rates()})
    results = build_results(tmp_path / "results", studies=20, card=card)
    assert "0.60 to 1.00), in hospitals not seen, 124 of 200 were COVID-19" in call(
        "show", "1", "--results", results
    )[1]  # fmt: skip
    detail = json.loads(call("show", "1", "--results", results, "--json")[1])
    assert (detail["alike"]["films"], detail["alike"]["covid19"]) == (200, 124)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"screener {name}" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("years", "said"), [(57.0, "57"), (1 / 12, "1 mo"), (2.0, "2")])
def test_an_age_is_in_whole_years_or_months(years, said):
    assert show.age_words(years) == said


def test_list_since_shows_what_was_found_since(call, results):
    with Store.open(results) as store:
        run = Worklist(store).latest_run()
        later = store.begin_run(
            [results], run.weights_digest, device="cpu", pipeline="1", started_at=NOW.replace(day=4)
        )
        wait(store, "9.8")
        store.finish_run(later.id, NOW.replace(day=4))
    for since in ("last", "2026-03-03"):
        code, out, _ = call("list", "--json", "--since", since, results)
        assert code == 0
        document = json.loads(out)
        assert [study["study"] for study in document["studies"]] == ["9.8"]
        assert document["refusals"] == []
        assert [file["path"] for file in document["waiting"]] == ["/waits/9.8.dcm"]
    assert not json.loads(call("list", "--json", "--since", "2026-03-05", results)[1])["studies"]
    assert "first found since then: 1 study, 1 file:" in call("list", "--since", "last", results)[1]


def test_list_since_refuses_what_is_no_time(call, results):
    code, _, err = call("list", "--since", "yesterday", results)
    assert code == 2
    assert "'yesterday' is no time; write 2026-03-02" in err


def test_what_is_gone_is_said_in_list_json_and_csv(call, results):
    with Store.open(results) as store:
        run = Worklist(store).latest_run()
        again = store.begin_run(
            [results / "studies" / "000000"], run.weights_digest, device="cpu", pipeline="1",
            started_at=NOW,
        )  # fmt: skip
        gone = store.close_walk(again.id)
    assert gone >= 1
    assert f"({gone} gone)" in call("list", results)[1]
    document = json.loads(call("list", "--json", results)[1])
    assert document["counts"]["gone"] == sum(one["gone"] for one in document["refusals"]) == gone
    assert sum(study["gone"] for study in document["studies"]) == gone
    rows = csv.DictReader(io.StringIO(call("list", "--csv", results)[1]))
    assert [row["gone"] for row in rows if row["kind"] == "refusal" and row["gone"]] == ["1"] * gone
