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
from trainer.manifest import KNOWN, Entry, speaks_of

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
    """Judge (N, classes) probabilities, in the order of the network's labels, of N entries.

    A label of less detail than the network's counts where it says enough: as not COVID-19.
    """
    whole = np.array(of_classes(entries), int)
    known, called = truth([entries[i] for i in whole]), probabilities[whole].argmax(axis=1)
    counts = statistics.confusion(known, called, len(LABELS))
    return Judgement(
        name,
        statistics.share(known == called, [entries[i].person for i in whole]),
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


def of_classes(entries: Sequence[Entry]) -> list[int]:
    """Places of the entries whose label is one of the network's."""
    return [place for place, entry in enumerate(entries) if entry.label in LABELS]


def truth(entries: Sequence[Entry]) -> Array:
    """(N,) class indices."""
    return np.array([LABELS.index(entry.label) for entry in entries], int)


def target_auc(
    entries: Sequence[Entry], probabilities: Array, against: Sequence[str] = KNOWN
) -> Estimate:
    """AUC of the suspicion score for COVID-19 against some other classes, by patient."""
    chosen = [
        place
        for place, entry in enumerate(entries)
        if entry.label in (TARGET_LABEL, *against) and speaks_of(entry.label, TARGET_LABEL)
    ]
    return statistics.auc(
        np.array([entries[i].label == TARGET_LABEL for i in chosen], bool),
        probabilities[chosen, TARGET],
        [entries[i].person for i in chosen],
    )
