"""How a scan is asked to end: SIGINT (Ctrl-C) or SIGTERM, the first kindly, a second at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from screener import console
from screener.console import ExitCode
from screener.program import Terminated

CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}


class Stop:
    """Whether to end, and with which exit code."""

    def __init__(self, words: str) -> None:
        self.code: ExitCode | None = None
        self._words = words

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self.code is not None

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self.is_set():
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        self.code = CODES[signal.Signals(number)]
        console.note(self._words)


@contextmanager
def stoppable(
    words: str = "finishing the batch in work; Ctrl-C again breaks off",
) -> Iterator[Stop]:
    """Take the signals for as long as the work goes on; the first is answered with ``words``."""
    stop = Stop(words)
    before = {number: signal.signal(number, stop.ask) for number in CODES}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
