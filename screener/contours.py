"""Lines over a radiograph, the same for every face: where they run, their colours, their drawing.

Lines of equal effect on the score, never an area: what lies below stays to be seen. A map that has
no proof, or whose proof fails, gives no lines, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screener.lungs import LungOutline
from screener.study import ActivationMap

Colour = tuple[int, int, int]
"""Red, green, blue."""
Line = tuple[tuple[float, float], ...]
"""Points (x, y) as shares of the picture's width and height, from its upper left."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

SCALE: dict[float, Colour] = {0.35: (217, 70, 160), 0.6: (255, 140, 50), 0.85: (255, 232, 70)}
"""Shares of a map's own maximum, each with its line's colour: the more, the brighter, so that the
order survives gray paper and every colour vision."""

LUNGS: Colour = (80, 200, 255)
"""The lungs' outline: of another hue than the scale, for it says nothing of the score."""

SEAM: Colour = (16, 16, 20)
"""Beside each line where there is room for it: a bright line stays visible over bone."""

_FINE = 8
"""Points for each cell of a map between which a line is straight."""
_SHARP = 300
"""Pixels of a picture's side for each pixel of a line's width."""


@dataclass(frozen=True, slots=True)
class Contour:
    """Lines of one meaning."""

    colour: Colour
    lines: tuple[Line, ...]


def equal_effect(activation: ActivationMap | None) -> tuple[Contour, ...]:
    """The lines of a map, the outermost first; none for a map that is not to be drawn."""
    if activation is None or not activation.drawn:
        return ()
    from contourpy import contour_generator

    field = _smooth(activation)
    y, x = ((np.arange(length) + 0.5) / length for length in field.shape)
    contours = contour_generator(x, y, field)
    found: dict[Colour, Any] = {colour: contours.lines(level) for level, colour in SCALE.items()}
    return tuple(Contour(colour, tuple(map(_line, lines))) for colour, lines in found.items())


def lungs_of(outline: LungOutline | None) -> tuple[Contour, ...]:
    """The outline of the lungs; none where it is not sure enough to be shown."""
    return (Contour(LUNGS, outline.polygons),) if outline and outline.polygons else ()


def _smooth(activation: ActivationMap) -> NDArray[np.float32]:
    """The map between its cells too: (rows, columns) times ``_FINE``, its own maximum as 1."""
    from PIL import Image

    cells = np.frombuffer(activation.values, np.uint8).reshape(activation.rows, activation.columns)
    padded = np.pad(cells.astype(np.float32) / 255, 2, mode="edge")
    size = (activation.columns * _FINE, activation.rows * _FINE)
    box = (2, 2, 2 + activation.columns, 2 + activation.rows)
    return np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC, box=box))


def _line(points: NDArray[np.float64]) -> Line:
    return tuple((float(x), float(y)) for x, y in points)


def traced(
    picture: NDArray[np.uint8], contours: Iterable[Contour], part: Box = WHOLE
) -> NDArray[np.uint8]:
    """A picture with lines over it, as thin as its size allows.

    Args:
        picture: (height, width, 3) uint8.
        contours: what to draw, the last on top.
        part: of the radiograph that the picture shows, as shares of its sides.

    Returns:
        (height, width, 3) uint8, another array.
    """
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    width = max(1, round(max(image.size) / _SHARP))
    drawn = [
        (contour.colour, _placed(line, image.size, part))
        for contour in contours
        for line in contour.lines
    ]
    if width > 1:
        for _, points in drawn:
            pen.line(points, SEAM, width + 2, joint="curve")
    for colour, points in drawn:
        pen.line(points, colour, width, joint="curve")
    return np.array(image)


def _placed(line: Line, size: tuple[int, int], part: Box) -> list[tuple[float, float]]:
    """Shares of the radiograph as pixels of a picture of a part of it."""
    left, top, right, bottom = part
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    return [((x - left) * across - 0.5, (y - top) * down - 0.5) for x, y in line]
