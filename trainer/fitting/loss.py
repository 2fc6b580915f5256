"""The loss of labels that leave more than one class open: minus log of their summed probability.

Logits may be given what a film's source says by itself, so that the network earns nothing by
knowing the source (a product of experts: Clark, Yatskar and Zettlemoyer 2019).

A film said to be "pneumonia" teaches that it is bacterial or viral and nothing about which. For a
label of the network's own it is cross-entropy, smoothed the same way.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from screener.study import LABELS
from trainer.manifest import KNOWN, allowed

OPEN = torch.tensor([[label in allowed(known) for label in LABELS] for known in KNOWN])
"""(K, C) bool: which classes each label of a manifest leaves open."""


class OpenLabelLoss(nn.Module):
    """(N, C) logits, (N,) places in ``KNOWN`` and, if wanted, (N, C) priors -> mean loss."""

    def __init__(self, smoothing: float = 0.0) -> None:
        """Give ``smoothing`` of each label's weight to all classes alike."""
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits: Tensor, labels: Tensor, prior: Tensor | None = None) -> Tensor:
        """The mean over the batch; ``prior`` is the logarithm of what is known without looking."""
        if prior is not None:
            logits = logits + prior
        shares = logits.log_softmax(1)  # (N, C)
        ruled_out = ~OPEN.to(logits.device)[labels]
        lost = -shares.masked_fill(ruled_out, -torch.inf).logsumexp(1)
        return ((1 - self.smoothing) * lost - self.smoothing * shares.mean(1)).mean()


def is_right(logits: Tensor, labels: Tensor) -> Tensor:
    """(N,) bool: whether the likeliest class is one that the label leaves open."""
    return OPEN[labels, logits.argmax(1)]
