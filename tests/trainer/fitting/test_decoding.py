"""The processes that decode: they end with the program that started them, and without a word."""

import os
import signal
import subprocess
import sys
import time

import pytest

from screener.console import ExitCode
from tests.conftest import posix_only

COMMAND = [sys.executable, "-m", "trainer.cli.main", "fit", "tiny", "--backbone-weights", "none"]


def alive(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def children(pid):
    """How many processes another one has started."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid="], check=True, capture_output=True, text=True)
    return listed.stdout.split().count(str(pid))


@pytest.fixture
def decoding(dataset, tmp_path):
    """A fit whose processes are in the middle of their imports, in a group as on a terminal."""
    command = [*COMMAND, "--data", str(dataset), "--run", str(tmp_path / "run")]
    pipes = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, **pipes) as process:
        while process.poll() is None and not list(tmp_path.glob("run/cache/*.unfinished")):
            time.sleep(0.01)
        while process.poll() is None and children(process.pid) < 2:  # one tracks resources
            time.sleep(0.01)
        time.sleep(0.3)  # until a new process has been told what it is for, which no signal may cut
        yield process
        if alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


@posix_only
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, "interrupted"),
        (signal.SIGTERM, ExitCode.TERMINATED, "terminated"),
    ],
)
def test_a_signal_to_all_of_them_is_told_in_one_line(decoding, tmp_path, number, code, word):
    os.killpg(decoding.pid, number)
    said = decoding.communicate()[1]
    run = tmp_path / "run"
    assert said == f"{word}; go on with 'trainer fit --resume {run}'\n"
    assert decoding.returncode == code
    assert list((run / "cache").iterdir()) == []


@posix_only
def test_no_process_outlives_a_kill_of_the_one_that_started_it(decoding):
    decoding.kill()
    decoding.wait()
    for _ in range(300):
        if not alive(decoding.pid):
            return
        time.sleep(0.1)
    pytest.fail("processes are left")
