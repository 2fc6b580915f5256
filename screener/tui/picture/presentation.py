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
        """Move by shares of what is seen; does nothing where the picture fits."""
        half = 0.5 / self.zoom
        return replace(
            self,
            x=min(max(self.x + x / self.zoom, half), 1.0 - half),
            y=min(max(self.y + y / self.zoom, half), 1.0 - half),
        )

    def __str__(self) -> str:
        """The values that must stand beside the picture."""
        words = [f"W {self.window:.0%} L {self.level:.0%}"]
        if self.zoom > 1.0:
            words.append(f"zoom {self.zoom:.1f}x")
        if self.inverted:
            words.append("inverted")
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
    rows, columns = gray.shape
    width, height = size
    scale = min(width / columns, height / rows) * shown.zoom  # screen pixels per picture pixel
    seen_x, seen_y = min(columns, width / scale), min(rows, height / scale)
    left = min(max(shown.x * columns - seen_x / 2, 0.0), columns - seen_x)
    top = min(max(shown.y * rows - seen_y / 2, 0.0), rows - seen_y)
    box = (left, top, left + seen_x, top + seen_y)
    target = (max(1, round(seen_x * scale)), max(1, round(seen_y * scale)))
    levels = _window(_resize(gray, target, box), shown)
    picture = np.repeat(levels[..., None], 3, axis=2).astype(np.uint8)
    if not contours:
        return picture
    part = (box[0] / columns, box[1] / rows, box[2] / columns, box[3] / rows)
    return traced(picture, contours, part)


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
