import os
import signal
import subprocess
import sys

import click
import pytest

from screener.cli.main import COMMANDS, screener
from screener.console import MEANINGS, ExitCode
from screener.errors import (
    ConfigurationError,
    DeviceError,
    StoreBusyError,
    StoreNotFoundError,
    WeightsError,
)
from screener.program import run
from tests.conftest import posix_only


def raising(error: BaseException) -> click.Group:
    group = click.Group("x")

    @group.command()
    def go():
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x.toml: wrong"), ExitCode.USAGE),
        (StoreNotFoundError("here: nothing"), ExitCode.USAGE),
        (StoreBusyError("here: busy"), ExitCode.FAILED),
        (WeightsError("w: damaged"), ExitCode.UNUSABLE),
        (DeviceError("cuda: none"), ExitCode.UNUSABLE),
        (ZeroDivisionError("oh"), ExitCode.FAILED),
    ],
)
def test_an_error_is_one_line_and_a_code(capsys, error, code):
    assert run(raising(error), "x", ["go"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("error: ")
    assert "\x1b" not in err


def test_an_error_of_many_facts_has_a_line_for_each_and_steers_no_terminal(capsys):
    assert run(raising(ConfigurationError("first\nsecond\x1b[2J")), "x", ["go"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "error: first\nerror: second\\x1b[2J\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--debug", "show", "1", "--results", "/nowhere"],
        ["show", "--debug", "1", "--results", "/nowhere"],
        ["weights", "verify", "--debug", "--weights", "/nowhere"],
    ],
)
def test_debug_shows_the_traceback_wherever_it_stands(capsys, arguments):
    assert run(screener, "screener", arguments) in (ExitCode.USAGE, ExitCode.UNUSABLE)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["list", "--nonsense"], ["show"], ["forget"], ["list", "/nowhere"]]
)
def test_wrong_usage_is_one_line_with_the_cure(capsys, arguments):
    assert run(screener, "screener", arguments) == ExitCode.USAGE
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "--help" in message or "screener scan" in message


def test_ctrl_c_is_interrupted(capsys):
    assert run(raising(KeyboardInterrupt()), "x", ["go"]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_an_exit_code_of_a_command_is_passed_on():
    assert run(raising(click.exceptions.Exit(ExitCode.REFUSALS)), "x", ["go"]) == 3


def test_no_command_prints_the_help(capsys):
    assert run(screener, "screener", []) == ExitCode.USAGE
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_every_help_prints_the_exit_codes(capsys, arguments):
    assert run(screener, "screener", [*arguments, "--help"]) == ExitCode.DONE
    text = capsys.readouterr().out
    for code, meaning in MEANINGS.items():
        assert f"{code.value:>3}  {meaning}" in text


def test_the_table_of_commands_says_what_their_help_says(capsys):
    """The table stands in for the commands' own first lines, so that none need be loaded."""
    context = click.Context(screener)
    for name in COMMANDS:
        assert screener.get_command(context, name).help


def test_a_reader_that_stops_early_is_no_failure():
    program = "from screener.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
@posix_only
def test_a_real_ctrl_c_ends_with_130(tmp_path):
    program = (
        "import click, time; from screener.program import run\n"
        "@click.group()\n"
        "def g(): pass\n"
        "@g.command()\n"
        "def go():\n"
        "    print('ready', flush=True); time.sleep(60)\n"
        "raise SystemExit(run(g, 'g', ['go']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
