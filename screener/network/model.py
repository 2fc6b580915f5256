"""The network in plain torch: any body of :mod:`screener.network.bodies` under fastai's head.

With the default body it is the paper's COVID-ResNet, and the "25.6M parameters" are those of this
arrangement: 25,616,448 for four classes. Built here without fastai, so that scoring needs no
training library; ``trainer`` trains this same class.
"""

from __future__ import annotations

import threading

import torch
from torch import Tensor, nn

from screener.card import ARCHITECTURE, LINEAR, PAPER
from screener.network import bodies

HIDDEN = 512


class ConcatPool(nn.Module):
    """Global max and average pooling side by side: (N, C, H, W) -> (N, 2C)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Pool each channel to its maximum and its mean, maximum first as fastai does."""
        return torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)


class Network(nn.Module):
    """A body with a head, by default the concat-pooling one of arXiv 2003.14395.

    Input (N, 3, S, S) float32, ImageNet-normalised; output (N, classes) logits. ``body`` gives
    the last convolution's maps (N, C, h, w), ``head`` the logits from them, so that activation
    maps of the last layer need gradients through the head only.
    """

    def __init__(
        self, architecture: str = ARCHITECTURE, classes: int = 4, head: str = PAPER
    ) -> None:
        """Build it with random weights; :mod:`screener.network.weights` loads real ones.

        Args:
            architecture: ``covid-resnet50``, or ``timm/NAME`` for a backbone of timm.
            classes: number of logits.
            head: one of :data:`screener.card.HEADS`.

        Raises:
            WeightsError: no body is known by this name.
        """
        super().__init__()
        self.architecture = architecture
        self.body = bodies.create(architecture)
        make = _linear if head == LINEAR else _papers
        self.head = make(self.body.channels, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, classes) logits."""
        logits: Tensor = self.head(self.body(pixels))
        return logits

    def layer_groups(self) -> bodies.Groups:
        """Parameters by layer, earliest first and the head last: for rates and for freezing."""
        return [*self.body.groups(), list(self.head.parameters())]


def _papers(channels: int, classes: int) -> nn.Sequential:
    """fastai's: both poolings, one hidden layer between norms and dropout."""
    return nn.Sequential(
        ConcatPool(),
        nn.BatchNorm1d(2 * channels),
        nn.Dropout(0.25),
        nn.Linear(2 * channels, HIDDEN, bias=False),
        nn.ReLU(),
        nn.BatchNorm1d(HIDDEN),
        nn.Dropout(0.5),
        nn.Linear(HIDDEN, classes, bias=False),
    )


def _linear(channels: int, classes: int) -> nn.Sequential:
    """The mean of each map, and one layer."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.25), nn.Linear(channels, classes)
    )


class Tap:
    """A body's maps at a finer stride beside its last ones, the last as a function of the finer.

    Made once for a body, then called from any number of threads. The part of the body before the
    tap builds no graph: gradients run from the last maps back to the tapped ones and no further.
    """

    def __init__(self, body: bodies.Body, stride: int) -> None:
        """Tap a body, folded or not, whose parameters then need no gradients any more.

        Args:
            body: in evaluation mode.
            stride: 16 for maps of S / 16 a side; where no layer has it, the last maps serve.
        """
        self._body = body.requires_grad_(requires_grad=False)
        self._caught = threading.local()
        if layer := body.layer(stride):
            layer.register_forward_hook(self._catch)

    def _catch(self, _: nn.Module, __: object, found: Tensor) -> Tensor:
        """Cut the graph: what follows is computed from a leaf that wants a gradient."""
        if not getattr(self._caught, "wanted", False) or found.ndim != 4:
            return found
        self._caught.maps = leaf = found.detach().requires_grad_()
        return leaf

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Tapped and last maps: (N, 3, S, S) -> (N, c, H, W), (N, C, h, w).

        The tapped maps are a leaf that requires a gradient, also within inference mode.
        """
        self._caught.wanted, self._caught.maps = True, None
        try:
            with torch.inference_mode(mode=False), torch.enable_grad():
                last = self._body(pixels)
        finally:
            self._caught.wanted = False
        if self._caught.maps is None:
            last = last.detach().requires_grad_()
            return last, last
        return self._caught.maps, last


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters, the figure the paper's table of networks gives."""
    return sum(p.numel() for p in network.parameters())
