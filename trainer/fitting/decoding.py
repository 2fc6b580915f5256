"""One image to its square, in a process of its own.

Imports no torch: processes are started anew, and would each load it. They are never forked, because
torch has threads by then, and a lock that one of them holds would stay shut in the child for ever.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from screener.reading import pixels
from screener.reading.decode import CRASHED
from screener.reading.limits import PixelError
from screener.study import Outcome, Refusal

SPAWN = get_context("spawn")
TOGETHER = 8
"""Files that a process is handed at once."""
_STOPPING = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Processes that are started meanwhile leave Ctrl-C and SIGTERM to who started them.

    A terminal sends it to all of them; what it would break off is half an import, with a traceback.
    This program hears at the end of it what came meanwhile.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def follow_parent() -> None:
    """End this process when the one that started it is gone, by SIGKILL too."""
    if parent := parent_process():
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def square_of(path: Path, size: int) -> NDArray[np.uint8] | Refusal:
    """(size, size) uint8, or why there is none, whatever the file does to its decoder."""
    try:
        return pixels.square(pixels.load(path), size)
    except PixelError as error:
        return Refusal(path, error.outcome, error.reason)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (decoders in Rust raise what is no Exception)
        reason = f"it could not be read, for an unforeseen {type(error).__name__}"
        return Refusal(path, Outcome.UNREADABLE, reason)


def squares_of(paths: Sequence[Path], size: int) -> Iterator[NDArray[np.uint8] | Refusal]:
    """Decode files in processes of their own, in the order given.

    A file that ends its process, as some decoders do over damaged data, costs itself alone: those
    that the broken pool may have been at are tried again one by one.
    """
    done = 0
    while done < len(paths):
        try:
            for square in _in_parallel(paths[done:], size):
                yield square
                done += 1
        except BrokenProcessPool:
            for path in paths[done : done + TOGETHER]:
                yield _alone(path, size)
                done += 1


def _in_parallel(paths: Sequence[Path], size: int) -> Iterator[NDArray[np.uint8] | Refusal]:
    with ProcessPoolExecutor(mp_context=SPAWN, initializer=follow_parent) as pool:
        with undisturbed():
            decoded = pool.map(partial(square_of, size=size), paths, chunksize=TOGETHER)
        yield from decoded


def _alone(path: Path, size: int) -> NDArray[np.uint8] | Refusal:
    try:
        return next(_in_parallel([path], size))
    except BrokenProcessPool:
        return Refusal(path, Outcome.UNREADABLE, CRASHED)
