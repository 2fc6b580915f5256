"""The results folder as every command takes it, and every command on every kind of broken one."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sample_data.results import build_results
from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run
from screener.results import opening
from screener.results.files import DATABASE
from tests.conftest import REPOSITORY

READING = {
    "list": ("list",),
    "show": ("show", "1"),
    "report": ("report",),
    "export": ("export",),
}
WRITING = {
    "forget": ("forget", "1", "--yes"),
    "review": ("review",),
    "scan": ("scan", str(REPOSITORY / "sample_data" / "studies")),
}
EVERY = {**READING, **WRITING}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("whole"), studies=12)


@pytest.fixture
def call(capfd):
    """Run a command; gives its exit code, stdout and stderr."""

    def called(*arguments: object) -> tuple[int, str, str]:
        code = run(screener, "screener", [str(a) for a in arguments])
        return code, *capfd.readouterr()

    return called


@pytest.mark.parametrize("command", [*READING, "forget"])
@pytest.mark.parametrize("before", [(), ("--results",)])
def test_the_results_folder_is_taken_at_the_end_or_by_its_name(call, tmp_path, command, before):
    results = build_results(tmp_path / "results", studies=3)
    code, _, err = call(*EVERY[command], *before, results)
    assert code == ExitCode.DONE, err


def test_where_no_study_is_meant_the_folder_may_stand_alone(call, tmp_path):
    results = build_results(tmp_path / "results", studies=3)
    code, out, _ = call("show", "--review", results)
    assert (code, "of 3 studies reviewed" in out) == (0, True)
    assert call("forget", "--all", "--yes", results)[0] == 0
    assert "0 studies, 0 files" in call("list", results)[1]


@pytest.mark.parametrize("command", [*READING, "forget"])
def test_the_results_folder_is_given_once(call, whole, command):
    code, _, err = call(*EVERY[command], whole, "--results", whole)
    assert (code, err.count("\n")) == (ExitCode.USAGE, 1)
    assert "once" in err


@pytest.mark.parametrize("command", READING)
def test_the_setting_is_the_folder_of_every_command(call, whole, command, monkeypatch):
    monkeypatch.setenv("SCREENER_RESULTS", str(whole))
    assert call(*EVERY[command])[0] == ExitCode.DONE


def missing(folder: Path, _: Path) -> None:
    folder.mkdir()


def zero_bytes(folder: Path, _: Path) -> None:
    folder.mkdir()
    (folder / DATABASE).touch()


def cut(folder: Path, whole: Path) -> None:
    folder.mkdir()
    content = (whole / DATABASE).read_bytes()
    (folder / DATABASE).write_bytes(content[: len(content) // 3])


def foreign(folder: Path, _: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("CREATE TABLE invoices (study, amount)")
        connection.execute("PRAGMA user_version = 2")


def foreign_without_a_version(folder: Path, _: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("CREATE TABLE study (key)")


def newer(folder: Path, _: Path) -> None:
    build_results(folder, studies=1)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("PRAGMA user_version = 99")


def no_database(folder: Path, _: Path) -> None:
    folder.mkdir()
    (folder / DATABASE).write_bytes(b"\x89PNG\r\n" * 1000)


def folder_in_its_place(folder: Path, _: Path) -> None:
    (folder / DATABASE).mkdir(parents=True)


def file_as_folder(folder: Path, _: Path) -> None:
    folder.write_text("not a folder")


BROKEN = {
    missing: "no results",
    zero_bytes: "no results",
    cut: "move the file away and scan again",
    foreign: "database of another program",
    foreign_without_a_version: "database of another program",
    newer: "use a newer screener",
    no_database: "move the file away and scan again",
    folder_in_its_place: "not a file",
    file_as_folder: "is a file",
}
CAN_BE_SCANNED_INTO = (missing, zero_bytes)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda function: function.__name__)
@pytest.mark.parametrize("command", EVERY)
def test_broken_results_are_told_in_one_line_and_left_alone(call, whole, tmp_path, command, broken):
    if command == "scan" and broken in CAN_BE_SCANNED_INTO:
        pytest.skip("a scan makes results of it")
    folder = tmp_path / "results"
    broken(folder, whole)
    path = folder / DATABASE
    before = path.read_bytes() if path.is_file() else b""
    code, out, err = call(*EVERY[command], "--results", folder)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.count("\n") == 1
    assert BROKEN[broken] in err
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize("command", EVERY)
def test_locked_results_are_told_to_be_busy(call, tmp_path, command, monkeypatch):
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    folder = build_results(tmp_path / "results", studies=1)
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        code, out, err = call(*EVERY[command], "--results", folder)
    assert (code, out, err.count("\n")) == (ExitCode.FAILED, "", 1)
    assert "locked by another program" in err


PROGRAM = "from screener.cli.main import main; main()"
UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Starts a program that root's rights over every file's mode do not help."""


def unprivileged(*arguments: object) -> tuple[int, str, str]:
    """A command run by a user whom the modes of files hold back."""
    start = UNPRIVILEGED if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*start, sys.executable, "-c", PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    return done.returncode, done.stdout, done.stderr


needs_modes = pytest.mark.skipif(
    os.name == "nt" or (os.geteuid() == 0 and not shutil.which("setpriv")),
    reason="needs modes of files that hold one back",
)


@pytest.fixture
def locked_up(tmp_path):
    """Results whose modes a test may change; changed back at its end."""
    folder = build_results(tmp_path / "results", studies=3)
    yield folder
    folder.chmod(0o755)


@needs_modes
@pytest.mark.parametrize("command", ["list", *WRITING])
@pytest.mark.parametrize("what", ["folder", "database"])
def test_results_one_may_not_read_are_told_in_one_line(locked_up, command, what):
    (locked_up if what == "folder" else locked_up / DATABASE).chmod(0)
    code, out, err = unprivileged(*EVERY[command], "--results", locked_up)
    assert (code, out, err.count("\n")) == (ExitCode.USAGE, "", 1)
    assert "permission" in err or "not readable" in err


@needs_modes
@pytest.mark.parametrize("command", READING)
def test_results_one_may_not_write_can_be_read_and_stay_as_they_are(locked_up, tmp_path, command):
    (locked_up / DATABASE).chmod(0o444)
    locked_up.chmod(0o555)
    before = {file.name: file.read_bytes() for file in locked_up.iterdir()}
    written = ["-o", tmp_path / "file"] if command in ("report", "export") else []
    code, _, err = unprivileged(*EVERY[command], *written, locked_up)
    assert (code, err) == (ExitCode.DONE, "")
    assert {file.name: file.read_bytes() for file in locked_up.iterdir()} == before


@needs_modes
@pytest.mark.parametrize("command", WRITING)
def test_who_may_not_write_is_told_so_in_one_line(locked_up, command):
    locked_up.chmod(0o555)
    code, out, err = unprivileged(*EVERY[command], "--results", locked_up)
    assert (code, out, err.count("\n")) == (ExitCode.USAGE, "", 1)
    assert "cannot be written" in err
