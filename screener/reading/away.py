"""Folders that are away for a while: a share that was unmounted, a server that starts again.

What cannot be read meanwhile is no damaged film. Who decodes waits, and tries again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from screener.remote import RemotePath
from screener.study import Outcome, Refusal

LONGEST = 300.0
"""Seconds to wait for a folder, after which what is in it is refused."""
BETWEEN = 1.0
"""Seconds between two looks."""


def may_be_away(refusal: Refusal) -> bool:
    """Whether a refusal is of the kind that a folder's absence makes: nothing was read."""
    return refusal.outcome is Outcome.UNREADABLE and not refusal.digest


def folder_away(path: Path, folders: Iterable[Path]) -> Path | None:
    """Which of some folders a file is in, if that is not there: gone, silent, or empty.

    An empty one is where a share was.
    """
    own = next((one for one in folders if path.is_relative_to(one.absolute())), path.parent)
    folder = path.parent if own == path else own
    return None if _is_there(folder) else folder


def is_back(folder: Path, stop: Callable[[], bool]) -> bool:
    """Wait for a folder; false if that took too long, or was ended."""
    until = time.monotonic() + LONGEST
    while not (there := _is_there(folder)) and time.monotonic() < until and not stop():
        time.sleep(BETWEEN)
    return there


def _is_there(folder: Path) -> bool:
    try:
        entries = folder.entries() if isinstance(folder, RemotePath) else folder.iterdir()
        return bool(list(islice(entries, 1)))
    except OSError:
        return False
