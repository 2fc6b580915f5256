"""Is this a frontal chest radiograph like those of the training? Distances from what it saw.

Two Gaussians fitted to training radiographs: one of the picture's outlines (histograms of edge
directions, computed here), one of the network's pooled features. Numpy only. It says how unlike a
picture is and whether it is a negative; it does not know what else the picture might show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from screener.card import WeightsCard
from screener.errors import WeightsError

Floats = NDArray[np.float32]
Squares = NDArray[np.uint8]

SIDE = 64
"""Pixels of the thumbnail that outlines are taken from."""
DIRECTIONS = 8
GRIDS = (4, 8)
"""Cells a side, coarse and fine; each cell has one histogram of edge directions."""
COARSE = 16
"""Cells a side in which brightness tells a negative."""

_FAINT = 0.02
"""Edges weaker than this, in gray a pixel, fade from the histograms instead of being amplified."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A Gaussian in few directions and noise in the others (probabilistic PCA)."""

    mean: Floats
    """(D,)"""
    axes: Floats
    """(K, D), orthonormal, strongest first."""
    variances: Floats
    """(K + 1,): along each axis, and last that of the noise along all others."""

    def distance(self, points: Floats) -> Floats:
        """Squared Mahalanobis distance over D, about 1 for training points: (N, D) -> (N,)."""
        centred = points - self.mean
        along = centred @ self.axes.T  # (N, K)
        rest = (centred**2).sum(1) - (along**2).sum(1)
        total = (along**2 / self.variances[:-1]).sum(1) + rest / self.variances[-1]
        return np.asarray(total / self.mean.size, np.float32)

    @classmethod
    def fit(cls, points: Floats, axes: int) -> Self:
        """The Gaussian of (N, D) points that keeps this many axes."""
        mean = points.mean(0)
        _, values, directions = np.linalg.svd(points - mean, full_matrices=False)
        variances = values**2 / len(points)
        noise = variances[axes:].sum() / (points.shape[1] - axes)
        return cls(mean, directions[:axes], np.append(variances[:axes], noise).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Guard:
    """What the weights file and its card say of the training radiographs."""

    outline: Gaussian
    features: Gaussian
    scale: tuple[float, float]
    """Distances of outline and features that count as 1."""
    polarity: Floats
    """(COARSE * COARSE,) mean brightness of the training radiographs."""
    limit: float
    """The largest distance that is accepted."""

    @classmethod
    def from_weights(cls, card: WeightsCard, statistics: Mapping[str, Any]) -> Self | None:
        """The guard of some weights; None when they were saved without one.

        Args:
            card: its ``guard`` holds ``limit`` and ``scale``.
            statistics: arrays or CPU tensors by name, from
                :func:`screener.network.weights.load_guard`.

        Raises:
            WeightsError: statistics are missing, do not fit each other or are no numbers.
        """
        if not statistics and not card.guard:
            return None
        if wrong := _misfits(card, statistics):
            raise WeightsError(
                f"{card.name}: the guard's {', '.join(wrong)} cannot be used; "
                "run 'trainer calibrate' again"
            )
        arrays = {name: np.asarray(value, np.float32) for name, value in statistics.items()}
        outline, features = (
            Gaussian(*(arrays[f"{part}.{name}"] for name in ("mean", "axes", "variances")))
            for part in ("outline", "features")
        )
        scale = (float(card.guard["scale"][0]), float(card.guard["scale"][1]))
        return cls(outline, features, scale, arrays["polarity"], float(card.guard["limit"]))

    def distance(self, squares: Squares, pooled: Floats) -> Floats:
        """The greater of the two distances, each in units of its own scale.

        Args:
            squares: (N, S, S) uint8 as the network got them.
            pooled: (N, C) means of the network's last feature maps.

        Returns:
            (N,) float32; above ``limit`` a picture is refused.
        """
        by_outline = self.outline.distance(outlines(squares)) / self.scale[0]
        by_features = self.features.distance(pooled) / self.scale[1]
        return np.asarray(np.maximum(by_outline, by_features), np.float32)

    def looks_inverted(self, squares: Squares) -> NDArray[np.bool_]:
        """Whether bright and dark are exchanged: (N, S, S) uint8 -> (N,)."""
        return np.asarray(brightness(squares) @ self.polarity < 0)


def _misfits(card: WeightsCard, statistics: Mapping[str, Any]) -> list[str]:
    """What of the guard is missing, of another shape than its kind has, or no finite number."""
    shapes = {name: np.shape(value) for name, value in statistics.items()}
    outline = (DIRECTIONS * sum(grid**2 for grid in GRIDS),)
    wanted = {"polarity": (COARSE**2,), "outline.mean": outline}
    for part in ("outline", "features"):
        width = wanted.get(f"{part}.mean") or shapes.get(f"{part}.mean", ())[:1]
        axes = shapes.get(f"{part}.axes", ())[:1]
        wanted[f"{part}.mean"] = width
        wanted[f"{part}.axes"] = (*axes, *width)
        wanted[f"{part}.variances"] = tuple(number + 1 for number in axes)
    wrong = {name for name, shape in wanted.items() if shapes.get(name) != shape or not shape}
    for name, value in statistics.items():
        numbers = np.asarray(value, np.float32)
        if not np.isfinite(numbers).all() or ("variances" in name and (numbers <= 0).any()):
            wrong.add(name)
    return sorted(wrong) + ([] if card.guard else ["limit"])


def reason(distance: float, limit: float, *, inverted: bool) -> str | None:
    """Why a radiograph at this distance is not scored, or None where it is."""
    if distance <= limit:
        return None
    if inverted:
        return "looks like a negative; score it with --fix-inverted if it is one"
    digits = next((n for n in range(2, 7) if round(distance, n) > round(limit, n)), 7)
    return (
        "not a frontal chest radiograph like those of the training "
        f"(distance {distance:.{digits}f}, limit {limit:.{digits}f})"
    )


def thumbnails(squares: Squares) -> Squares:
    """All that outlines and polarity are taken from: (N, S, S) uint8 -> (N, SIDE, SIDE) uint8."""
    size = (SIDE, SIDE)
    small = [Image.fromarray(square).resize(size, Image.Resampling.BOX) for square in squares]
    return np.stack([np.asarray(image) for image in small])


def outlines(squares: Squares) -> Floats:
    """Histograms of edge directions on a coarse and a fine grid, blind to contrast.

    Args:
        squares: (N, S, S) uint8.

    Returns:
        (N, D) float32; D is DIRECTIONS times the number of cells of both grids.
    """
    gray = thumbnails(squares) / np.float32(255)  # (N, SIDE, SIDE)
    down, right = np.zeros_like(gray), np.zeros_like(gray)
    down[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    right[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    strength = np.hypot(right, down)
    turn: Floats = np.arctan2(down, right) * np.float32(DIRECTIONS / (2 * np.pi)) % DIRECTIONS
    edges = np.stack([strength * _near(turn, way) for way in range(DIRECTIONS)], axis=-1)
    return np.concatenate([_histograms(edges, grid) for grid in GRIDS], axis=1)


def _near(turn: Floats, way: int) -> Floats:
    """Weight of a direction in a histogram's bin: 1 on it, falling to 0 at the next bins."""
    off = np.abs(turn - way)
    return np.asarray(np.maximum(1 - np.minimum(off, DIRECTIONS - off), 0), np.float32)


def _histograms(edges: Floats, grid: int) -> Floats:
    """(N, SIDE, SIDE, DIRECTIONS) -> (N, grid * grid * DIRECTIONS), each grid of equal weight."""
    cell = SIDE // grid
    sums = edges.reshape(len(edges), grid, cell, grid, cell, DIRECTIONS).mean((2, 4))
    norms = np.sqrt((sums**2).sum(-1, keepdims=True) + _FAINT**2)
    weight = GRIDS[-1] / grid
    return np.asarray(np.sqrt(sums / norms).reshape(len(edges), -1) * weight, np.float32)


def brightness(squares: Squares) -> Floats:
    """What is bright and what dark, apart from contrast: mean 0 and deviation 1, blank gives 0.

    (N, S, S) uint8 -> (N, COARSE * COARSE) float32
    """
    cell = SIDE // COARSE
    cells = thumbnails(squares).reshape(-1, COARSE, cell, COARSE, cell).mean((2, 4))
    flat = cells.reshape(len(squares), -1)
    flat -= flat.mean(1, keepdims=True)
    return np.asarray(flat / np.maximum(flat.std(1, keepdims=True), 1e-6), np.float32)
