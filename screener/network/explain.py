"""Where in the picture the score came from: HiResCAM at a sixteenth of the picture's side.

Each cell's activations times their own gradients (Draelos and Carin, arXiv 2011.08891), at a layer
that still tells places apart: the last one says less than a blob in the middle of the picture
(docs/what-a-score-means.md has the measurement). A map runs from 0 to 1, 1 being its own strongest
cell: maps of two radiographs cannot be compared. It explains the network and outlines no disease;
what it is worth is measured by :mod:`screener.network.proof`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from screener.study import ActivationMap, Proof

Maps = NDArray[np.floating[Any]]

STRIDE = 16
"""Of the layer that is looked at: 10 x 10 cells for 160 pixels."""

FRAME = 0.1
"""Width of the outer frame as a share of each side; a uniform map has 0.36 of its mass there."""


def scaled(raw: Maps) -> Maps:
    """What speaks for the class, from 0 to the map's own maximum as 1: (N, h, w) -> (N, h, w)."""
    kept = np.maximum(raw, 0)
    most = kept.max(axis=(1, 2), keepdims=True)
    return np.asarray(kept / np.maximum(most, np.finfo(kept.dtype).tiny))


def border_share(maps: Maps) -> Maps:
    """Share of each map's mass in the outer 10 % frame: (N, h, w) -> (N,) in [0, 1].

    A coarse cell counts by the part of its area that lies in the frame. An empty map has 0.
    """
    rows, columns = (_inside(length) for length in maps.shape[1:])
    frame = 1 - np.outer(rows, columns)  # (h, w)
    mass = np.maximum(maps.sum(axis=(1, 2)), np.finfo(maps.dtype).tiny)
    return np.asarray((maps * frame).sum(axis=(1, 2)) / mass)


def _inside(cells: int) -> Maps:
    """How much of each of the cells along one side lies within the frame: (cells,) in [0, 1]."""
    edges = np.linspace(0, 1, cells + 1)
    return (np.diff(edges.clip(FRAME, 1 - FRAME)) * cells).clip(0, 1)


def to_activation_map(values: Maps, proof: Proof | None = None) -> ActivationMap:
    """One (h, w) map in [0, 1] as the plain value that is stored and drawn."""
    levels = np.rint(values * 255).astype(np.uint8)
    return ActivationMap(levels.shape[0], levels.shape[1], levels.tobytes(), proof)
