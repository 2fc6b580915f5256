"""Pictures out of half blocks: each cell shows two square pixels, one above the other.

Works in any terminal with colour, over SSH and inside tmux. Turns pixels into Textual strips and
does nothing else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from numpy.typing import NDArray


def strips(pixels: NDArray[np.uint8]) -> list[Strip]:
    """Turn pixels into lines of half blocks.

    Args:
        pixels: (height, width, 3) uint8; an odd last row is doubled.

    Returns:
        ceil(height / 2) strips, each ``width`` cells wide.
    """
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    packed = pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])  # (height, width)
    return [_strip(cells) for cells in (packed[::2] << 24) | packed[1::2]]


def _strip(cells: NDArray[np.int64]) -> Strip:
    """One line, with equal neighbours joined into one segment."""
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    lengths = np.diff(starts, append=len(cells))
    runs = zip(cells[starts].tolist(), lengths.tolist(), strict=True)
    return Strip([Segment("▀" * length, _style(cell)) for cell, length in runs], len(cells))


@lru_cache(1 << 15)
def _style(cell: int) -> Style:
    return Style(color=_colour(cell >> 24), bgcolor=_colour(cell & 0xFFFFFF))


def _colour(packed: int) -> Color:
    return Color.from_rgb(packed >> 16, packed >> 8 & 0xFF, packed & 0xFF)
