"""The network that outlines the lungs: a U-Net on the first layers of EfficientNet-Lite0.

The encoder is cut at a stride of 16, where a cell sees the whole chest already, and the decoder
ends at a stride of 2, which is fine enough to draw. Made with random weights; nothing is
fetched or loaded here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from screener.lungs import ARCHITECTURE

ENCODER = ARCHITECTURE.rpartition("/")[2]
"""Of timm; its ImageNet weights come as a package."""
BLOCKS = 5
"""Of the encoder's seven, those up to a stride of 16."""
WIDTHS = (64, 40, 24)
"""Channels of the decoder at strides of 8, 4 and 2."""


class LungNet(nn.Module):
    """(N, 3, S, S) ImageNet-normalised float32 -> (N, 1, S/2, S/2) logits of "lung"."""

    architecture = ARCHITECTURE

    def __init__(self) -> None:
        """Build it with random weights; S is a multiple of 16."""
        super().__init__()
        import timm

        encoder: Any = timm.create_model(
            ENCODER, pretrained=False, features_only=True, out_indices=(0, 1, 2, 3)
        )
        del encoder.blocks[BLOCKS:]
        self.encoder = encoder
        *skips, deepest = encoder.feature_info.channels()
        below = (deepest, *WIDTHS)
        self.decoder = nn.ModuleList(
            _joined(deep + skip, width)
            for deep, skip, width in zip(below, reversed(skips), WIDTHS, strict=False)
        )
        self.last = nn.Conv2d(WIDTHS[-1], 1, kernel_size=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits at half the input's side."""
        *skips, maps = self.encoder(pixels)
        for join, skip in zip(self.decoder, reversed(skips), strict=True):
            larger = functional.interpolate(maps, skip.shape[2:], mode="bilinear")
            maps = join(torch.cat([larger, skip], dim=1))
        logits: Tensor = self.last(maps)
        return logits


def _joined(channels: int, width: int) -> nn.Sequential:
    """One convolution over what comes from below and from beside."""
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
