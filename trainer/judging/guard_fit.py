"""Fit the guard's statistics on training radiographs and its limit on validation ones.

Each source counts the same, whatever its number of images, so that children of one hospital do
not define what a chest looks like. Sees no picture that is not a chest: the limit is what 99 % of
the validation radiographs keep to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from screener.network.guard import Gaussian, Guard, brightness, outlines

Floats = npt.NDArray[np.float32]

OUTLINE_AXES = 16
FEATURE_AXES = 64
ACCEPTED = 99.0
"""Percentage of all validation radiographs within the limit."""
ACCEPTED_OF_SOURCE = 98.0
"""And of each source's, so that a small hospital is not refused for being rare."""
FEWEST_OF_SOURCE = 40
"""Sources with fewer validation images have no say in the limit."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guard needs to know of some radiographs."""

    squares: npt.NDArray[np.uint8]
    """(N, S, S)"""
    pooled: Floats
    """(N, C) means of the last feature maps."""
    sources: tuple[str, ...]


def fit(train: Seen, val: Seen) -> Guard:
    """The guard of these training radiographs, with its limit from the validation ones."""
    outline = _gaussian(outlines(train.squares), OUTLINE_AXES)
    features = _gaussian(train.pooled, FEATURE_AXES)
    scale = (
        float(np.percentile(outline.distance(outlines(val.squares)), ACCEPTED)),
        float(np.percentile(features.distance(val.pooled), ACCEPTED)),
    )
    guard = Guard(outline, features, scale, brightness(train.squares).mean(0), limit=np.inf)
    distances = guard.distance(val.squares, val.pooled)
    return replace(guard, limit=limit_for(distances, val.sources))


def _gaussian(points: Floats, axes: int) -> Gaussian:
    """A Gaussian as it is stored, with its axes in float16."""
    fitted = Gaussian.fit(points, axes=min(axes, len(points) - 2))
    return replace(fitted, axes=fitted.axes.astype(np.float16).astype(np.float32))


def limit_for(distances: Floats, sources: Sequence[str]) -> float:
    """The least limit that accepts enough of all radiographs and of each source."""
    limits = [np.percentile(distances, ACCEPTED)]
    for source in sorted(set(sources)):
        own = distances[[source == other for other in sources]]
        if len(own) >= FEWEST_OF_SOURCE:
            limits.append(np.percentile(own, ACCEPTED_OF_SOURCE))
    return float(max(limits))


def to_card(guard: Guard) -> dict[str, Any]:
    """The numbers that go into the weights card."""
    return {"limit": guard.limit, "scale": list(guard.scale)}


def to_tensors(guard: Guard) -> dict[str, Tensor]:
    """The statistics that go beside the weights, axes in float16: about 0.4 MB."""
    statistics = {"polarity": torch.from_numpy(guard.polarity)}
    for part, gaussian in (("outline", guard.outline), ("features", guard.features)):
        statistics[f"{part}.mean"] = torch.from_numpy(gaussian.mean)
        statistics[f"{part}.axes"] = torch.from_numpy(gaussian.axes).half()
        statistics[f"{part}.variances"] = torch.from_numpy(gaussian.variances)
    return statistics
