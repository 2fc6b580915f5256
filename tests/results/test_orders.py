import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest

from sample_data.results import NOW, PIPELINE, build_results, make_card
from screener.errors import StoreError
from screener.results import orders
from screener.results.store import Store
from screener.results.worklist import ALL, Filter, Worklist
from tests.conftest import posix_only

CARD = make_card()
WAYS = (
    ALL,
    Filter(descending=True),
    Filter(sort="date"),
    Filter(sort="patient", descending=True),
    Filter(review="unreviewed"),
    Filter(text="1"),
)


def indexes(connection: sqlite3.Connection) -> dict[str, str]:
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    return {name: " ".join(sql.split()) for name, sql in found if sql}


def lists(store: Store) -> list[list[str]]:
    return [[row.key for row in Worklist(store).rows(wanted)] for wanted in WAYS]


def test_what_is_set_aside_comes_back_as_it_was_and_no_list_changes_meanwhile(tmp_path):
    build_results(tmp_path, studies=30)
    with Store.writing(tmp_path) as store:
        before, seen = indexes(store.connection), lists(store)
        with store.transaction() as connection:
            orders.set_aside(connection)
        assert set(before) - set(indexes(store.connection)) == set(orders.INDEXES)
        assert lists(store) == seen
        orders.restore(store.connection)
        assert indexes(store.connection) == before
        assert lists(store) == seen


@pytest.mark.parametrize(("found", "aside"), [(139, False), (140, True)])
def test_only_very_many_new_files_set_them_aside(tmp_path, monkeypatch, found, aside):
    build_results(tmp_path, studies=10, unreadable=0)
    with Store.writing(tmp_path) as store:
        held = store.connection.execute("SELECT count(*) FROM file").fetchone()[0]
        monkeypatch.setattr(orders, "MANY", 140 - held)
        store.expect(found)
        assert (set(orders.INDEXES) <= set(indexes(store.connection))) is not aside


def test_they_are_set_aside_where_all_wait_for_new_weights_and_come_back_with_the_end(
    tmp_path, monkeypatch
):
    build_results(tmp_path, studies=30)
    monkeypatch.setattr(orders, "MANY", 20)
    other = make_card("sha256:" + "cd" * 32)
    with Store.writing(tmp_path) as store:
        store.add_weights(other)
        run = store.begin_run(
            [tmp_path], other.digest, device="cpu", pipeline=PIPELINE, started_at=NOW
        )
        store.expect(30)
        assert not set(orders.INDEXES) & set(indexes(store.connection))
        store.finish_run(run.id, NOW + timedelta(minutes=1))
        assert set(orders.INDEXES) <= set(indexes(store.connection))


def test_an_interrupted_scan_brings_them_back(tmp_path):
    def scan() -> None:
        with Store.writing(tmp_path) as store:
            orders.set_aside(store.connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan()
    with Store.reading(tmp_path) as store:
        assert set(orders.INDEXES) <= set(indexes(store.connection))


def test_no_room_for_them_is_no_failure_of_what_was_stored(tmp_path):
    build_results(tmp_path, studies=300)
    with Store.writing(tmp_path) as store:
        seen = lists(store)
        orders.set_aside(store.connection)
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        free = store.connection.execute("PRAGMA freelist_count").fetchone()[0]
        store.connection.execute("VACUUM")
        store.connection.execute(f"PRAGMA max_page_count = {pages - free + 5}")
        with pytest.raises(StoreError, match="full"):
            store._restore_orders()
    with Store.writing(tmp_path) as store:  # the next scan, with room
        assert set(orders.INDEXES) <= set(indexes(store.connection))
        assert lists(store) == seen


KILLED = """
import os, signal, sys
from pathlib import Path
from screener.results import orders
from screener.results.store import Store
with Store.writing(Path(sys.argv[1])) as store:
    with store.transaction() as connection:
        orders.set_aside(connection)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
def test_after_a_kill_lists_are_whole_and_the_next_scan_brings_them_back(tmp_path):
    build_results(tmp_path, studies=30)
    with Store.reading(tmp_path) as store:
        seen = lists(store)
    killed = subprocess.run([sys.executable, "-c", KILLED, os.fspath(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Store.open(tmp_path) as store:  # a review changes nothing of it
        assert not set(orders.INDEXES) & set(indexes(store.connection))
        assert lists(store) == seen
    with Store.writing(tmp_path) as store:
        assert set(orders.INDEXES) <= set(indexes(store.connection))
        assert lists(store) == seen
