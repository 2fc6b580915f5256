"""How a program ends: by itself, by a reader who has gone, by a signal, by a full disk."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sample_data.results import build_results
from screener.console import ExitCode
from screener.program import run

posix = pytest.mark.skipif(os.name == "nt", reason="pipes and signals are another matter there")

PROGRAM = """
import click, time
from screener.program import run
@click.group()
def g(): pass
@g.command()
def go():
    print('ready', flush=True)
    time.sleep(60)
raise SystemExit(run(g, 'g', ['go']))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """So many studies that no list of them fits into a pipe."""
    return build_results(tmp_path_factory.mktemp("results") / "results", studies=400)


def read_little(*arguments, program="screener", size=1):
    """Run a command for a reader who soon has had enough; gives its exit code and stderr."""
    command = [sys.executable, "-m", f"{program}.cli.main", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(size)
        process.stdout.close()
        return process.wait(), process.stderr.read()


@posix
@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("option", ["--csv", "--json", "--all"])
def test_a_list_that_nobody_reads_to_its_end_ends_silently(results, option, size):
    assert read_little("list", option, results, size=size) == (ExitCode.DONE, b"")


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["show", "1", "--json"],
        ["config"],
        ["config", "path"],
        ["weights", "list"],
        ["weights", "show", "--json"],
        ["completion", "bash"],
    ],
)
def test_every_command_ends_silently_when_its_reader_has_gone(results, arguments):
    if "show" in arguments and "1" in arguments:
        arguments = [*arguments, "--results", results]
    assert read_little(*arguments, size=0) == (ExitCode.DONE, b"")


@posix
@pytest.mark.parametrize("arguments", [["--help"], ["recipes"], ["recipes", "tiny"]])
def test_so_does_the_trainer(arguments):
    assert read_little(*arguments, program="trainer", size=0) == (ExitCode.DONE, b"")


@posix
def test_a_failure_that_nobody_hears_keeps_its_exit_code():
    command = [sys.executable, "-m", "screener.cli.main", "list", "/nowhere"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        process.stderr.close()
        assert process.wait() == ExitCode.USAGE


@posix
def test_another_broken_pipe_is_a_failure_and_not_silent(capfd):
    @click.group()
    def group():
        pass

    @group.command()
    def send():
        here, there = socket.socketpair()
        there.close()
        with here:
            here.sendall(b"x")

    assert run(group, "x", ["send"]) == ExitCode.FAILED
    assert "unexpected BrokenPipeError" in capfd.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a disk that is always full")
@pytest.mark.parametrize("arguments", [["config"], ["list", "--csv"]])
def test_a_full_disk_is_told_in_one_line(results, arguments):
    where = [str(results)] if "list" in arguments else []
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "screener.cli.main", *arguments, *where],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr


@posix
@pytest.mark.parametrize("option", ["--csv", "--all"])
def test_a_program_started_without_stdout_says_nothing_and_is_done(results, option):
    command = f"exec {sys.executable} -m screener.cli.main list {option} {results} >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (ExitCode.DONE, b"")


signals = pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, "interrupted\n"),
        (signal.SIGTERM, ExitCode.TERMINATED, "terminated\n"),
    ],
)


@posix
@signals
def test_a_signal_ends_with_its_code_and_one_line(number, code, said):
    program = [sys.executable, "-c", PROGRAM]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(program, **pipes, text=True) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == code
        assert process.stderr.read() == said


@posix
@signals
def test_so_does_a_signal_while_a_question_waits(monkeypatch, capsys, number, code, said):
    @click.group()
    def group():
        pass

    @group.command()
    def ask():
        click.confirm("sure?", err=True)

    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda _: signal.raise_signal(number))
    assert run(group, "x", ["ask"]) == code
    assert capsys.readouterr().err.endswith(said)


def test_the_handler_of_sigterm_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    run(click.Group("x"), "x", ["--help"])
    assert signal.getsignal(signal.SIGTERM) is before
