"""COVID-ResNet in plain torch: a ResNet-50 body and the head that fastai puts on it.

The paper's "25.6M parameters" are those of this arrangement: 25,616,448 for four classes. Built
here without fastai, so that scoring needs no training library; ``trainer`` trains this same class.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

FEATURES = 2048
"""Channels of the last convolution."""

HIDDEN = 512


class ConcatPool(nn.Module):
    """Global max and average pooling side by side: (N, C, H, W) -> (N, 2C)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Pool each channel to its maximum and its mean, maximum first as fastai does."""
        return torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)


class CovidResNet(nn.Module):
    """ResNet-50 body with a concat-pooling head (arXiv 2003.14395).

    Input (N, 3, S, S) float32, ImageNet-normalised; output (N, classes) logits. ``body`` gives
    the last convolution's maps (N, 2048, S/32, S/32), ``head`` the logits from them, so that
    activation maps need gradients through the head only.
    """

    def __init__(self, classes: int = 4) -> None:
        """Build it with random weights; :mod:`screener.network.weights` loads real ones."""
        super().__init__()
        resnet = resnet50(weights=None)
        self.body = nn.Sequential(
            nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool),
            resnet.layer1,
            resnet.layer2,
            resnet.layer3,
            resnet.layer4,
        )
        self.head = nn.Sequential(
            ConcatPool(),
            nn.BatchNorm1d(2 * FEATURES),
            nn.Dropout(0.25),
            nn.Linear(2 * FEATURES, HIDDEN, bias=False),
            nn.ReLU(),
            nn.BatchNorm1d(HIDDEN),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN, classes, bias=False),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, classes) logits."""
        logits: Tensor = self.head(self.body(pixels))
        return logits


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters, the figure the paper's table of networks gives."""
    return sum(p.numel() for p in network.parameters())
