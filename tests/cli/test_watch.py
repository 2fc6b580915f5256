"""``screener watch`` as a process: files come, grow, go; what it says, and what the list holds."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("watchdog", reason="the extra 'pacs' is not installed")

from sample_data.make_phantoms import STUDIES
from tests.conftest import REPOSITORY

PATIENCE = 90.0
FILM = STUDIES / "02-ground-glass" / "pa.dcm"


class Watch:
    """A running watch over ``place``."""

    def __init__(self, tmp_path, *options):
        self.place, self.results = tmp_path / "in", tmp_path / "out"
        self.place.mkdir(exist_ok=True)
        self.log = tmp_path / "said.txt"
        self.command = [
            sys.executable, "-m", "screener.cli.main", "watch", self.place, "-o", self.results,
            "--quiet", "1", *options,
        ]  # fmt: skip
        self.start()

    def start(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command, cwd=REPOSITORY, env={**os.environ}, stdout=log, stderr=log
            )

    def said(self):
        return self.log.read_text()

    def until(self, words):
        until = time.monotonic() + PATIENCE
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, f"never said {words!r}: {self.said()}"
            time.sleep(0.1)

    def files(self):
        run = [sys.executable, "-m", "screener.cli.main", "list", self.results, "--json"]
        return json.loads(subprocess.run(run, capture_output=True, check=True).stdout)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watch(tmp_path):
    started = []

    def start(*options):
        started.append(Watch(tmp_path, *options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_what_comes_is_scored_once_it_stands_still(watch):
    running = watch("--no-report", "--maps", "none")
    running.until("no files yet")
    shutil.copytree(STUDIES / "01-clear", running.place / "01-clear")
    running.until("1 file new, 0 known")
    slow, whole = running.place / "slow.dcm", FILM.read_bytes()
    with slow.open("wb", buffering=0) as stream:
        for start in range(0, len(whole), len(whole) // 5 + 1):
            stream.write(whole[start : start + len(whole) // 5 + 1])
            time.sleep(0.5)
    running.until("1 file new, 1 known")
    assert running.said().count("new") == 2  # never half of it
    assert all(one["score"] for one in running.files()["studies"])
    assert running.end() == 0
    assert "goes on from here" in running.said()
    assert "Traceback" not in running.said()


def test_the_same_command_goes_on_and_says_what_went(watch):
    running = watch("--no-report", "--maps", "none", "--poll", "0.5")
    shutil.copytree(STUDIES / "01-clear", running.place / "01-clear")
    running.until("1 file new, 0 known")
    running.process.kill()
    running.process.wait()
    shutil.copy(FILM, running.place / "two.dcm")
    running.start()
    running.until("1 file new, 1 known")
    (running.place / "two.dcm").unlink()
    running.until("0 files new, 1 known, 1 gone")
    assert (running.results / "worklist.csv").read_text().count("\n") >= 2
    assert running.end(signal.SIGINT) == 0


def test_a_folder_that_is_no_folder_is_refused(watch, tmp_path):
    (tmp_path / "in").mkdir()
    run = [sys.executable, "-m", "screener.cli.main", "watch", tmp_path / "none"]
    ended = subprocess.run(run, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
