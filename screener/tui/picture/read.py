"""Reads pixels for display, once. Keeps the last few pictures, so that leafing back is instant.

Called in worker threads; the decoder is imported on first use.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from screener.text import visible
from screener.tui.picture.presentation import reduce

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 8
"""Pictures in memory, at most 16 MB each."""


def read_picture(path: Path) -> NDArray[np.float32] | str:
    """Read a radiograph as (rows, columns) float32 in [0, 1], or say why it cannot be."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        return f"{visible(path.name)}: {error.strerror or 'cannot be read'}"
    except Exception as error:  # noqa: BLE001 (a worker's boundary: whatever a decoder raises)
        return visible(str(error) or type(error).__name__)


@lru_cache(KEPT)
def _read(path: Path, _changed: int) -> NDArray[np.float32]:
    from screener.reading.pixels import load

    return reduce(load(path))
