"""Is this a radiograph at all? Cheap checks of one decoded picture, numpy only.

They run where the file is decoded and catch what needs no network: blank, clipped, tiny and
colour pictures, drawings and screenshots. Whether a radiograph shows a chest is the guard's
question.
"""

from __future__ import annotations

import numpy as np

from screener.reading.grayscale import Floats
from screener.reading.pixels import Picture

# Limits with a wide margin: what 2,400 radiographs of five sources reached stands beside each.
SMALLEST_SIDE = 100
"""Pixels; the smallest of them has 197."""
LONGEST_SHAPE = 2.5
"""Long side over short side; at most 1.6 there."""
COLOURFUL = 0.04
"""Mean channel difference; gray films photographed with a colour cast reach 0.015."""
BLANK_RANGE = 0.05
"""Spread between the 1 and 99 percentiles; at least 0.28 there."""
BLACK_SHARE, WHITE_SHARE = 0.65, 0.35
"""Pixels at either end of the scale; at most 0.50 and 0.16 there."""
ONE_GRAY_SHARE = 0.3
"""Pixels of one and the same gray that is not black; at most 0.18 there."""
FLAT_SHARE = 0.6
"""Pixels equal to their neighbours and not black; at most 0.35 there."""

_LEVELS = 256
_ENDS = 3
"""Levels at either end that count as clipped."""
_ROWS = 200
"""Rows that are looked at; more tell nothing more and cost as much as decoding."""
_DARK = 20
"""Levels up to here may be collimator or air, and flat."""


def inspect(picture: Picture) -> str | None:
    """The first reason why a picture is no radiograph, or None."""
    rows, columns = picture.gray.shape
    if min(rows, columns) < SMALLEST_SIDE:
        return f"too small for a radiograph: {columns} x {rows} pixels"
    if max(rows, columns) > LONGEST_SHAPE * min(rows, columns):
        return f"too long and narrow for a chest radiograph: {columns} x {rows} pixels"
    if picture.colour > COLOURFUL:
        return "a colour picture, not a radiograph"
    return _by_gray(picture.gray)


def _by_gray(gray: Floats) -> str | None:
    pairs = _row_pairs(gray)
    low, high = np.percentile(pairs[:, 0, ::2], (1, 99))
    if high - low < BLANK_RANGE:
        return "blank: almost all of it has the same gray"
    levels = np.rint(pairs * (_LEVELS - 1)).astype(np.uint8)
    shares = np.bincount(levels.ravel(), minlength=_LEVELS) / levels.size
    if shares[_DARK:].max() > ONE_GRAY_SHARE or _flat_share(levels) > FLAT_SHARE:
        return "flat areas of one gray, as in a screenshot, plot or drawing"
    if shares[:_ENDS].sum() > BLACK_SHARE:
        return "clipped: most of it is black"
    if shares[-_ENDS:].sum() > WHITE_SHARE:
        return "clipped: much of it is white"
    return None


def _row_pairs(gray: Floats) -> Floats:
    """Neighbouring rows, all of them or in a large picture :data:`_ROWS`: (P, 2, columns)."""
    step = max(2, 2 * (len(gray) // _ROWS))
    return gray[: len(gray) // step * step].reshape(-1, step, gray.shape[1])[:, :2]


def _flat_share(pairs: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Share of the pixels that equal the next ones right and below, dark ones left out."""
    here = pairs[:, 0, :-1]
    flat = (here == pairs[:, 1, :-1]) & (here == pairs[:, 0, 1:]) & (here > _DARK)
    return float(flat.mean())
