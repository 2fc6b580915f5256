"""Test-time augmentation: how much a score depends on how the film happens to lie.

Small shifts, scales, rotations and changes of contrast; never a flip, because a mirrored chest is
another chest. The same views on every machine and in every run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

MAX_ROTATION = 5.0
"""Degrees to either side."""
MAX_SHIFT = 0.03
"""Share of the side."""
MAX_SCALE = 0.05
MAX_GAMMA = 0.15
"""Exponents from 0.85 to 1.15 on the gray scale."""

_CHANGES = 5
_RATIO = 1.1347241384015194
"""Root of x^6 = x + 1: its powers spread points evenly in five dimensions (Roberts' R sequence)."""


def views(squares: Tensor, count: int) -> Iterator[Tensor]:
    """The pictures themselves, then ``count - 1`` slightly changed copies of them.

    Args:
        squares: (N, S, S) uint8.
        count: number of views, at least 1.

    Yields:
        (N, S, S) uint8 on the same device.
    """
    yield squares
    gray = squares.unsqueeze(1).float() / 255  # (N, 1, S, S)
    for index in range(1, count):
        rotation, scale, right, down, contrast = _places(index)
        matrix = _matrix(rotation, scale, right, down).to(gray).expand(len(gray), 2, 3)
        grid = affine_grid(matrix, list(gray.shape), align_corners=False)
        moved = grid_sample(gray, grid, padding_mode="border", align_corners=False)
        changed = moved.clamp(0, 1) ** (1 + MAX_GAMMA * contrast)
        yield (changed.squeeze(1) * 255).round().to(torch.uint8)


def mean_and_spread(probabilities: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """Mean over the views, and the standard deviation of the target over them.

    Args:
        probabilities: (views, N, classes).
        target: index of the class that makes the score.

    Returns:
        (N, classes) and (N,); the spread of one view alone is 0.
    """
    return probabilities.mean(0), probabilities[:, :, target].std(0, correction=0)


def _places(index: int) -> list[float]:
    """Where a view lies in the range of each change, from -1 to 1."""
    return [2 * ((index / _RATIO**power) % 1) - 1 for power in range(1, _CHANGES + 1)]


def _matrix(rotation: float, scale: float, right: float, down: float) -> Tensor:
    """The (2, 3) map from a view's coordinates, -1 to 1, to the picture's."""
    angle = math.radians(MAX_ROTATION * rotation)
    size = 1 + MAX_SCALE * scale
    cosine, sine = size * math.cos(angle), size * math.sin(angle)
    shift = 2 * MAX_SHIFT
    return torch.tensor([[cosine, -sine, shift * right], [sine, cosine, shift * down]])
