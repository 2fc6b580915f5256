"""Entries survive a locked database, a killed process and being delivered twice."""

import json
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from sample_data.results import NOW
from screener.errors import StoreBusyError, StoreError
from screener.results import opening
from screener.results.files import DATABASE, PENDING
from screener.study import Review, Verdict
from screener.tui.outbox import Outbox
from tests.conftest import posix_only

LATER = NOW + timedelta(days=1)


def review(key, second=0, **change):
    fields = {"verdict": Verdict.AGREE, "label": None, "flagged": False, "comment": "ok"}
    return Review(key, "ewa", **(fields | change), reviewed_at=LATER + timedelta(seconds=second))


@pytest.fixture
def locked(results, monkeypatch):
    """The database, locked by somebody else until the test unlocks it."""
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    connection = sqlite3.connect(results / DATABASE, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_entry_is_on_disk_before_it_is_delivered(results, stored):
    Outbox(results).put(review(stored.listed()[0]))
    assert len(list((results / PENDING).glob("*.json"))) == 1


def test_delivered_entry_is_in_the_store_and_no_longer_on_disk(results, stored):
    outbox = Outbox(results)
    entry = review(stored.listed()[0], comment="łąka <b>")
    outbox.put(entry)
    outbox.deliver()
    assert stored.study(entry.study_key).reviews[-1] == entry
    assert len(outbox) == 0
    assert not list((results / PENDING).glob("*.json"))


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_what_a_killed_review_left_is_delivered_as_it_was(results, stored, verdict):
    label = "viral" if verdict is Verdict.DISAGREE else None
    entry = review(stored.listed()[0], verdict=verdict, label=label, flagged=True)
    Outbox(results).put(entry)
    Outbox(results).deliver()
    assert stored.study(entry.study_key).reviews[-1] == entry


def test_locked_database_keeps_the_entries_in_order(results, stored, locked):
    outbox = Outbox(results)
    key = stored.listed()[0]
    outbox.put(review(key, 1))
    outbox.put(review(key, 2, verdict=Verdict.DISAGREE, label="viral"))
    with pytest.raises(StoreBusyError):
        outbox.deliver()
    assert len(outbox) == 2
    locked.execute("ROLLBACK")
    outbox.deliver()
    assert [r.verdict for r in stored.study(key).reviews[-2:]] == ["agree", "disagree"]


def test_entry_delivered_but_not_removed_is_not_added_again(results, stored):
    entry = review(stored.listed()[0])
    first = Outbox(results)
    first.put(entry)
    second = Outbox(results)  # as after a kill between commit and removal
    first.deliver()
    second.deliver()
    assert stored.study(entry.study_key).reviews.count(entry) == 1


def test_entry_for_a_forgotten_study_is_set_aside_and_not_tried_again(results, stored):
    outbox = Outbox(results)
    outbox.put(review("1.2.3.nobody"))
    outbox.put(review(stored.listed()[0]))
    with pytest.raises(StoreError, match=r"no such study.*set aside in .*refused"):
        outbox.deliver()
    assert len(outbox) == 0
    assert [path.suffix for path in (results / PENDING).iterdir()] == [".refused"]
    outbox.deliver()
    assert len(Outbox(results)) == 0


def test_two_windows_enter_one_verdict_once(results, stored):
    """Both have taken the entry over, and neither knows of the other."""
    key = stored.listed()[0]
    before = len(stored.study(key).reviews)
    Outbox(results).put(review(key))
    windows = [Outbox(results) for _ in range(6)]
    assert [len(window) for window in windows] == [1] * 6
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Outbox.deliver, windows))
    assert len(stored.study(key).reviews) == before + 1


def test_forgetting_a_study_removes_what_waits_for_it(results, stored):
    key, other = stored.listed()[:2]
    outbox = Outbox(results)
    for one in (key, other):
        outbox.put(review(one))
    Outbox.forget(results, key)
    assert [entry.study_key for entry in entries(Outbox(results))] == [other]
    Outbox.forget(results, None)
    assert not list((results / PENDING).iterdir())


def entries(outbox):
    return [entry for entry, _ in outbox._waiting]


@pytest.mark.parametrize("damage", [{"flagged": "yes"}, {"comment": None}, {"study_key": 7}])
def test_entry_of_other_types_is_left_alone(results, stored, damage):
    Outbox(results).put(review(stored.listed()[0]))
    [path] = (results / PENDING).iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    assert len(Outbox(results)) == 0
    assert path.exists()


def test_unreadable_spool_file_is_left_alone(results):
    (results / PENDING).mkdir()
    (results / PENDING / "0.json").write_text("{")
    assert len(Outbox(results)) == 0
    assert (results / PENDING / "0.json").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.tui.test_outbox import review
from screener.tui.outbox import Outbox
Outbox(Path({folder!r})).put(review({key!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
def test_killed_process_loses_nothing(results, stored):
    key = stored.listed()[0]
    code = KILLED.format(root=str(Path.cwd()), folder=str(results), key=key)
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    Outbox(results).deliver()
    assert stored.study(key).reviews[-1].reviewer == "ewa"


def test_entries_of_one_study_are_told_from_those_of_others(results, stored):
    one, other = stored.listed()[:2]
    outbox = Outbox(results)
    for entry in (review(one), review(other, 1), review(one, 2)):
        outbox.put(entry)
    assert [entry.study_key for entry in outbox.waiting(one)] == [one, one]
    assert [entry.study_key for entry in outbox.waiting(other)] == [other]
