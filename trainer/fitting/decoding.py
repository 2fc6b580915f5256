"""One image to its square, in a process of its own.

Imports no torch: processes are started anew, and would each load it. They are never forked, because
torch has threads by then, and a lock that one of them holds would stay shut in the child for ever.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from screener.reading import pixels
from screener.reading.limits import PixelError

SPAWN = get_context("spawn")
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


def decode(path: Path, size: int) -> NDArray[np.uint8] | str:
    """(size, size) uint8, or in words why there is none."""
    try:
        return pixels.square(pixels.load(path), size)
    except PixelError as error:
        return error.reason
