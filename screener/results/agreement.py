"""How far reviewers agree with the model's label. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from screener.study import Review, Verdict


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one reviewer with the model, over the studies they gave a class to."""

    studies: int
    agreed: int
    kappa: float | None
    """Cohen's; None where chance alone would agree always."""


def cohen_kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Agreement of two raters beyond chance: 1 complete, 0 what chance gives.

    Args:
        pairs: the two raters' classes of each study.

    Returns:
        Kappa, or None where there are no pairs or both raters use one and the same class.
    """
    pairs = list(pairs)
    total = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[label] * second[label] for label in first)
    if expected == total * total:
        return None
    observed = sum(a == b for a, b in pairs)
    return (observed * total - expected) / (total * total - expected)


def agreements(reviews: Iterable[Review], labels: dict[str, str]) -> dict[str, Agreement]:
    """Each reviewer's agreement with the model, by reviewer.

    A disagreement without an own class counts in none of the figures.

    Args:
        reviews: entries, the oldest first: a reviewer's last of a study is what counts.
        labels: the model's label by study key.
    """
    current = {(review.reviewer, review.study_key): review for review in reviews}
    pairs: dict[str, list[tuple[str, str]]] = {}
    for (reviewer, key), review in current.items():
        model = labels.get(key)
        own = model if review.verdict is Verdict.AGREE else review.label
        if review.verdict and model and own:
            pairs.setdefault(reviewer, []).append((model, own))
    return {
        reviewer: Agreement(len(p), sum(a == b for a, b in p), cohen_kappa(p))
        for reviewer, p in sorted(pairs.items())
    }
