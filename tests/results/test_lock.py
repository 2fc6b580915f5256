import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from screener.errors import StoreBusyError, StoreError
from screener.results import lock

HOLD = """
import sys, time
from pathlib import Path
from screener.results import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

HOLD_WITH_WORKER = """
import multiprocessing, sys, time
from pathlib import Path
from screener.results import lock
with lock.held(Path(sys.argv[1])):
    worker = multiprocessing.get_context(sys.argv[2]).Process(target=time.sleep, args=(60,))
    worker.start()
    print(worker.pid, flush=True)
    time.sleep(60)
"""

LOOK = """
import sys
from pathlib import Path
from screener.results import lock
print(lock.is_held(Path(sys.argv[1])))
"""


def held_for_others(folder):
    """Whether a process of its own finds the folder locked."""
    look = [sys.executable, "-c", LOOK, str(folder)]
    return subprocess.check_output(look, text=True) == "True\n"


def in_a_thread(act):
    """What ``act`` returns, or the error it raises, in a thread of its own."""
    told = []

    def run():
        try:
            told.append(act())
        except StoreError as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return told[0]


def take(folder):
    with lock.held(folder):
        return "taken"


def test_a_killed_holder_blocks_nobody(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        assert lock.is_held(tmp_path)
        holder.kill()
        holder.wait()
    assert not lock.is_held(tmp_path)
    assert take(tmp_path) == "taken"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_worker_that_outlives_a_killed_holder_does_not_hold(tmp_path, method):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_WITH_WORKER, str(tmp_path), method],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as holder:
        worker = int(holder.stdout.readline())
        holder.kill()
        holder.wait()
        try:
            assert take(tmp_path) == "taken"
        finally:
            os.kill(worker, signal.SIGTERM)  # raises if it is gone


def test_a_second_process_is_turned_away(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(StoreBusyError), lock.held(tmp_path):
            pass
        holder.kill()


def test_a_second_one_in_the_same_process_drops_nothing(tmp_path):
    with lock.held(tmp_path):
        with pytest.raises(StoreBusyError), lock.held(tmp_path):
            pass
        assert held_for_others(tmp_path)
    assert not held_for_others(tmp_path)


def test_a_second_thread_is_turned_away_and_drops_nothing(tmp_path):
    with lock.held(tmp_path):
        assert isinstance(in_a_thread(lambda: take(tmp_path)), StoreBusyError)
        assert in_a_thread(lambda: lock.is_held(tmp_path)) is True
        assert held_for_others(tmp_path)
    assert in_a_thread(lambda: take(tmp_path)) == "taken"


def test_looking_at_it_in_the_holding_process_does_not_free_it(tmp_path):
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)
        assert held_for_others(tmp_path)


def test_constant_looking_turns_no_scan_away(tmp_path):
    over = threading.Event()

    def look():
        while not over.is_set():
            lock.is_held(tmp_path)
            time.sleep(0.001)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    take(tmp_path)
    for looker in lookers:
        looker.start()
    try:
        assert [take(tmp_path) for _ in range(50)] == ["taken"] * 50
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_looking_leaves_nothing_behind(tmp_path):
    assert not lock.is_held(tmp_path)
    assert not lock.is_held(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="--output"), lock.held(tmp_path / "missing"):
        pass
    assert not (tmp_path / "missing").exists()


def test_a_link_to_a_folder_is_the_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with lock.held(tmp_path / "real"):
        assert lock.is_held(tmp_path / "link")
