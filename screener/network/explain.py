"""Where in the picture the score came from: HiResCAM at a sixteenth of the picture's side.

Each cell's activations times their own gradients (Draelos and Carin, arXiv 2011.08891), at a layer
that still tells places apart: the last one says less than a blob in the middle of the picture
(docs/what-a-score-means.md has the measurement). A map runs from 0 to 1, 1 being its own strongest
cell: maps of two radiographs cannot be compared. It explains the network and outlines no disease;
what it is worth is measured by :mod:`screener.network.proof`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from screener.network.model import Tap
from screener.study import ActivationMap, Proof

STRIDE = 16
"""Of the layer that is looked at: 10 x 10 cells for 160 pixels."""

FRAME = 0.1
"""Width of the outer frame as a share of each side; a uniform map has 0.36 of its mass there."""


def activation_maps(
    tap: Tap, head: Callable[[Tensor], Tensor], pixels: Tensor, target: int
) -> Tensor:
    """HiResCAM of one class for a whole batch at once.

    In evaluation mode the pictures of a batch do not touch each other, so the gradient of the
    summed logits holds each picture's own.

    Args:
        tap: of the body, at :data:`STRIDE`.
        head: logits from the body's last maps, in evaluation mode.
        pixels: (N, 3, S, S) of the network's input.
        target: index of the class among the logits.

    Returns:
        (N, h, w) float32 in [0, 1]; all zero where nothing speaks for the class.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        maps, last = tap(pixels)  # (N, C, h, w)
        (gradients,) = torch.autograd.grad(head(last.float())[:, target].sum(), maps)
    return scaled((maps.detach().float() * gradients.float()).sum(dim=1))


def scaled(raw: Tensor) -> Tensor:
    """What speaks for the class, from 0 to the map's own maximum as 1: (N, h, w) -> (N, h, w)."""
    kept = raw.relu()
    return kept / kept.amax(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(kept.dtype).tiny)


def border_share(maps: Tensor) -> Tensor:
    """Share of each map's mass in the outer 10 % frame: (N, h, w) -> (N,) in [0, 1].

    A coarse cell counts by the part of its area that lies in the frame. An empty map has 0.
    """
    rows, columns = (_inside(length, maps) for length in maps.shape[1:])
    frame = 1 - torch.outer(rows, columns)  # (h, w)
    mass = maps.sum(dim=(1, 2)).clamp_min(torch.finfo(maps.dtype).tiny)
    return (maps * frame).sum(dim=(1, 2)) / mass


def _inside(cells: int, like: Tensor) -> Tensor:
    """How much of each of the cells along one side lies within the frame: (cells,) in [0, 1]."""
    edges = torch.linspace(0, 1, cells + 1, dtype=like.dtype, device=like.device)
    return (edges.clamp(FRAME, 1 - FRAME).diff() * cells).clamp(0, 1)


def to_activation_map(values: Tensor, proof: Proof | None = None) -> ActivationMap:
    """One (h, w) map in [0, 1] as the plain value that is stored and drawn."""
    levels = (values * 255).round().to(torch.uint8).cpu().contiguous()
    return ActivationMap(levels.shape[0], levels.shape[1], levels.numpy().tobytes(), proof)
