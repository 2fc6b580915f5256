"""The level of scores, which another hospital's processing moves up or down as a whole.

Most films of a large scan are taken to show no COVID-19, so the lower quartile of its scores is set
beside that of normals in sources left out of the fit. Plain arithmetic of logits; reads no store.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from screener.card import WeightsCard
from screener.errors import ConfigurationError

LEVEL = "normals_level"
"""In a card's figures of unseen sources: :func:`level` of their normals, the mean over sources."""


def level(scores: Iterable[float]) -> float:
    """The logit of the lower quartile of at least two scores."""
    return statistics.quantiles(map(_logit, scores), n=4)[0]


def reference(card: WeightsCard) -> float:
    """The level of unseen normals at which the card's thresholds were chosen.

    Raises:
        ConfigurationError: the card does not know it.
    """
    known: Any = card.metrics.get("unseen")
    found = known.get(LEVEL) if isinstance(known, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ConfigurationError(
            f"--adapt: {card.name} does not know the level of unseen normals; leave it out, or run "
            "'trainer calibrate --unseen'"
        )
    return float(found)


def moved(thresholds: Mapping[str, float], by: float) -> dict[str, float]:
    """Thresholds moved on the logit."""
    return {band: 1 / (1 + math.exp(-_logit(at) - by)) for band, at in thresholds.items()}


def _logit(share: float) -> float:
    clipped = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(clipped / (1 - clipped))
