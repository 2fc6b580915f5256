"""Grids of one size as grids of another: enlarged linearly, or averaged to coarser cells.

Each side is one matrix, so that a picture is resampled by two products. Numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def enlarging(cells: int, side: int) -> Floats:
    """Between the middles of cells, and flat beyond the outermost: (side, cells)."""
    places = ((np.arange(side) + 0.5) * cells / side - 0.5).clip(0, cells - 1)
    near = np.maximum(1 - np.abs(places[:, None] - np.arange(cells)), 0)
    return np.asarray(near, np.float32)


def averaging(side: int, cells: int) -> Floats:
    """Means of all pixels that a cell touches: (cells, side)."""
    first = np.arange(cells) * side // cells
    last = -(-(np.arange(cells) + 1) * side // cells)
    pixels = np.arange(side)
    within = (first[:, None] <= pixels) & (pixels < last[:, None])
    return np.asarray(within / within.sum(1, keepdims=True), np.float32)


def resampled(grids: NDArray[np.number], side: Floats) -> Floats:
    """Square grids through one matrix along both sides: (N, a, a), (b, a) -> (N, b, b)."""
    return np.asarray(side @ grids.astype(np.float32) @ side.T)
