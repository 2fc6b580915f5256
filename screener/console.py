"""What the commands share: exit codes, messages on stderr, and data on stdout.

stdout is data, stderr is everything else, and a message is one line. Text from files and people
passes through :func:`screener.text.visible` before it meets a terminal.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn

import click

from screener.errors import DeviceError, ScreenerError, StoreBusyError, WeightsError
from screener.text import visible


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSALS = 3
    UNUSABLE = 4
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "unexpected failure",
    ExitCode.USAGE: "wrong usage or configuration",
    ExitCode.REFUSALS: "finished, but some files could not be scored",
    ExitCode.UNUSABLE: "weights or device unusable",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.TERMINATED: "terminated by the system or a service",
}

EXIT_CODES = "\b\nExit codes:\n" + "\n".join(
    f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()
)
"""The epilogue of every ``--help``."""


def exit_code(error: ScreenerError) -> ExitCode:
    """The exit code of an error a user can meet."""
    if isinstance(error, WeightsError | DeviceError):
        return ExitCode.UNUSABLE
    return ExitCode.FAILED if isinstance(error, StoreBusyError) else ExitCode.USAGE


def note(message: str) -> None:
    """Say something that is not data: one line on stderr."""
    with suppress(BrokenPipeError):  # nobody listens any more; the exit code still tells
        click.echo(visible(" ".join(message.split("\n"))), err=True)


def warn(message: str) -> None:
    """Say what the user should know before trusting the result."""
    note(f"warning: {message}")


def failure(message: str) -> None:
    """Say why the command did not do what it was asked to."""
    note(f"error: {message}")


def say(line: str = "") -> None:
    """Write a line of data to stdout; without colours under NO_COLOR or where it is no terminal."""
    click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


def end(code: ExitCode) -> NoReturn:
    """End the command with an exit code; the caller has said what there is to say."""
    raise click.exceptions.Exit(code)


def forgive_encodings() -> None:
    """Let a terminal without Unicode show escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
