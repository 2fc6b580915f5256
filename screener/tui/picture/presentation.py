"""From a gray radiograph to the few pixels a terminal can show: window, zoom, pan, lines.

Pure functions and one frozen value that the keys change. Never flips and never rotates: a mirrored
chest is a laterality hazard. Knows nothing of widgets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from screener.contours import Box, traced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from screener.contours import Contour

MAX_ZOOM = 16.0
LONGEST_SIDE = 2048
"""Pixels kept of a radiograph: as many as a wide terminal shows at the largest zoom."""

LENS = 3.0
"""Times that the magnifier enlarges what is shown."""
LENS_SIDE = 0.45
"""Side of the magnifier, as a share of the picture's shorter one on screen."""
PRESETS = (
    ("whole", 0.0, 100.0),
    ("lungs", 1.0, 60.0),
    ("mediastinum", 45.0, 99.5),
    ("contrast", 2.0, 98.0),
)
"""Windows by name: percentiles of the film's own grays that become black and white."""

FRAME = 200
"""Gray of the magnifier's frame."""
_STEPS = 128
"""Gray levels sent to the terminal; fewer runs of colour, so fewer bytes over SSH."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a radiograph is shown. Lengths are shares of the gray range or of the picture."""

    window: float = 1.0
    level: float = 0.5
    inverted: bool = False
    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    """Centre of what is seen; 0 is the left or upper edge."""
    lens: tuple[float, float] | None = None
    """What the magnifier is over; None where there is none."""

    def windowed(self, factor: float) -> Self:
        """Widen (factor > 1) or narrow the window."""
        return replace(self, window=min(max(self.window * factor, 0.02), 2.0))

    def levelled(self, step: float) -> Self:
        """Move the window up or down the gray range."""
        return replace(self, level=min(max(self.level + step, 0.0), 1.0))

    def zoomed(self, factor: float) -> Self:
        """Zoom about the centre."""
        return replace(self, zoom=min(max(self.zoom * factor, 1.0), MAX_ZOOM))

    def panned(self, x: float, y: float) -> Self:
        """Move by shares of what is seen, the magnifier if there is one.

        Does nothing where the picture fits.
        """
        if self.lens:
            return self.magnified(self.lens[0] + x / self.zoom, self.lens[1] + y / self.zoom)
        half = 0.5 / self.zoom
        return replace(
            self,
            x=min(max(self.x + x / self.zoom, half), 1.0 - half),
            y=min(max(self.y + y / self.zoom, half), 1.0 - half),
        )

    def magnified(self, x: float, y: float) -> Self:
        """Hold the magnifier over a place of the picture."""
        return replace(self, lens=(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))

    def __str__(self) -> str:
        """The values that must stand beside the picture."""
        words = [f"W {self.window:.0%} L {self.level:.0%}"]
        if self.zoom > 1.0:
            words.append(f"zoom {self.zoom:.1f}x")
        if self.inverted:
            words.append("inverted")
        if self.lens:
            words.append(f"lens {LENS * self.zoom:.1f}x")
        return " · ".join(words)


def reduce(gray: NDArray[np.float32], longest: int = LONGEST_SIDE) -> NDArray[np.float32]:
    """Shrink (rows, columns) so that no side is longer than a preview can use."""
    rows, columns = gray.shape
    factor = longest / max(rows, columns)
    if factor >= 1.0:
        return gray
    return _resize(gray, (round(columns * factor), round(rows * factor)))


def draw(
    gray: NDArray[np.float32],
    shown: Presentation,
    size: tuple[int, int],
    contours: Sequence[Contour] = (),
) -> NDArray[np.uint8]:
    """Draw the seen part of a radiograph.

    Args:
        gray: (rows, columns) in [0, 1], bright is dense.
        shown: Window, zoom and centre.
        size: (width, height) in square pixels; the picture is fitted into it.
        contours: Lines to lay over the picture.

    Returns:
        (height', width', 3) uint8, no larger than ``size``.
    """
    box, scale = seen(gray.shape, shown, size)
    picture = _part(gray, shown, box, scale, contours)
    if shown.lens:
        _lay_lens(picture, gray, shown, box, scale, contours)
    return picture


def seen(shape: tuple[int, ...], shown: Presentation, size: tuple[int, int]) -> tuple[Box, float]:
    """The part of a radiograph that is seen, in its pixels, and screen pixels to each of them."""
    rows, columns = shape
    width, height = size
    scale = min(width / columns, height / rows) * shown.zoom
    seen_x, seen_y = min(columns, width / scale), min(rows, height / scale)
    left = min(max(shown.x * columns - seen_x / 2, 0.0), columns - seen_x)
    top = min(max(shown.y * rows - seen_y / 2, 0.0), rows - seen_y)
    return (left, top, left + seen_x, top + seen_y), scale


def preset(gray: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """Window and level that make percentiles of a film's grays black and white."""
    black, white = (0.0, 1.0) if (low, high) == (0, 100) else np.percentile(gray, (low, high))
    return max(0.02, float(white - black)), float(white + black) / 2


def _part(
    gray: NDArray[np.float32],
    shown: Presentation,
    box: Box,
    scale: float,
    contours: Sequence[Contour],
) -> NDArray[np.uint8]:
    rows, columns = gray.shape
    target = (max(1, round((box[2] - box[0]) * scale)), max(1, round((box[3] - box[1]) * scale)))
    levels = _window(_resize(gray, target, box), shown)
    picture = np.repeat(levels[..., None], 3, axis=2).astype(np.uint8)
    if not contours:
        return picture
    return traced(
        picture, contours, (box[0] / columns, box[1] / rows, box[2] / columns, box[3] / rows)
    )


def _lay_lens(
    picture: NDArray[np.uint8],
    gray: NDArray[np.float32],
    shown: Presentation,
    box: Box,
    scale: float,
    contours: Sequence[Contour],
) -> None:
    """Lay the enlarged part, with a frame, over the place that the magnifier is held over."""
    rows, columns = gray.shape
    height, width = picture.shape[:2]
    side = max(4, round(LENS_SIDE * min(height, width)))
    fine = LENS * scale
    reach = min(side / fine, rows, columns)
    x, y = shown.lens or (0.5, 0.5)
    left = min(max(x * columns - reach / 2, 0.0), columns - reach)
    top = min(max(y * rows - reach / 2, 0.0), rows - reach)
    inset = _part(gray, shown, (left, top, left + reach, top + reach), side / reach, contours)
    inset = inset[: min(side, height), : min(side, width)]
    inset[[0, -1]] = inset[:, [0, -1]] = FRAME
    at_x = round((x * columns - box[0]) * scale - inset.shape[1] / 2)
    at_y = round((y * rows - box[1]) * scale - inset.shape[0] / 2)
    at_x = min(max(at_x, 0), width - inset.shape[1])
    at_y = min(max(at_y, 0), height - inset.shape[0])
    picture[at_y : at_y + inset.shape[0], at_x : at_x + inset.shape[1]] = inset


def _window(gray: NDArray[np.float32], shown: Presentation) -> NDArray[np.float32]:
    lowest = shown.level - shown.window / 2
    bright = np.clip((gray - lowest) / shown.window, 0.0, 1.0)
    levels = 1.0 - bright if shown.inverted else bright
    return np.asarray(np.round(levels * (_STEPS - 1)) * (255.0 / (_STEPS - 1)), np.float32)


def _resize(
    gray: NDArray[np.float32], size: tuple[int, int], box: Box | None = None
) -> NDArray[np.float32]:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(gray, np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box), np.float32)
