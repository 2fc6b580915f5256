"""How far reviewers agree with the model's label and with one another. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from screener.results import kappa
from screener.results.kappa import Figure
from screener.study import LABELS, Review, Verdict

Classes = dict[str, dict[str, str]]
"""The class that each reviewer gives each study, by reviewer and study key."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two: a reviewer and the model, or two reviewers, over the studies both gave a class to."""

    studies: int
    agreed: int
    kappa: Figure
    """Cohen's."""


@dataclass(frozen=True, slots=True)
class Agreements:
    """All there is to say of some reviews."""

    with_model: dict[str, Agreement]
    """By reviewer."""
    between: dict[tuple[str, str], Agreement]
    """Of each two reviewers with studies in common."""
    of_all: Figure | None
    """Fleiss' kappa of three or more reviewers over the studies that all of them judged."""


def agreements(reviews: Iterable[Review], labels: Mapping[str, str]) -> Agreements:
    """Set reviews beside the model's labels and beside one another.

    A disagreement without an own class counts in none of the figures.

    Args:
        reviews: entries, the oldest first: a reviewer's last of a study is what counts.
        labels: the model's label by study key.
    """
    given = _given(reviews, labels)
    between = {
        (first, second): _agreement(given[first], given[second])
        for first, second in combinations(given, 2)
        if given[first].keys() & given[second].keys()
    }
    return Agreements(
        {reviewer: _agreement(labels, classes) for reviewer, classes in given.items()},
        between,
        _of_all(given) if len(given) > 2 else None,
    )


def _given(reviews: Iterable[Review], labels: Mapping[str, str]) -> Classes:
    current = {(review.reviewer, review.study_key): review for review in reviews}
    given: Classes = {}
    for (reviewer, key), review in sorted(current.items()):
        model = labels.get(key)
        own = model if review.verdict is Verdict.AGREE else review.label
        if review.verdict and model and own:
            given.setdefault(reviewer, {})[key] = own
    return given


def _agreement(first: Mapping[str, str], second: Mapping[str, str]) -> Agreement:
    table = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    for key in first.keys() & second.keys():
        table[LABELS.index(first[key]), LABELS.index(second[key])] += 1
    return Agreement(int(table.sum()), int(np.trace(table)), kappa.cohen(table))


def _of_all(given: Classes) -> Figure:
    shared = set.intersection(*(set(classes) for classes in given.values()))
    counts = np.zeros((len(shared), len(LABELS)), dtype=np.int64)
    for row, key in zip(counts, sorted(shared), strict=True):
        for classes in given.values():
            row[LABELS.index(classes[key])] += 1
    return kappa.fleiss(counts)
