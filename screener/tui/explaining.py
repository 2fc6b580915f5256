"""Maps of studies that are being looked at, made by ``screener explain`` as a child process.

The review loads no torch and waits for nothing: a worker asks the child, one study at a time, and
who leafs on meanwhile wants the last one only. Draws nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from threading import Lock
from typing import IO, TYPE_CHECKING

from screener.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from screener.study import Option

MAKING = "the map is being computed ..."
TAKEN_OVER = ("weights", "device")
"""Options of a scan with which its maps are made too."""


class Wanted:
    """Which study's maps are wanted, being made, or not to be had. Of the screens' thread."""

    def __init__(self) -> None:
        self._next: str | None = None
        self._making: str | None = None
        self._ended: dict[str, str] = {}
        """Studies that were asked for, and what is said of their maps."""

    def want(self, key: str, *, again: bool) -> None:
        """Want the maps of a study, and of no other that waits.

        Args:
            key: of the study.
            again: also where they could not be made before.
        """
        if key != self._making and (again or key not in self._ended):
            self._next = key

    def begin(self) -> str | None:
        """The study to be explained now; None while another is, or where none is wanted."""
        if self._making is None:
            self._making, self._next = self._next, None
            return self._making
        return None

    def end(self, key: str, reason: str) -> None:
        """A study is explained, or is not for a reason."""
        self._making = None
        self._ended[key] = f"no map: {reason}" if reason else ""

    def forget(self) -> None:
        """What could not be made may be tried again."""
        self._ended.clear()

    def said(self, key: str) -> str:
        """What is to be said of a study's maps; empty where nothing is."""
        return MAKING if key in (self._making, self._next) else self._ended.get(key, "")


class MapMaker:
    """``screener explain -`` beside the review, begun with the first question.

    Args:
        results: the results folder.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._child: _Child | None = None
        self._ended = False
        self._call = Lock()

    def make(self, key: str, options: Mapping[str, Option]) -> str:
        """Have the maps of a study made; blocks, so call it in a worker, one call at a time.

        Args:
            key: of the study.
            options: of the scan that scored it.

        Returns:
            Why one of its radiographs has none; empty where all are stored.
        """
        command = [
            *(sys.executable, "-m", "screener.cli.main", "explain", "-", "--json"),
            *("--results", str(self._results)),
            *(f"--{name}={options[name]}" for name in TAKEN_OVER if name in options),
        ]
        with self._call:
            reason = self._asked(command, key)
            if self._ended or not (self._child and self._child.lives):
                self._part()
        return reason

    def stop(self) -> None:
        """End the child; a call that waits for it returns."""
        self._ended = True
        if self._child:
            self._child.dismiss()
        if self._call.acquire(blocking=False):  # nobody waits who would close what it has open
            self._part()
            self._call.release()

    def _asked(self, command: list[str], key: str) -> str:
        if self._child is None or self._child.command != command:
            self._part()
            try:
                self._child = _Child(command)
            except OSError as error:
                return f"'screener explain' cannot be started ({error.strerror})"
        return "" if self._ended else self._child.explain(key)

    def _part(self) -> None:
        if self._child:
            self._child.close()
        self._child = None


class _Child:
    """One process, which answers for studies until it is ended or cannot go on."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self._complaints = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C meant for the screen must not reach it
        )

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def explain(self, key: str) -> str:
        questions, said = self._process.stdin, self._process.stdout
        assert questions is not None
        assert said is not None
        try:
            questions.write(f"{key}\n")
            questions.flush()
            return next(filter(None, list(_reasons(said, key))), "")
        except (OSError, EOFError, ValueError, LookupError):  # it is gone, or speaks otherwise
            return self._complaint()

    def dismiss(self) -> None:
        """Ask it to go; what it has stored is kept."""
        self._process.terminate()

    def close(self) -> None:
        """See it gone."""
        self.dismiss()
        with self._complaints, suppress(BrokenPipeError):
            self._process.__exit__(None, None, None)  # closes its pipes, and waits

    def _complaint(self) -> str:
        self.dismiss()
        self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().strip().splitlines()
        return visible(lines[-1]) if lines else "'screener explain' ended without a word"


def _reasons(said: IO[str], key: str) -> Iterator[str]:
    """Why radiographs of a study have no map; "" for one that has.

    Raises:
        EOFError: the child ended before the study was done.
    """
    for line in said:
        event = json.loads(line)
        if event["study"] != key:
            continue
        if event["event"] == "StudyExplained":
            return
        yield "" if event["proof"] else event["said"]
    raise EOFError
