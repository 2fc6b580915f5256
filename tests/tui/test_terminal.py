"""The real command in a real terminal (tmux)."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from screener.results.files import DATABASE
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import Band, Verdict
from tests.conftest import REPOSITORY

REVIEW = [sys.executable, "-m", "screener.cli.main", "review"]
PATIENCE = 60.0
"""Seconds to wait for what usually takes one."""


class Terminal:
    """A tmux session of its own."""

    def __init__(self, folder, width, height):
        self._tmux = ["tmux", "-f", os.devnull, "-S", str(folder / "tmux.socket")]
        self._size = ["-x", str(width), "-y", str(height)]

    def run(self, command, folder):
        self._call("new-session", "-d", "-s", "t", *self._size, "-c", str(folder), command)

    def press(self, *keys):
        self._call("send-keys", "-t", "t", *keys)

    def screen(self):
        return self._call("capture-pane", "-p", "-t", "t")

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while text not in (screen := self.screen()):
            assert time.monotonic() < end, f"{text!r} did not come:\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self):
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _call(self, *arguments):
        command = [*self._tmux, *arguments]
        # without the LINES and COLUMNS that readline exports behind os.environ
        pipes = {"env": os.environ, "capture_output": True, "text": True}
        return subprocess.run(command, check=True, **pipes).stdout


@pytest.fixture
def terminal(tmp_path_factory):
    """A terminal of 100 x 30 cells."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    opened = Terminal(tmp_path_factory.mktemp("t"), 100, 30)
    yield opened
    opened.close()


def command(*arguments):
    return " ".join([*REVIEW, *map(str, arguments)]) + "; echo left with $?; sleep 60"


def test_review_in_a_terminal(terminal, results, stored):
    terminal.run(command(results, "--reviewer", "ewa"), REPOSITORY)
    terminal.wait_for("10 of 40 reviewed")
    terminal.press("u", "Enter")
    terminal.wait_for("preview, not for diagnosis")
    terminal.press("a")
    terminal.wait_for("11 of 40 reviewed")
    terminal.press("z")
    terminal.wait_for("10 of 40 reviewed")
    terminal.press("a")
    terminal.wait_for("11 of 40 reviewed")
    terminal.press("q")
    terminal.wait_for("left with 0")
    reviews = [review for key in stored.listed() for review in stored.study(key).reviews]
    assert [r.verdict for r in reviews if r.reviewer == "ewa"] == [
        Verdict.AGREE,
        None,
        Verdict.AGREE,
    ]


def test_results_damaged_below_the_screen_end_the_review_in_one_line(terminal, results, stored):
    last = stored.listed()[-1]
    with closing(sqlite3.connect(results / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE study SET sex = x'00' WHERE key = ?", (last,))
    terminal.run(command(results), REPOSITORY)
    terminal.wait_for("left with 2")
    screen = "".join(terminal.screen().splitlines())
    assert "sex is no text); move the file away and scan again" in screen
    assert "Traceback" not in screen


def test_picture_reaches_the_terminal(terminal, results, stored):
    key_presses = len(stored.listed(Filter(bands=(Band.UNSCORED,))))
    terminal.run(command(results), REPOSITORY)
    terminal.wait_for("10 of 40 reviewed")
    terminal.press(*["j"] * key_presses, "Enter")
    terminal.wait_for("▀▀▀")


def pid_of(terminal):
    """The review's process: the child of the pane's shell."""
    shell = terminal._call("list-panes", "-t", "t", "-F", "#{pane_pid}").strip()
    return int(subprocess.check_output(["pgrep", "-P", shell], text=True))


def test_sigterm_leaves_the_terminal_as_it_was_with_its_exit_code(terminal, results, stored):
    terminal.run(command(results, "--reviewer", "ewa"), REPOSITORY)
    terminal.wait_for("10 of 40 reviewed")
    terminal.press("u", "a")
    terminal.wait_for("11 of 40 reviewed")
    os.kill(pid_of(terminal), signal.SIGTERM)
    screen = terminal.wait_for("left with 143")
    assert "reviewed" not in screen
    assert any(r.reviewer == "ewa" for key in stored.listed() for r in stored.study(key).reviews)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_it_draws_on_another_descriptor_than_libraries_write_on(terminal, results):
    terminal.run(command(results), REPOSITORY)
    terminal.wait_for("10 of 40 reviewed")
    assert Path(f"/proc/{pid_of(terminal)}/fd/2").readlink() == Path(os.devnull)


def test_without_a_terminal_it_is_refused_at_once(results):
    before = sorted(results.iterdir())
    done = subprocess.run(
        [*REVIEW, str(results)], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: review needs a terminal")
    assert sorted(results.iterdir()) == before


DRAWING = """
import os, sys, threading
from screener.reading.jpeg12 import silent_stderr
from screener.tui import terminal
with terminal.apart():
    with silent_stderr():
        os.write(2, b"noise")
        print("drawn", file=sys.__stderr__, flush=True)
    os.write(2, b"noise")
    print("told", file=sys.stderr)
os.write(2, b"after")
"""


def test_what_is_drawn_while_a_decoder_is_silenced_arrives():
    done = subprocess.run([sys.executable, "-c", DRAWING], capture_output=True, text=True)
    assert done.stderr == "drawn\ntold\nafter"


def test_folder_without_anything_is_refused(tmp_path):
    done = subprocess.run([*REVIEW, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "screener scan" in done.stderr


def test_review_loads_neither_torch_nor_reportlab():
    code = (
        "import sys, screener.tui.app, screener.cli.review;"
        "print({'torch', 'reportlab', 'pydicom', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_scan_offered_followed_and_reviewed(terminal, tmp_path, monkeypatch, phantoms, weights):
    monkeypatch.setenv("SCREENER_WEIGHTS", str(weights))
    terminal.run(command(phantoms, "-o", "out"), tmp_path)
    terminal.wait_for("y or enter yes")
    terminal.press("y")
    terminal.wait_for("Scan ")
    terminal.wait_for("● ROUTINE")
    terminal.press("u", "a", "q")
    terminal.wait_for("left with 0")
    with Store.open(tmp_path / "out") as store:
        assert Worklist(store).counts().reviewed == 1


READ_APART = """
import sys
from pathlib import Path
from screener.reading.decode import Limits, gray_apart
from screener.tui import terminal

class Captured:
    def fileno(self):
        return -1  # as of the stderr that Textual puts in place

if __name__ == "__main__":
    with terminal.apart():
        sys.stderr = Captured()
        print(gray_apart(Path(sys.argv[1]), Limits()))
"""


def test_a_film_is_read_in_a_process_of_its_own_while_the_review_draws():
    damaged = REPOSITORY / "sample_data" / "studies" / "12-damaged" / "pa.dcm"
    command = [sys.executable, "-c", READ_APART, str(damaged)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert "damaged or cut short" in done.stdout
