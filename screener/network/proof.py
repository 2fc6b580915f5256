"""What a map is worth: how far the score falls when the map's own hottest tenth is hidden.

Each map is held against itself moved to other places, so that the comparison has the same shape and
area and differs in nothing but where it lies. A map that does no better than its moved copies
explains nothing and is not to be drawn. Hidden means replaced by a strong blur: gray or black would
be a finding of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

SHARE = 0.1
"""Part of the picture that is hidden."""

PLACES = ((1 / 3, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1 / 3), (2 / 3, 2 / 3))
"""Where the copies lie: down and to the right, as shares of the side, around the edges."""

COARSE = 4
"""Cells a side that are left of the picture where it is blurred."""

VIEWS = 1 + len(PLACES)
"""Pictures that a proof takes: the map's own tenth hidden, then each copy's."""


def hidden(squares: Tensor, maps: Tensor) -> Tensor:
    """The pictures that prove a map: hottest tenth hidden, then the same marks at other places.

    Args:
        squares: (N, S, S) uint8.
        maps: (N, h, w) float, any range, on the same device.

    Returns:
        (N, VIEWS, S, S) uint8; the first of each picture has the map's own tenth hidden.
    """
    side = squares.shape[-1]
    marked = hottest(maps, side)  # (N, S, S) bool
    copies = [
        marked.roll((round(down * side), round(right * side)), dims=(1, 2))
        for down, right in PLACES
    ]
    masks = torch.stack([marked, *copies], dim=1)  # (N, VIEWS, S, S)
    return torch.where(masks, blurred(squares).unsqueeze(1), squares.unsqueeze(1))


def hottest(maps: Tensor, side: int, share: float = SHARE) -> Tensor:
    """The strongest part of each map, enlarged: (N, h, w) -> (N, S, S) bool, ``share`` of each."""
    enlarged = interpolate(maps.unsqueeze(1).float(), (side, side), mode="bilinear").flatten(1)
    count = round(share * side * side)
    order = enlarged.argsort(dim=1, descending=True, stable=True)[:, :count]
    marked = torch.zeros_like(enlarged, dtype=torch.bool).scatter_(1, order, value=True)
    return marked.view(-1, side, side)


def blurred(squares: Tensor) -> Tensor:
    """Nothing but the coarsest light and shade: (N, S, S) uint8 -> (N, S, S) uint8."""
    coarse = adaptive_avg_pool2d(squares.unsqueeze(1).float(), COARSE)
    smooth = interpolate(coarse, squares.shape[1:], mode="bilinear")
    return smooth.squeeze(1).round().to(torch.uint8)
