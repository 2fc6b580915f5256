"""Reads pixels for display, once. Keeps the last few pictures, so that leafing back is instant.

Works in threads and touches no widget; the decoder is imported on first use.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from screener.text import visible
from screener.tui.messages import PictureFailed, PictureLoaded
from screener.tui.picture.presentation import LONGEST_SIDE, reduce

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from textual.widget import Widget

KEPT = 8
"""Pictures in memory, at most 16 MB each."""


def tell_picture(
    asker: Widget, path: Path, *, is_scored: bool = True, longest: int = LONGEST_SIDE
) -> None:
    """Read a radiograph in a worker of the asker's and tell it; what it read before is not told.

    Args:
        asker: who is told.
        path: of the file.
        is_scored: whether it can be read without danger.
        longest: pixels that a side needs to have; drawing fewer is quicker.
    """
    asker.run_worker(
        partial(_tell, asker, path, is_scored, longest),
        group="picture",
        thread=True,
        exclusive=True,
        exit_on_error=False,
    )


def _tell(asker: Widget, path: Path, is_scored: bool, longest: int) -> None:  # noqa: FBT001
    worker = get_current_worker()
    result = read_picture(path, is_scored=is_scored)
    if worker.is_cancelled:
        return
    if isinstance(result, str):
        asker.post_message(PictureFailed(path, result))
    else:
        asker.post_message(PictureLoaded(path, reduce(result, longest)))


def read_picture(path: Path, *, is_scored: bool = True) -> NDArray[np.float32] | str:
    """Read a radiograph as (rows, columns) float32 in [0, 1], or say why it cannot be.

    One without a score is read in a process of its own: it may be refused for what its decoder
    dies of.
    """
    try:
        return (_read if is_scored else _read_apart)(path, path.stat().st_mtime_ns)
    except OSError as error:
        return f"{visible(path.name)}: {error.strerror or 'cannot be read'}"
    except Exception as error:  # noqa: BLE001 (a worker's boundary: whatever a decoder raises)
        return visible(str(error) or type(error).__name__)


@lru_cache(KEPT)
def _read(path: Path, _changed: int) -> NDArray[np.float32]:
    from screener.reading.pixels import load

    return reduce(load(path))


@lru_cache(KEPT)
def _read_apart(path: Path, _changed: int) -> NDArray[np.float32] | str:
    from screener.reading.decode import Limits, gray_apart

    gray = gray_apart(path, Limits())
    return gray if isinstance(gray, str) else reduce(gray)
