"""One scan at a time on a results folder, by a lock the system frees when its process dies.

A lock file left behind after ``kill -9`` blocks nobody. The lock belongs to the process: worker
processes that outlive it do not hold it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from screener.errors import StoreBusyError, StoreError

LOCK_FILE = "screening.lock"
PATIENCE = 0.5
"""Seconds to wait, so that a look by :func:`is_held` never turns a scan away."""

_held: set[Path] = set()
"""Folders this process has locked: the system's lock does not stop a process from itself."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises:
        StoreBusyError: another scan holds it.
        StoreError: the folder cannot be written.
    """
    folder = folder.resolve()
    with _open(folder) as stream:
        deadline = time.monotonic() + PATIENCE
        while folder in _held or not _lock(stream):
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    f"{folder}: another scan is writing here; wait for it or give another --output"
                )
            time.sleep(0.02)
        _held.add(folder)
        try:
            yield
        finally:
            _held.discard(folder)


def is_held(folder: Path) -> bool:
    """Whether a scan is writing to the folder now."""
    folder = folder.resolve()
    if folder in _held:
        return True
    if not (folder / LOCK_FILE).exists():
        return False
    with suppress(StoreError), _open(folder) as stream:
        return not _lock(stream)
    return False


def _open(folder: Path) -> IO[bytes]:
    try:
        return (folder / LOCK_FILE).open("ab")
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror}; choose a folder you can write with --output"
        ) from None


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> bool:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
