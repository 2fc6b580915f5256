"""The temperature of a network's scores, and scores whose temperature other patients gave.

A reliability that is told of the images that the temperature was measured with would be too good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from screener.study import TARGET
from trainer.fitting.loss import OpenLabelLoss

Array = npt.NDArray[Any]

TEMPERATURES = (0.05, 20.0)


def fit_temperature(logits: npt.NDArray[np.float32], truth: Array) -> float:
    """The temperature of least negative log likelihood (Guo et al., arXiv 1706.04599).

    Args:
        logits: (N, classes).
        truth: (N,) places in ``trainer.manifest.KNOWN``.
    """
    scores, labels = torch.from_numpy(logits).double(), torch.from_numpy(truth).long()
    lost = OpenLabelLoss()
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value: Tensor = lost(scores / log_temperature.exp(), labels)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[no-untyped-call]
    least, most = TEMPERATURES
    return float(log_temperature.detach().exp().clamp(least, most))


def held_out_scores(
    logits: npt.NDArray[np.float32], truth: Array, patients: Sequence[str], positive: Array
) -> Array:
    """(N,) scores of the target, each at the temperature of other patients' films.

    The patients fall into two halves, each scored with the temperature of the other; only the
    temperature that is written into the card is measured with all.
    """
    half = halves(patients, positive)
    scores = np.zeros(len(truth))
    for own, other in ((half, ~half), (~half, half)):
        if own.any():
            measured_with = other if other.any() else own
            temperature = fit_temperature(logits[measured_with], truth[measured_with])
            shares = torch.from_numpy(logits[own]).double().div(temperature).softmax(1)
            scores[own] = shares[:, TARGET].numpy()
    return scores


def halves(patients: Sequence[str], positive: Array) -> Array:
    """(N,) bool: every second patient, those with the target first, so that both halves have it."""
    with_target = {who for who, shown in zip(patients, positive, strict=True) if shown}
    order = sorted(set(patients), key=lambda who: (who not in with_target, _draw(who)))
    second = set(order[1::2])
    return np.array([who in second for who in patients], bool)


def _draw(patient: str) -> str:
    """An order of patients that says nothing of them and is the same everywhere."""
    return hashlib.sha256(patient.encode()).hexdigest()
