"""One scan at a time on a results folder, by a lock the system frees when its process dies.

A lock file left behind after ``kill -9`` blocks nobody, and worker processes that outlive a scan do
not hold it. The lock belongs to whoever opened it, not to the process: a second one in the same
process, in any thread, is turned away like a stranger's and takes nothing from the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import StoreBusyError, StoreError
from screener.results.files import LOCK

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE = 0.5
"""Seconds to wait, so that a look by :func:`is_held` never turns a scan away."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises:
        StoreBusyError: another scan holds it.
        StoreError: the folder cannot be written.
    """
    from filelock import Timeout

    if not folder.is_dir():  # the library would make it
        raise StoreError(f"{folder}: no such folder; choose one you can write with --output")
    own = _lock(folder)
    try:
        own.acquire(timeout=PATIENCE, poll_interval=0.02)
    except Timeout:
        raise StoreBusyError(
            f"{folder}: another scan is writing here; wait for it or give another --output"
        ) from None
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror}; choose a folder you can write with --output"
        ) from None
    try:
        yield
    finally:
        own.release()


def is_held(folder: Path) -> bool:
    """Whether a scan is writing to the folder now."""
    from filelock import Timeout

    if not (folder / LOCK).exists():
        return False
    look = _lock(folder)
    try:
        look.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written
        return False
    look.release()
    return False


def _lock(folder: Path) -> BaseFileLock:
    # Imported late: the worklist is printed without asking for the lock.
    from filelock import FileLock

    return FileLock(folder.resolve() / LOCK, thread_local=False)
