"""Random changes of a batch of gray training squares, drawn from a generator that is handed in.

Works on one channel before normalisation, a batch at a time, so it costs little next to the
network. It draws everything from its generator: the same generator, the same batch.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from trainer.fitting.style import restyle
from trainer.recipe import Augment


def augment(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Change each picture of a batch at random.

    Args:
        gray: (N, 1, S, S) float32 in [0, 1].
        rules: how much of each change.
        random: a CPU generator.

    Returns:
        (N, 1, S, S) float32 in [0, 1].
    """
    gray = restyle(gray, rules, random)
    gray = _blur(gray, rules, random)
    gray = move(gray, rules, random)
    gray = _light(gray, rules, random)
    return _hide(gray, rules, random)


def uniform(random: Generator, n: int, low: float, high: float) -> Tensor:
    """(n,) drawn evenly between two numbers."""
    return torch.rand(n, generator=random) * (high - low) + low


def chance(random: Generator, n: int, probability: float) -> Tensor:
    """(n,) bool, each true with this probability."""
    return torch.rand(n, generator=random) < probability


def _blur(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Shrink some pictures and enlarge them again: resolution must not tell the source."""
    side = gray.shape[-1]
    chosen = chance(random, len(gray), rules.blur)
    small = int(side * float(uniform(random, 1, 0.5, 1.0)))
    if not chosen.any() or small == side:
        return gray
    picked = functional.interpolate(gray[chosen], (small, small), mode="bilinear", antialias=True)
    gray = gray.clone()
    gray[chosen] = functional.interpolate(picked, (side, side), mode="bilinear")
    return gray


def move(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Rotate, zoom, shift, stretch and flip in one resampling: (N, C, S, S) -> the same shape."""
    n = len(gray)
    angle = uniform(random, n, -rules.rotate, rules.rotate) * math.pi / 180
    scale = 1 + uniform(random, n, -rules.zoom, rules.zoom)
    shift = uniform(random, 2 * n, -2 * rules.shift, 2 * rules.shift).view(n, 2, 1)
    mirror = 1 - 2 * chance(random, n, rules.flip_horizontal).float()
    upside = 1 - 2 * chance(random, n, rules.flip_vertical).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = torch.stack([cos * mirror, -sin * upside, sin * mirror, cos * upside], 1)
    if rules.stretch:
        wide = uniform(random, n, -rules.stretch, rules.stretch).div(2).exp()
        rows = rows * torch.stack([wide, 1 / wide, wide, 1 / wide], 1)
    matrix = torch.cat([rows.view(n, 2, 2), shift], dim=2)  # (N, 2, 3)
    if torch.equal(matrix, torch.eye(2, 3).expand(n, 2, 3)):
        return gray
    grid = functional.affine_grid(matrix.to(gray.device), list(gray.shape), align_corners=False)
    return functional.grid_sample(gray, grid, align_corners=False)


def _light(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Change gamma, contrast and brightness, and add noise."""
    n = len(gray)
    shape, device = (n, 1, 1, 1), gray.device
    gamma = uniform(random, n, -rules.gamma, rules.gamma).exp().view(shape).to(device)
    contrast = 1 + uniform(random, n, -rules.lighting, rules.lighting).view(shape).to(device)
    bright = uniform(random, n, -rules.lighting, rules.lighting).view(shape).to(device) / 2
    if rules.gamma:
        gray = gray.clamp(1e-4, 1) ** gamma
    if rules.lighting:
        gray = (gray - 0.5) * contrast + 0.5 + bright
    if rules.noise:
        noise = torch.randn(gray.shape, generator=random).to(device)
        gray = gray + noise * uniform(random, n, 0, rules.noise).view(shape).to(device)
    return gray.clamp(0, 1)


def _hide(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Black out the outer frame of some pictures, and a rectangle of others."""
    n, side = len(gray), gray.shape[-1]
    framed = chance(random, n, rules.frame)
    erased = chance(random, n, rules.erase)
    widths = (uniform(random, n, 0.03, 0.12) * side).int().tolist()
    area = uniform(random, n, 0.02, 0.12)
    aspect = uniform(random, n, -0.7, 0.7).exp()
    high = ((area * aspect).sqrt() * side).int().tolist()
    wide = ((area / aspect).sqrt() * side).int().tolist()
    corner = torch.rand(n, 2, generator=random)
    if not (framed | erased).any():
        return gray
    gray = gray.clone()
    for i in framed.nonzero().flatten().tolist():
        w = max(1, widths[i])
        gray[i, :, :w] = gray[i, :, -w:] = gray[i, :, :, :w] = gray[i, :, :, -w:] = 0
    for i in erased.nonzero().flatten().tolist():
        top = int(corner[i, 0] * (side - high[i]))
        left = int(corner[i, 1] * (side - wide[i]))
        gray[i, :, top : top + high[i], left : left + wide[i]] = gray[i].mean()
    return gray
