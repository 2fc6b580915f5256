"""One image to its square, in a process of its own.

Imports no torch: processes are started anew, and would each load it. They are never forked, because
torch has threads by then, and a lock that one of them holds would stay shut in the child for ever.
"""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screener.reading import pixels
from screener.reading.limits import PixelError

SPAWN = get_context("spawn")


def decode(path: Path, size: int) -> NDArray[np.uint8] | str:
    """(size, size) uint8, or in words why there is none."""
    try:
        return pixels.square(pixels.load(path), size)
    except PixelError as error:
        return error.reason
