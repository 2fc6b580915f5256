"""What a map is worth: how far the score falls when the map's own hottest tenth is hidden.

Each map is held against itself moved to other places, so that the comparison has the same shape and
area and differs in nothing but where it lies. A map that does no better than its moved copies
explains nothing and is not to be drawn. Hidden means replaced by a strong blur: gray or black would
be a finding of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from screener.network.grids import averaging, enlarging, resampled

Squares = NDArray[np.uint8]

SHARE = 0.1
"""Part of the picture that is hidden."""

PLACES = ((1 / 3, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3))
"""Where the copies lie: down and to the right, as shares of the side, around the edges."""

COARSE = 4
"""Cells a side that are left of the picture where it is blurred."""

VIEWS = 1 + len(PLACES)
"""Pictures that a proof takes: the map's own tenth hidden, then each copy's."""


def hidden(squares: Squares, maps: NDArray[np.floating]) -> Squares:
    """The pictures that prove a map: hottest tenth hidden, then the same marks at other places.

    Args:
        squares: (N, S, S) uint8.
        maps: (N, h, h), any range.

    Returns:
        (N, VIEWS, S, S) uint8; the first of each picture has the map's own tenth hidden.
    """
    side = squares.shape[-1]
    marked = hottest(maps, side)  # (N, S, S) bool
    copies = [
        np.roll(marked, (round(down * side), round(right * side)), axis=(1, 2))
        for down, right in PLACES
    ]
    masks = np.stack([marked, *copies], axis=1)  # (N, VIEWS, S, S)
    return np.where(masks, blurred(squares)[:, None], squares[:, None])


def hottest(maps: NDArray[np.floating], side: int, share: float = SHARE) -> NDArray[np.bool_]:
    """The strongest part of each map, enlarged: (N, h, h) -> (N, S, S) bool, ``share`` of each."""
    enlarged = resampled(maps, enlarging(maps.shape[-1], side)).reshape(len(maps), -1)
    count = round(share * side * side)
    order = np.argsort(-enlarged, axis=1, kind="stable")[:, :count]
    marked = np.zeros(enlarged.shape, bool)
    np.put_along_axis(marked, order, values=True, axis=1)
    return marked.reshape(-1, side, side)


def blurred(squares: Squares) -> Squares:
    """Nothing but the coarsest light and shade: (N, S, S) uint8 -> (N, S, S) uint8."""
    side = squares.shape[-1]
    coarse = resampled(squares, averaging(side, COARSE))
    return np.rint(resampled(coarse, enlarging(COARSE, side))).astype(np.uint8)
