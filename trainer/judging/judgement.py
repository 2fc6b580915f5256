"""How well class probabilities fit the labels of some entries of a manifest.

The same figures for a network, a shortcut and a group of images, so that they can stand beside each
other in one table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from screener.study import LABELS, TARGET, TARGET_LABEL
from trainer.judging import statistics
from trainer.judging.statistics import Estimate
from trainer.manifest import Entry

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What some probabilities reach on one set of images."""

    name: str
    accuracy: Estimate
    balanced: float
    """Mean sensitivity over the classes that occur."""
    against_rest: Estimate
    """AUC of the suspicion score, COVID-19 against every other class, resampled by patient."""
    against_normal: Estimate
    """AUC of COVID-19 against normal alone."""


def judge(name: str, entries: Sequence[Entry], probabilities: Array) -> Judgement:
    """Judge (N, classes) probabilities, in the order of the network's labels, of N entries."""
    counts = statistics.confusion(truth(entries), probabilities.argmax(axis=1), len(LABELS))
    return Judgement(
        name,
        statistics.accuracy(counts),
        statistics.balanced_accuracy(counts),
        target_auc(entries, probabilities),
        target_auc(entries, probabilities, against=("normal",)),
    )


def judge_by(
    key: Callable[[Entry], str], entries: Sequence[Entry], probabilities: Array
) -> list[Judgement]:
    """Judge each group of entries apart, in the order of the groups' names."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        groups[key(entry)].append(index)
    return [
        judge(name, [entries[i] for i in members], probabilities[members])
        for name, members in sorted(groups.items())
    ]


def truth(entries: Sequence[Entry]) -> Array:
    """(N,) class indices."""
    return np.array([LABELS.index(entry.label) for entry in entries], int)


def target_auc(
    entries: Sequence[Entry], probabilities: Array, against: Sequence[str] = LABELS
) -> Estimate:
    """AUC of the suspicion score for COVID-19 against some other classes, by patient."""
    chosen = [i for i, e in enumerate(entries) if e.label == TARGET_LABEL or e.label in against]
    return statistics.auc(
        np.array([entries[i].label == TARGET_LABEL for i in chosen], bool),
        probabilities[chosen, TARGET],
        [entries[i].patient_id for i in chosen],
    )
