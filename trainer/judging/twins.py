"""Pairs of images that are the same picture, whatever was done to their size and compression.

A perceptual hash proposes pairs and the correlation of thumbnails decides: all chests look alike to
the hash alone (on covidx-v1 it calls 10,840 pairs near where 35 are the same picture).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.judging.shortcuts import Thumbnails
from trainer.manifest import Entry

NEAR = 8
"""Bits of 64 in which the perceptual hashes of twins may differ."""
ALIKE = 0.98
"""Least correlation of twins' thumbnails; of unlike chests 1 in 10,000 reaches 0.956."""

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Twins:
    """Two entries with the same picture."""

    one: Entry
    other: Entry
    correlation: float

    @property
    def across(self) -> bool:
        """They are in different splits."""
        return self.one.split != self.other.split

    def __str__(self) -> str:
        one, other = self.one, self.other
        return f"{one.image.name} ({one.split}) and {other.image.name} ({other.split})"


def twins(thumbs: Thumbnails) -> list[Twins]:
    """All pairs of the same picture, in the order of entries; memory grows with N alone."""
    return list(_pairs(thumbs))


def _pairs(thumbs: Thumbnails) -> Iterator[Twins]:
    if not thumbs.entries:
        return
    hashes = _hashes(thumbs.squares)
    looks = thumbs.squares.reshape(len(hashes), -1).astype(np.float32)
    looks -= looks.mean(axis=1, keepdims=True)
    looks /= np.maximum(1e-6, np.linalg.norm(looks, axis=1, keepdims=True))
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        near = hashes[rows] @ hashes.T >= 64 - 2 * NEAR  # the product is 64 - 2 x differing bits
        alike = looks[rows] @ looks.T
        for row, other in np.argwhere(near & (alike >= ALIKE)):
            if other > row + start:
                correlation = min(1.0, float(alike[row, other]))
                yield Twins(thumbs.entries[row + start], thumbs.entries[other], correlation)


def _hashes(squares: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Perceptual hashes as (N, 64) of -1 and 1."""
    import imagehash

    bits = [imagehash.phash(Image.fromarray(square)).hash.ravel() for square in squares]
    return np.where(bits, np.float32(1), np.float32(-1))
