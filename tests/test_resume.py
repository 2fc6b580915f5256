"""Stopped or killed at any moment, a scan goes on and ends where an undisturbed one ends."""

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run
from screener.results.store import Store
from screener.results.worklist import Worklist
from tests.conftest import posix_only

FILMS = 24
PROGRAM = "from screener.cli.main import main; main()"


class Scans:
    """The same scan, as often as needed."""

    def __init__(self, root, weights):
        self.films, self.weights = root / "films", weights
        self.films.mkdir()
        dice = np.random.default_rng(0)
        for number in range(FILMS):
            noise = dice.integers(0, 256, (128, 128), np.uint8)
            Image.fromarray(noise).save(self.films / f"{number:02}.png")

    def arguments(self, results):
        where = [self.films, "--output", results, "--weights", self.weights]
        how = ["--group", "file", "--batch-size", "2", "--no-guard", "--no-report", "--json"]
        return ["scan", *map(str, where), *how]

    def start(self, results):
        """In a process of its own, which can be killed."""
        command = [sys.executable, "-c", PROGRAM, *self.arguments(results)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, results):
        """Here, to the end."""
        assert run(screener, "screener", self.arguments(results)) == ExitCode.DONE


@pytest.fixture(scope="module")
def scans(weights, tmp_path_factory):
    return Scans(tmp_path_factory.mktemp("scans"), weights)


@pytest.fixture(scope="module")
def undisturbed(scans, tmp_path_factory):
    """Results of a scan that nothing happened to."""
    results = tmp_path_factory.mktemp("undisturbed")
    scans.finish(results)
    return results


def worklists(results):
    return [(results / name).read_bytes() for name in ("worklist.json", "worklist.csv")]


def scored(results) -> int:
    with Store.open(results) as store:
        return Worklist(store).counts().scored


def after_batches(process, number):
    """Read events until so many batches are stored; returns the radiographs in them."""
    done = [-1]
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "BatchScored":
            done.append(event["radiographs"])
        if len(done) > number + 1:
            break
    return done[-1]


@posix_only
def test_ctrl_c_stores_the_running_batch_and_says_how_to_go_on(
    scans, undisturbed, tmp_path, capsys
):
    process = scans.start(tmp_path)
    told = after_batches(process, 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert "the same command goes on" in err
    assert told <= scored(tmp_path) < FILMS
    capsys.readouterr()
    scans.finish(tmp_path)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    reused = next(event["reused"] for event in events if event["event"] == "BatchScored")
    assert reused >= told
    assert worklists(tmp_path) == worklists(undisturbed)


def test_a_kill_costs_at_most_the_running_batch(scans, undisturbed, tmp_path):
    process = scans.start(tmp_path)
    told = after_batches(process, 3)
    process.kill()
    process.communicate()
    assert told == 6
    assert scored(tmp_path) >= told
    scans.finish(tmp_path)
    assert worklists(tmp_path) == worklists(undisturbed)


def kill_after_lines(process, number):
    """Kill it somewhere behind the so-manieth event."""
    for _ in islice(process.stdout, number):
        pass
    process.kill()
    process.communicate()


def test_killed_at_random_events_it_ends_with_the_same_worklist(scans, undisturbed, tmp_path):
    dice = random.Random(0)
    for _ in range(3):
        kill_after_lines(scans.start(tmp_path), dice.randrange(30))
    scans.finish(tmp_path)
    assert worklists(tmp_path) == worklists(undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_twenty_random_moments_it_ends_with_the_same_worklist(
    scans, undisturbed, tmp_path
):
    began = time.monotonic()
    scans.start(tmp_path / "whole").communicate()
    seconds = time.monotonic() - began
    dice = random.Random(0)
    for number in range(20):
        results = tmp_path / f"killed-{number // 5}"  # five kills for each of four scans
        process = scans.start(results)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=dice.uniform(0, seconds))
        process.kill()
        process.communicate()
    for number in range(4):
        scans.finish(tmp_path / f"killed-{number}")
        assert worklists(tmp_path / f"killed-{number}") == worklists(undisturbed)


def test_two_scans_at_once_are_refused(scans, tmp_path):
    first = scans.start(tmp_path)
    first.stdout.readline()
    second = scans.start(tmp_path)
    _, err = second.communicate()
    first.kill()
    first.communicate()
    assert second.returncode == ExitCode.FAILED
    assert "another scan is writing here" in err
