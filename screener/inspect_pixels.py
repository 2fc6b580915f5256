"""Is this a radiograph at all? Cheap checks of one decoded picture, numpy only.

They run where the file is decoded and catch what needs no network: blank, clipped, tiny and
colour pictures, drawings and screenshots. Whether a radiograph shows a chest is the guard's
question.
"""

from __future__ import annotations

import numpy as np

from screener.grayscale import Floats
from screener.pixels import Picture

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
    low, high = np.percentile(gray[::2, ::2], (1, 99))
    if high - low < BLANK_RANGE:
        return "blank: almost all of it has the same gray"
    levels = np.rint(gray * (_LEVELS - 1)).astype(np.uint8)
    shares = np.bincount(levels.ravel(), minlength=_LEVELS) / levels.size
    if shares[_DARK:].max() > ONE_GRAY_SHARE or _flat_share(levels) > FLAT_SHARE:
        return "flat areas of one gray, as in a screenshot, plot or drawing"
    if shares[:_ENDS].sum() > BLACK_SHARE:
        return "clipped: most of it is black"
    if shares[-_ENDS:].sum() > WHITE_SHARE:
        return "clipped: much of it is white"
    return None


def _flat_share(levels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Share of the pixels that equal the next ones right and below, dark ones left out."""
    here = levels[:-1, :-1]
    flat = (here == levels[1:, :-1]) & (here == levels[:-1, 1:]) & (here > _DARK)
    return float(flat.mean())
