"""``screener scan`` as a user runs it."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from screener import levels
from screener.card import load_card, save_card
from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scan")


def scan(capfd, phantoms, *options):
    code = run(screener, "screener", ["scan", str(phantoms), *map(str, options)])
    return code, *capfd.readouterr()


def test_a_dry_run_names_what_it_would_refuse_and_writes_nothing(capfd, phantoms, folder):
    code, out, err = scan(capfd, phantoms, "-o", folder / "dry", "--dry-run")
    assert code == ExitCode.DONE
    assert [line.split("\t")[0] for line in out.splitlines()] == ["unsuitable", "unsuitable"]
    assert "a lateral view" in out
    assert "15 would be read" in err
    assert not (folder / "dry").exists()


def test_the_bundled_weights_scan_the_samples_into_every_file(capfd, phantoms, folder):
    code, out, err = scan(capfd, phantoms, "-o", folder / "out", "--device", "cpu")
    assert code == ExitCode.REFUSALS
    assert err == ""
    first, ranking = out.index("Could not be scored, read them first"), out.index("rank  band")
    assert first < ranking < out.index("Not a chest radiograph: 1 file,") < out.index("modality CT")
    assert re.search(
        r"17 files in \d+\.\d s: survey \d+%, decode \d+%, network \d+%, store \d+%", out
    )
    assert out.count("a phantom: its score means nothing") == 11  # PNG cannot say it
    for name in ("screening.db", "worklist.csv", "worklist.json", "audit.jsonl", "report.pdf"):
        assert (folder / "out" / name).stat().st_size > 0


def test_weights_that_are_missing_end_with_their_own_code(capfd, phantoms, folder):
    code, out, err = scan(capfd, phantoms, "-o", folder / "none", "--weights", folder)
    assert (code, out) == (ExitCode.UNUSABLE, "")
    assert len(err.splitlines()) == 1


def test_a_scan_of_few_films_says_that_it_was_not_adapted_to(capfd, phantoms, weights, tmp_path):
    knowing = tmp_path / "weights"
    shutil.copytree(weights, knowing)
    card = load_card(knowing)
    save_card(knowing, replace(card, metrics={"unseen": {levels.LEVEL: -1.0}}))
    options = ("-o", tmp_path / "out", "--adapt", "--no-report", "--device", "cpu")
    code, _, err = scan(capfd, phantoms, *options, "--weights", knowing)
    assert code == ExitCode.REFUSALS
    assert "--adapt: fewer than 100 films were scored; the weights' thresholds hold" in err


def test_weights_that_know_no_level_of_normals_are_not_adapted(capfd, phantoms, weights, tmp_path):
    code, out, err = scan(capfd, phantoms, "-o", tmp_path / "out", "--adapt", "--weights", weights)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "does not know the level of unseen normals" in err
    assert not (tmp_path / "out").exists()


def test_a_second_scan_says_what_is_new_known_and_gone(capfd, phantoms, weights, tmp_path):
    films = tmp_path / "films"
    for name in ("14-png-eight-bit", "15-png-sixteen-bit"):
        shutil.copytree(phantoms / name, films / name)
    how = ("-o", tmp_path / "out", "--no-report", "--maps", "none", "--weights", weights)
    _, out, _ = scan(capfd, films, *how)
    assert "--since last" not in out
    shutil.rmtree(films / "14-png-eight-bit")
    shutil.copytree(phantoms / "13-ct", films / "13-ct")
    _, out, _ = scan(capfd, films, *how)
    assert "1 file new, 1 known, 1 gone; 'screener list --since last" in out
    _, out, _ = scan(capfd, films, *how, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    [beside] = [event for event in events if event["event"] == "FilesCompared"]
    assert (beside["new"], beside["known"], beside["gone"]) == (0, 2, 1)


IN_A_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


def test_the_bar_says_what_is_done_and_never_counts_towards_nothing(tmp_path):
    study = REPOSITORY / "sample_data" / "studies" / "13-ct"
    scan = ["-m", "screener.cli.main", "scan", str(study), "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", IN_A_TERMINAL, sys.executable, *scan],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        env={**os.environ, "TERM": "xterm-256color"},
        check=False,
    )
    bar, told, _ = done.stdout.partition("Not a chest radiograph")
    assert told
    assert "looking for studies" in bar
    assert "/?" not in bar
