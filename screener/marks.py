"""The plain words that warn of a study or of a whole scan, and the limits behind them.

Pure functions without imports beyond the vocabulary, so that list, report and review screen say
the same at no cost. A mark never changes a score, a band or a place in the worklist.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import Any

from screener.study import ActivationMap, Proof

BORDER_LIMIT = 0.5
"""Share of the activation map's mass in the outer 10 % frame; an even map has 0.36."""
UNSURE_ENTROPY = 0.8
"""Entropy of the four probabilities as a share of its maximum: 0 certain, 1 no idea."""
UNSTEADY_SPREAD = 0.1
"""Standard deviation of the score over test-time augmentation."""
ADULT_AGE = 18

UNLIKE_SHARE = 0.25
"""Share of a scan's radiographs beyond the distance that 5 % of the validation's exceed."""
SCORE_SHIFT = 0.85
"""Largest gap between the cumulated scores of scan and validation (Kolmogorov-Smirnov).

Validation images of COVID-19 alone reached 0.80, of healthy adults alone 0.45: beyond it lies what
no share of ill patients explains, such as the same score for every study."""
FEWEST_FOR_ALARM = 20

NO_MAP = (
    "no map was made: a scan makes maps for PRIORITY and ELEVATED; 'screener explain STUDY' "
    "makes one"
)
UNPROVEN = "not proven yet: screener explain STUDY"
UNEXPLAINED = "no part of the picture explains this score"
BORDER = "the network looked at the border"
UNSURE = "the network is unsure"
UNSTEADY = "small changes of the picture change the score"
INVERTED = "the pixels look inverted"
CHILD = "under 18: not the intended use"
AGE_UNKNOWN = "the age is not known: it may be a child"
PHANTOM = "a phantom: its score means nothing"


def marks(
    *,
    probabilities: Sequence[float] | None,
    border_share: float | None,
    unexplained: bool,
    spread: float | None,
    inverted: bool,
    age: float | None,
    phantom: bool,
    lungs: tuple[str, ...],
) -> tuple[str, ...]:
    """What to warn of in one study, given the radiograph its score comes from.

    Args:
        probabilities: calibrated, one a class; None for a study without a score.
        border_share: of its activation map, where there is one.
        unexplained: whether that map was measured and does not hold.
        spread: over test-time augmentation, where that was asked for.
        inverted: whether the pixels look like a negative.
        age: of the patient in years, where the header says it.
        phantom: whether a header says that no person was imaged.
        lungs: what its lungs and the place of its map say, in words.
    """
    facts = {
        PHANTOM: phantom,
        UNEXPLAINED: unexplained,
        BORDER: border_share is not None and border_share > BORDER_LIMIT,
        UNSURE: probabilities is not None and entropy(probabilities) > UNSURE_ENTROPY,
        UNSTEADY: spread is not None and spread > UNSTEADY_SPREAD,
        INVERTED: inverted,
        CHILD: age is not None and age < ADULT_AGE,
        AGE_UNKNOWN: probabilities is not None and age is None,
    }
    return tuple(words for words, holds in facts.items() if holds) + lungs


def proof_words(proof: Proof) -> str:
    """What hiding a map's hottest tenth does to the score, in one sentence."""
    return (
        f"with the marked tenth hidden the score goes from {proof.whole:.3f} to "
        f"{proof.hidden:.3f} (the same marks elsewhere: {proof.moved:.3f})"
    )


def map_words(activation: ActivationMap | None) -> str:
    """What stands beside a map, or in its place where it is not drawn."""
    if activation is None:
        return NO_MAP
    if activation.proof is None:
        return UNPROVEN
    words = proof_words(activation.proof)
    return words if activation.drawn else f"{UNEXPLAINED}: {words}"


def entropy(probabilities: Sequence[float]) -> float:
    """Shannon entropy over its maximum, the logarithm of the number of classes: 0 to 1."""
    nats = -sum(p * math.log(p) for p in probabilities if p > 0)
    return nats / math.log(len(probabilities))


def alarm(
    scores: Iterable[float], distances: Iterable[float], metrics: Mapping[str, Any]
) -> str | None:
    """Say when a whole scan is unlike the validation images, so that its ranking means little.

    Args:
        scores: of the scan's scored studies.
        distances: the guard's, of the scan's scored radiographs.
        metrics: the weights card's; ``validation`` holds quantiles of both at even steps.

    Returns:
        A sentence, or None when nothing is amiss, or too little is known to tell.
    """
    reference = metrics.get("validation", {})
    return _unlike(distances, reference.get("distances", ())) or _shifted(
        scores, reference.get("scores", ())
    )


def _unlike(distances: Iterable[float], quantiles: Sequence[float]) -> str | None:
    if len(quantiles) < 2:
        return None
    usual = quantiles[round(0.95 * (len(quantiles) - 1))]
    number = beyond = 0
    for distance in distances:
        number += 1
        beyond += distance > usual
    if number < FEWEST_FOR_ALARM or beyond <= UNLIKE_SHARE * number:
        return None
    return (
        f"{beyond} of {number} radiographs look unlike the training data, where 5 % would "
        "be usual; do not trust the ranking"
    )


def _shifted(scores: Iterable[float], quantiles: Sequence[float]) -> str | None:
    rest = iter(scores)
    first = list(islice(rest, FEWEST_FOR_ALARM))
    if len(first) < FEWEST_FOR_ALARM or len(quantiles) < 2:
        return None
    if score_shift(chain(first, rest), quantiles) <= SCORE_SHIFT:
        return None
    return (
        "the scores are spread quite unlike those of the validation images: either the patients "
        "or the pictures differ; do not trust the ranking"
    )


def score_shift(values: Iterable[float], quantiles: Sequence[float]) -> float:
    """Kolmogorov-Smirnov distance of values from a distribution given by quantiles."""
    below, within = [0] * (len(quantiles) + 1), [0] * (len(quantiles) + 1)
    for value in values:  # by the first quantile above it, and the first not below it
        below[bisect_right(quantiles, value)] += 1
        within[bisect_left(quantiles, value)] += 1
    steps, number = len(quantiles) - 1, sum(below)
    gaps = (
        max(less / number - place / steps, place / steps - up_to / number)
        for place, (less, up_to) in enumerate(
            zip(accumulate(below[:-1]), accumulate(within[:-1]), strict=True)
        )
    )
    return max(0.0, *gaps)
