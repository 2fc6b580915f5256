"""Test-time augmentation: how much a score depends on how the film happens to lie.

Small shifts, scales, rotations and changes of contrast; never a flip, because a mirrored chest is
another chest. The same views on every machine and in every run. Numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Squares = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MAX_ROTATION = 5.0
"""Degrees to either side."""
MAX_SHIFT = 0.03
"""Share of the side."""
MAX_SCALE = 0.05
MAX_GAMMA = 0.15
"""Exponents from 0.85 to 1.15 on the gray scale."""

_CHANGES = 5
_RATIO = 1.1347241384015194
"""Root of x^6 = x + 1: its powers spread points evenly in five dimensions (Roberts' R sequence)."""


def views(squares: Squares, count: int) -> Iterator[Squares]:
    """The pictures themselves, then ``count - 1`` slightly changed copies of them.

    Args:
        squares: (N, S, S) uint8.
        count: number of views, at least 1.

    Yields:
        (N, S, S) uint8.
    """
    yield squares
    gray = squares.astype(np.float32) / np.float32(255)
    for index in range(1, count):
        rotation, scale, right, down, contrast = _places(index)
        moved = _sampled(gray, _matrix(rotation, scale, right, down))
        changed = moved.clip(0, 1) ** np.float32(1 + MAX_GAMMA * contrast)
        yield np.rint(changed * 255).astype(np.uint8)


def mean_and_spread(probabilities: Doubles, target: int) -> tuple[Doubles, Doubles]:
    """Mean over the views, and the standard deviation of the target over them.

    Args:
        probabilities: (views, N, classes).
        target: index of the class that makes the score.

    Returns:
        (N, classes) and (N,); the spread of one view alone is 0.
    """
    return np.asarray(probabilities.mean(0)), np.asarray(probabilities[:, :, target].std(0))


def _sampled(gray: Floats, matrix: Doubles) -> Floats:
    """Pictures seen through a map of coordinates, linearly between pixels, edges repeated.

    Args:
        gray: (N, S, S) float32.
        matrix: (2, 3) from a view's x and y, -1 to 1, to the picture's.
    """
    side = gray.shape[-1]
    steps = (2 * np.arange(side) + 1) / side - 1
    x, y = np.meshgrid(steps, steps)
    across, along = (((row @ (x.ravel(), y.ravel(), np.ones(x.size)) + 1) * side - 1) / 2
                     for row in matrix)  # fmt: skip
    column, row = (place.clip(0, side - 1).reshape(side, side) for place in (across, along))
    left, top = (np.minimum(place.astype(int), side - 2) for place in (column, row))
    to_right, to_bottom = (column - left).astype(np.float32), (row - top).astype(np.float32)
    above, below = (
        gray[:, line, left] * (1 - to_right) + gray[:, line, left + 1] * to_right
        for line in (top, top + 1)
    )
    return np.asarray(above * (1 - to_bottom) + below * to_bottom)


def _places(index: int) -> list[float]:
    """Where a view lies in the range of each change, from -1 to 1."""
    return [2 * ((index / _RATIO**power) % 1) - 1 for power in range(1, _CHANGES + 1)]


def _matrix(rotation: float, scale: float, right: float, down: float) -> Doubles:
    """The (2, 3) map from a view's coordinates, -1 to 1, to the picture's."""
    angle = math.radians(MAX_ROTATION * rotation)
    size = 1 + MAX_SCALE * scale
    cosine, sine = size * math.cos(angle), size * math.sin(angle)
    shift = 2 * MAX_SHIFT
    return np.array([[cosine, -sine, shift * right], [sine, cosine, shift * down]])
