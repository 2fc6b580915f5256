"""The terminal the review draws on, kept apart from what libraries write.

C decoders complain on descriptor 2 itself, which is silenced around them; a screen drawn there at
that moment would be silenced too. The review draws on a copy, and 2 leads nowhere meanwhile.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from screener.errors import ConfigurationError

STDERR = 2


def is_page() -> bool:
    """Whether ``--serve`` has started this review for a page of a browser."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def check() -> None:
    """Refuse to draw where nobody can see it or press a key.

    Raises:
        ConfigurationError: there is no terminal, nor the browser's driver.
    """
    if is_page():
        return
    if not all(stream and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
        raise ConfigurationError(
            "review needs a terminal; 'screener list' prints the worklist without one"
        )


@contextmanager
def apart() -> Iterator[None]:
    """Draw on a descriptor of one's own for a while; what is written on 2 goes nowhere."""
    assert sys.__stderr__ is not None
    before, encoding = sys.__stderr__, sys.__stderr__.encoding
    before.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with open(os.dup(STDERR), "w", encoding=encoding, errors="backslashreplace") as own:  # noqa: PTH123
        os.dup2(nowhere, STDERR)
        sys.__stderr__ = sys.stderr = own  # type: ignore[misc]
        resource_tracker.ensure_running()  # it cannot start once Textual's stderr has no descriptor
        try:
            yield
        finally:
            own.flush()
            os.dup2(own.fileno(), STDERR)
            sys.__stderr__ = sys.stderr = before  # type: ignore[misc]
            os.close(nowhere)
