"""Where in the picture the score came from: Grad-CAM maps from the forward pass already made.

A map has the resolution of the network's last convolution (7 x 7 for 224 pixels, 5 x 5 for 160) and
runs from 0 to 1, 1 being its own strongest cell: maps of two radiographs cannot be compared. It
is a research explanation of the network, not an outline of disease.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from screener.study import ActivationMap

FRAME = 0.1
"""Width of the outer frame as a share of each side; a uniform map has 0.36 of its mass there."""


def activation_maps(features: Tensor, head: nn.Module, target: int) -> Tensor:
    """Grad-CAM (Selvaraju et al., arXiv 1610.02391) of one class, for a whole batch at once.

    Gradients run through the head only. In evaluation mode the images of a batch do not touch
    each other, so the gradient of the summed logits holds each image's own.

    Args:
        features: (N, C, h, w) from ``Network.body``; inference tensors are accepted.
        head: ``Network.head`` in evaluation mode.
        target: index of the class in the head's outputs.

    Returns:
        (N, h, w) float32 in [0, 1]; all zero where nothing speaks for the class.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        maps = features.clone().detach().requires_grad_()  # (N, C, h, w)
        (gradients,) = torch.autograd.grad(head(maps)[:, target].sum(), maps)
    weights = gradients.float().mean(dim=(2, 3))  # (N, C)
    raw = torch.einsum("nc,nchw->nhw", weights, maps.detach().float()).relu()
    return raw / raw.amax(dim=(1, 2), keepdim=True).clamp_min(torch.finfo(raw.dtype).tiny)


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


def to_activation_map(values: Tensor) -> ActivationMap:
    """One (h, w) map in [0, 1] as the plain value that is stored and drawn."""
    levels = (values * 255).round().to(torch.uint8).cpu().contiguous()
    return ActivationMap(levels.shape[0], levels.shape[1], levels.numpy().tobytes())
