"""From a map of chances to what is said of two lungs: outline, areas, tilt, cut edges.

Numpy and contourpy only. It measures shapes; it does not know what else might look like a lung,
which is why the confidence comes with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screener.lungs import LungFields, LungOutline, Polygon, lung_marks

Levels = NDArray[np.uint8]
Floats = NDArray[np.float64]

EVEN = 127.5
"""The level of an even chance."""
SMALLEST = 0.01
"""Share of the film below which a piece is no lung."""
APART = 0.15
"""Share of the film's width by which the middles of two lungs lie apart at least."""
EDGE = 0.06
"""Share of an edge along which a lung must touch it to be cut off by it.

Of 93 held-out films 1 to 3 touch an edge so; cropped through a lung, 82 to 93 do."""
SLACK = 0.02
"""By how much a side alone may be less sure than the whole.

Of 1,200 films of adults 9 are sure as a whole and not so on one side: a lung that is white or cut
off, an outline that runs into the abdomen. Of 16 drawn chests with one white lung 13 are."""
WIDEST = 0.125
"""Largest spread across of one lung, a standard deviation as a share of the film's width.

Of 1,791 frontal films one had a broader piece (both lungs run together); of 7 lateral ones 5 had,
and these were outlined as sharply as frontal ones are."""
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class _Piece:
    """One closed outline with its moments."""

    corners: Floats
    """(K, 2) x and y as shares of the film."""
    area: float
    middle: Floats
    """(2,)"""
    spread: Floats
    """(2, 2) second moments about the middle, divided by the area."""


def fields(
    levels: Levels, confidence: float, least: float, halves: Sequence[float] = (1.0, 1.0)
) -> LungFields:
    """What a map says of the lungs.

    Args:
        levels: (rows, columns) uint8, 255 surely lung.
        confidence: of the map as a whole; lowered where a piece is broader than a lung can be.
        least: confidence below which no outline is given.
        halves: confidence in its left and in its right half; a lung in one that is less sure by
            more than :data:`SLACK` is left out.
    """
    pieces = _pieces(levels)
    confidence *= _plausible(pieces)
    sides = _sides(pieces)
    shown: list[_Piece] = []
    if confidence >= least:
        sides = [
            side if sure >= least - SLACK else [] for side, sure in zip(sides, halves, strict=True)
        ]
        shown = [piece for side in sides for piece in side]
    left, right = (sum(piece.area for piece in side) for side in sides)
    rows, columns = levels.shape
    return LungFields(
        rows=rows,
        columns=columns,
        values=levels.tobytes(),
        areas=(round(left, _DECIMALS), round(right, _DECIMALS)),
        confidence=round(confidence, _DECIMALS),
        outline=tuple(_polygon(piece) for piece in shown),
        tilt=round(_tilt(sides), 1),
        cut=_cut(levels),
    )


def _pieces(levels: Levels) -> list[_Piece]:
    """Everything as large as a lung can be, the largest first; holes are not cut out."""
    from contourpy import contour_generator

    rows, columns = levels.shape
    padded = np.pad(levels.astype(float), 1)  # closes what the film's edge cuts off
    x = (np.arange(columns + 2) - 0.5) / columns
    y = (np.arange(rows + 2) - 0.5) / rows
    lines: list[Any] = contour_generator(x, y, padded).lines(EVEN)  # type: ignore[assignment]
    pieces = [_piece(np.clip(line, 0, 1)) for line in lines]
    found = [piece for piece in pieces if piece and piece.area >= SMALLEST]
    return sorted(found, key=lambda piece: -piece.area)


def _piece(corners: Floats) -> _Piece | None:
    """Area and moments of a polygon by Green's theorem; None for a hole, which runs the other way.

    contourpy keeps what is higher on the left of a line, so around it anticlockwise as x and y go.
    """
    (x, y), (u, v) = corners[:-1].T, corners[1:].T
    cross = x * v - u * y
    area = cross.sum() / 2
    if area <= 0:
        return None
    middle = np.array([((x + u) * cross).sum(), ((y + v) * cross).sum()]) / (6 * area)
    xx = ((x * x + x * u + u * u) * cross).sum() / (12 * area)
    yy = ((y * y + y * v + v * v) * cross).sum() / (12 * area)
    xy = ((x * v + 2 * x * y + 2 * u * v + u * y) * cross).sum() / (24 * area)
    spread = np.array([[xx, xy], [xy, yy]]) - np.outer(middle, middle)
    return _Piece(corners, float(area), middle, spread)


def _sides(pieces: list[_Piece]) -> list[list[_Piece]]:
    """The pieces at the picture's left and at its right, parted between the two largest."""
    two = [float(piece.middle[0]) for piece in pieces[:2]]
    parted = len(two) == 2 and abs(two[0] - two[1]) >= APART
    line = sum(two) / 2 if parted else 0.5
    left = [piece for piece in pieces if piece.middle[0] < line]
    return [left, [piece for piece in pieces if piece.middle[0] >= line]]


def _plausible(pieces: list[_Piece]) -> float:
    """1 where no piece is broader than a lung, less the broader one is; 0 where there is none."""
    if not pieces:
        return 0.0
    broadest = max(float(piece.spread[0, 0]) for piece in pieces) ** 0.5
    return float(min(1.0, WIDEST / broadest))


def _tilt(sides: list[list[_Piece]]) -> float:
    """Mean lean of the long axes of the two largest pieces, one a side, in degrees clockwise.

    Upright lungs lean towards each other by the same angle, so that the mean of both is the film's.
    """
    if not all(sides):
        return 0.0
    leans = []
    for side in sides:
        (xx, xy), (_, yy) = side[0].spread
        leans.append(np.degrees(np.arctan2(2 * xy, yy - xx)) / 2)
    return -float(np.mean(leans))


def _cut(levels: Levels) -> tuple[str, ...]:
    edges = {"top": levels[0], "bottom": levels[-1], "left": levels[:, 0], "right": levels[:, -1]}
    return tuple(name for name, edge in edges.items() if (edge > EVEN).mean() > EDGE)


def _polygon(piece: _Piece) -> Polygon:
    return tuple((float(x), float(y)) for x, y in np.round(piece.corners, _DECIMALS))


def levels_of(found: LungFields) -> Levels:
    """The stored map as an array, (rows, columns) uint8."""
    return np.frombuffer(found.values, np.uint8).reshape(found.rows, found.columns)


def inside(found: LungFields, rows: int, columns: int) -> Floats:
    """How much of each cell of a grid over the film lies within the lungs: (rows, columns)."""
    lungs = (levels_of(found) > EVEN).astype(float)
    across = _overlap(columns, found.columns)
    return np.asarray(_overlap(rows, found.rows) @ lungs @ across.T)


def _overlap(cells: int, finer: int) -> Floats:
    """Share of each cell along one side that each of the others covers: (cells, finer)."""
    ours, theirs = np.linspace(0, 1, cells + 1), np.linspace(0, 1, finer + 1)
    low = np.maximum(ours[:-1, None], theirs[None, :-1])
    high = np.minimum(ours[1:, None], theirs[None, 1:])
    return np.asarray(np.maximum(high - low, 0) * cells)


def share_inside(weights: NDArray[Any], found: LungFields) -> float:
    """Share of a map's mass that lies within the lungs, 0 to 1; 0 for an empty map.

    Args:
        weights: (rows, columns) of any size over the whole film, none negative.
        found: the lungs.
    """
    mass = float(weights.sum())
    if mass <= 0:
        return 0.0
    return float((weights * inside(found, *weights.shape)).sum() / mass)


def outlined(found: LungFields, weights: NDArray[Any]) -> LungOutline:
    """What is kept of the lungs of a radiograph with a map.

    Args:
        found: the lungs.
        weights: the map, (rows, columns) over the whole film, none negative.
    """
    both = bool(found.outline) and min(found.areas) > 0
    within = share_inside(weights, found) if both and weights.any() else None
    return LungOutline(found.outline, found.confidence, lung_marks(found), within)
