import os
import signal
import subprocess
import sys
import time

import pytest

from screener.whole import in_place_of, replace_file, replace_rows, replace_text
from tests.conftest import posix_only

WRITER = """
import sys
from pathlib import Path
from screener.whole import replace_file
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        replace_file(path, letter * 10_000_000)
"""


def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path):
    path = tmp_path / "log.csv"
    replace_text(path, "whole")
    with pytest.raises(KeyboardInterrupt):
        _stopped_while_writing(path)
    assert path.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_the_rest_of_an_earlier_try_is_written_over(tmp_path):
    (tmp_path / "log.csv.unfinished").write_text("rest of a kill")
    replace_rows(tmp_path / "log.csv", [("a", "b"), (1, "x,y")])
    assert (tmp_path / "log.csv").read_bytes() == b'a,b\n1,"x,y"\n'
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    path = tmp_path / "weights"
    replace_file(path, b"a" * 10_000_000)
    for wait in (0.01, 0.03, 0.05):
        with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as one:
            one.stdout.readline()
            time.sleep(wait)
            one.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert content in (b"a" * 10_000_000, b"b" * 10_000_000)


def test_a_full_disk_leaves_the_old_file_and_takes_no_room(tmp_path, little_room):
    path = tmp_path / "log.csv"
    replace_text(path, "whole")
    with little_room(1000), pytest.raises(OSError, match="too large"):
        replace_text(path, "x" * 2000)
    assert path.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    """After a loss of current a name may be there whose bytes never came."""
    done, sync, rename = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (done.append("bytes"), sync(number)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("name"), rename(*names)))
    replace_text(tmp_path / "log.csv", "whole")
    assert done == ["bytes", "name"]


@posix_only
def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    """As ``/dev/null`` must, whose place a file of root could take."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_text(pipe, "whole")
    assert os.read(reader, 100) == b"whole"
    os.close(reader)
    assert pipe.is_fifo()


@posix_only
def test_a_link_stays_one_and_its_target_is_replaced(tmp_path):
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "weights", tmp_path / "weights"
    target.write_text("old")
    link.symlink_to(target)
    replace_text(link, "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")


def _stopped_while_writing(path):
    with in_place_of(path) as unfinished:
        unfinished.write_text("cu")
        raise KeyboardInterrupt
