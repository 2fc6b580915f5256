"""Another hospital's processing for a training film: what must not tell where it was taken.

A network reads how a film was sharpened, windowed and framed before it reads the film. Here each of
these is drawn at random, so that it says nothing of the label. Works on a batch before
normalisation, and draws everything from the generator that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional

from trainer.recipe import Augment

GAMMA = 0.35
"""Standard deviation of the logarithm of gamma."""
POINTS = 0.15
"""How far the black and the white point move."""
LEAST_SIDE = 64
SHARPEN = (0.5, 1.5)
NOISE = 0.08
LOCAL = (0.3, 0.8)
LOCAL_WIDTH = 33 / 160
"""Of the mean that local contrast takes away, as a share of the side."""
COARSE = 0.05
"""Frequencies whose amplitude is exchanged, as a share of the side."""
FRAME = (0.03, 0.12)

Process = Callable[[Tensor, Generator], Tensor]


def restyle(gray: Tensor, rules: Augment, random: Generator) -> Tensor:
    """Change how each film of a batch was processed, at random.

    Args:
        gray: (N, 1, S, S) float32 in [0, 1].
        rules: how often.
        random: a CPU generator.

    Returns:
        (N, 1, S, S) float32 in [0, 1].
    """
    gray = _some(gray, rules.amplitudes, random, _exchange_amplitudes)
    gray = _some(gray, rules.frame_exchange, random, _exchange_frames)
    return _some(gray, rules.style, random, _process)


def _some(
    gray: Tensor,
    probability: float,
    random: Generator,
    change: Callable[[Tensor, Tensor, Generator], Tensor],
) -> Tensor:
    """Change some films of a batch; ``change`` also gets a partner for each, from the batch."""
    if not probability:
        return gray
    chosen = torch.rand(len(gray), generator=random) < probability
    partners = torch.randperm(len(gray), generator=random)
    if not chosen.any():
        return gray
    changed = gray.clone()
    changed[chosen] = change(gray[chosen], gray[partners[chosen]], random).clamp(0, 1)
    return changed


def _between(low: float, high: float, gray: Tensor, random: Generator) -> Tensor:
    drawn = torch.rand(len(gray), generator=random) * (high - low) + low
    return drawn.view(-1, 1, 1, 1).to(gray.device)


def _exchange_amplitudes(gray: Tensor, partner: Tensor, random: Generator) -> Tensor:
    """Coarse amplitudes of the partner under the film's own phases (Yang and Soatto 2020)."""
    side = gray.shape[-1]
    own, other = torch.fft.rfft2(gray), torch.fft.rfft2(partner)
    reach = max(1, round(COARSE * side))
    rows = torch.fft.fftfreq(side, 1 / side).abs() <= reach
    columns = torch.fft.rfftfreq(side, 1 / side) <= reach
    mask = (rows[:, None] & columns[None, :]).to(gray.device)
    share = _between(0, 1, gray, random)
    amplitude = own.abs() * (1 - share) + other.abs() * share
    mixed = torch.where(mask, torch.polar(amplitude, own.angle()), own)
    exchanged: Tensor = torch.fft.irfft2(mixed, s=(side, side))
    return exchanged


def _exchange_frames(gray: Tensor, partner: Tensor, random: Generator) -> Tensor:
    """The partner's outer frame around the film."""
    side = gray.shape[-1]
    width = _between(*FRAME, gray, random) * side
    place = torch.arange(side, device=gray.device)
    depth = torch.minimum(place, side - 1 - place)
    depth = torch.minimum(depth[:, None], depth[None, :])
    return torch.where(depth < width, partner, gray)


def _process(gray: Tensor, _partner: Tensor, random: Generator) -> Tensor:
    """One of the processings for each film, then its gray scale."""
    kind = torch.randint(len(PROCESSES), (len(gray),), generator=random)
    gray = gray.clone()
    for number, process in enumerate(PROCESSES):
        own = kind == number
        if own.any():
            gray[own] = process(gray[own], random).clamp(0, 1)
    black = _between(-POINTS, POINTS, gray, random)
    white = 1 + _between(-POINTS, POINTS, gray, random)
    drawn = torch.randn(len(gray), generator=random) * GAMMA
    gamma = drawn.exp().view(-1, 1, 1, 1).to(gray.device)
    return ((gray - black) / (white - black)).clamp(1e-4, 1) ** gamma


def _resolution(gray: Tensor, random: Generator) -> Tensor:
    side = gray.shape[-1]
    if side <= LEAST_SIDE:
        return gray
    small = int(torch.randint(LEAST_SIDE, side, (1,), generator=random))
    lost = functional.interpolate(gray, (small, small), mode="bilinear", antialias=True)
    return functional.interpolate(lost, (side, side), mode="bilinear")


def _sharpen(gray: Tensor, random: Generator) -> Tensor:
    return gray + _between(*SHARPEN, gray, random) * (gray - _mean(gray, 5))


def _noise(gray: Tensor, random: Generator) -> Tensor:
    noise = torch.randn(gray.shape, generator=random).to(gray.device)
    return gray + noise * _between(0, NOISE, gray, random)


def _local_contrast(gray: Tensor, random: Generator) -> Tensor:
    share = _between(*LOCAL, gray, random)
    local = gray - _mean(gray, round(LOCAL_WIDTH * gray.shape[-1]) | 1) + 0.5
    return gray * (1 - share) + local * share


PROCESSES: tuple[Process, ...] = (_resolution, _sharpen, _noise, _local_contrast)


def _mean(gray: Tensor, width: int) -> Tensor:
    """The mean of a square of an odd width around each pixel, along rows and then columns."""
    reach = width // 2
    along = functional.avg_pool2d(
        functional.pad(gray, (reach, reach, 0, 0), "replicate"), (1, width), 1
    )
    return functional.avg_pool2d(
        functional.pad(along, (0, 0, reach, reach), "replicate"), (width, 1), 1
    )
