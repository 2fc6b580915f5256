import signal
import subprocess
import sys

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

LOOK = """
import sys
from pathlib import Path
from screener.results import lock
print(lock.is_held(Path(sys.argv[1])))
"""


def test_a_killed_holder_blocks_nobody(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        assert lock.is_held(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert not lock.is_held(tmp_path)
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)


def test_the_same_process_cannot_hold_it_twice(tmp_path):
    with lock.held(tmp_path), pytest.raises(StoreBusyError), lock.held(tmp_path):
        pass


def test_looking_at_it_in_the_holding_process_does_not_free_it(tmp_path):
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)
        look = [sys.executable, "-c", LOOK, str(tmp_path)]
        assert subprocess.check_output(look, text=True) == "True\n"


def test_a_folder_that_is_missing_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="--output"), lock.held(tmp_path / "missing"):
        pass
