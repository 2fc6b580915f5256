"""The moving average of a network's weights along a fit: judged and kept in their place.

A fit wanders around a good place; the mean of where it was lies nearer to it. The network that
learns is not changed by it, only looked at through it while it is validated.
"""

from __future__ import annotations

from typing import Any

import torch
from fastai.callback.core import Callback
from torch import Tensor

from screener.network.model import Network

WARM_UP = 10
"""Batches that soften the beginning: the first weights are forgotten quickly."""


class MovingAverage(Callback):  # type: ignore[misc]
    """Follows a network's weights and batch norm statistics batch by batch."""

    order = 85  # shown until an epoch is judged (80), hidden before it is saved (90)

    def __init__(self, network: Network, decay: float, saved: dict[str, Any] | None) -> None:
        """Start from the network as it is, or from what :meth:`state` gave a checkpoint."""
        self.decay = decay
        self.batches = int(saved["batches"]) if saved else 0
        source = saved["tensors"] if saved else network.state_dict()
        self.tensors = {name: tensor.clone() for name, tensor in source.items()} if decay else {}

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs of it; None where nothing is averaged."""
        return {"batches": self.batches, "tensors": self.tensors}

    def before_fit(self) -> None:
        """Go where the network is by now."""
        places = {name: tensor.device for name, tensor in self.learn.model.state_dict().items()}
        self.tensors = {name: tensor.to(places[name]) for name, tensor in self.tensors.items()}

    @torch.no_grad()
    def after_batch(self) -> None:
        """Move towards the weights of this batch."""
        if not self.learn.training:
            return
        self.batches += 1
        decay = min(self.decay, (1 + self.batches) / (WARM_UP + self.batches))
        current = self.learn.model.state_dict()
        pairs = [(mean, current[name]) for name, mean in self.tensors.items()]
        means, news = zip(*(p for p in pairs if p[0].is_floating_point()), strict=True)
        torch._foreach_lerp_(list(means), list(news), 1 - decay)
        for mean, new in pairs:
            if not mean.is_floating_point():
                mean.copy_(new)

    def before_validate(self) -> None:
        """Show the average."""
        self._learning = _copy(self.learn.model.state_dict())
        self.learn.model.load_state_dict(self.tensors)

    def after_validate(self) -> None:
        """Go on with the weights that learn."""
        self.learn.model.load_state_dict(self._learning)


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.items()}
