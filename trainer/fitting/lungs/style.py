"""Random changes of films that their lungs do not move with: letters, tubes, veils, negatives.

What moves film and mask together, and changes of light, are :mod:`trainer.fitting.augment`'s.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Generator, Tensor
from torch.nn import functional

from trainer.fitting.augment import augment, chance, move, uniform
from trainer.recipe import Augment

_WORDS = ("R", "L", "AP", "PA", "SUPINE", "PORTABLE", "ERECT", "A", "B", "12:40", "SEMI-ERECT")


def changed(
    films: Tensor, masks: Tensor, rules: Augment, random: Generator
) -> tuple[Tensor, Tensor]:
    """Change each film of a batch at random, and its mask where it moves.

    Args:
        films: (N, 1, S, S) float32 in [0, 1].
        masks: (N, 1, S, S) float32 in [0, 1].
        rules: how much of each change.
        random: a CPU generator.

    Returns:
        Two (N, 1, S, S) float32 in [0, 1].
    """
    moved = move(torch.cat([films, masks], dim=1), rules, random)  # (N, 2, S, S)
    films, masks = moved[:, :1], moved[:, 1:]
    films = _veil(films, rules.veil, random)
    films = _letters(films, rules.letters, random)
    still = augment(films, rules.without_motion(), random)
    return _invert(_sharpen(_levels(still, rules, random), rules, random), rules, random), masks


def _levels(films: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Black and white points moved in or out: films printed hard or flat."""
    if not rules.levels:
        return films
    n = len(films)
    black = uniform(random, n, -rules.levels, rules.levels).view(n, 1, 1, 1)
    white = 1 + uniform(random, n, -rules.levels, rules.levels).view(n, 1, 1, 1)
    return ((films - black) / (white - black)).clamp(0, 1)


def _sharpen(films: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Unsharp masking with its halos, as many archives apply it."""
    n = len(films)
    amount = uniform(random, n, 0.5, 2.5) * chance(random, n, rules.sharpen)
    if not amount.any():
        return films
    soft = functional.avg_pool2d(films, 9, stride=1, padding=4, count_include_pad=False)
    return (films + amount.view(n, 1, 1, 1) * (films - soft)).clamp(0, 1)


def _invert(films: Tensor, rules: Augment, random: Generator) -> Tensor:
    negative = chance(random, len(films), rules.invert).view(-1, 1, 1, 1)
    return torch.where(negative, 1 - films, films)


def _veil(films: Tensor, probability: float, random: Generator) -> Tensor:
    """A soft ellipse of any gray over some films: consolidation, effusion, or neither."""
    n, side = len(films), films.shape[-1]
    chosen = chance(random, n, probability).view(n, 1, 1)
    at = uniform(random, 5 * n, 0, 1).view(5, n, 1, 1)
    if not chosen.any():
        return films
    grid = torch.linspace(0, 1, side)
    x = (grid.view(1, 1, side) - at[0]) / (0.08 + 0.25 * at[2])
    y = (grid.view(1, side, 1) - at[1]) / (0.08 + 0.35 * at[3])
    thick = (2 * torch.exp(-(x**2 + y**2))).clamp(max=0.9) * chosen  # (N, S, S)
    return films + thick.unsqueeze(1) * (at[4].unsqueeze(1) - films)


def _letters(films: Tensor, probability: float, random: Generator) -> Tensor:
    """Letters, lines and tubes over some films."""
    chosen = chance(random, len(films), probability)
    numbers = torch.randint(0, 2**31, (len(films),), generator=random)
    if not chosen.any():
        return films
    films = films.clone()
    for i in chosen.nonzero().flatten().tolist():
        drawn = _drawing(films.shape[-1], np.random.default_rng(int(numbers[i])))
        films[i, 0] = torch.maximum(films[i, 0], torch.from_numpy(drawn))
    return films


def _drawing(side: int, draws: np.random.Generator) -> NDArray[np.float32]:
    """One to four marks on black, (side, side) float32 in [0, 1]."""
    page = Image.new("L", (side, side))
    pen = ImageDraw.Draw(page)
    for _ in range(int(draws.integers(1, 5))):
        gray = int(draws.integers(120, 256))
        x, y = (int(v) for v in draws.integers(0, side, 2))
        if draws.random() < 0.5:
            font = ImageFont.load_default(float(draws.uniform(0.04, 0.12) * side))
            pen.text((x, y), str(draws.choice(_WORDS)), fill=gray, font=font, anchor="mm")
            continue
        steps = np.array([x, y]) + draws.normal(0, 0.12 * side, (6, 2)).cumsum(axis=0)
        pen.line(
            [tuple(p) for p in steps], fill=gray, width=int(draws.integers(1, 4)), joint="curve"
        )
    return np.asarray(page, np.float32) / np.float32(255)
