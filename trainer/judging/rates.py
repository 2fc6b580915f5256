"""Rates that a reader of the list can use, from films of sources that were left out.

Two things go onto the card, below ``metrics.unseen``, and :mod:`screener.rates` reads them back:

- ``rates``: for each of "COVID-19", "other pneumonia", "tuberculosis" and "clear" that has films,
  ``PRIORITY`` and ``ELEVATED or higher``, each a share with ``value``, ``low``, ``high`` and ``n``.
- ``scored_like``: ranges of the score in rising order, each with ``from``, ``to`` (not itself in
  it, but 1), ``films`` and ``n`` (the same), ``covid19`` (how many of them showed it), and their
  share as ``value``, ``low``, ``high``.

A film whose label leaves it open whether COVID-19 was there is in neither. Computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from screener.errors import ConfigurationError
from screener.rates import ELEVATED, PRIORITY, Shown
from screener.study import TARGET_LABEL, Band
from trainer.judging.evaluate import plain
from trainer.judging.statistics import share
from trainer.judging.unseen import NORMAL, Array, Scored, reaching, suspicion

KINDS = {
    TARGET_LABEL: Shown.COVID19,
    "bacterial": Shown.PNEUMONIA,
    "viral": Shown.PNEUMONIA,
    "pneumonia": Shown.PNEUMONIA,
    "tuberculosis": Shown.TUBERCULOSIS,
    NORMAL: Shown.CLEAR,
}
"""What labels of manifests say of a film; others leave it open."""
OPEN = "open"
"""Said of "SOURCE LABEL": it may be COVID-19 or not."""
RANGES = 10
LEAST = 40
"""Ranges of the score are made wide enough to hold so many films."""


def shown_by(said: Iterable[str]) -> dict[str, Shown | None]:
    """What "SOURCE LABEL=KIND" say; None for those that leave it open.

    Raises:
        ConfigurationError: one has not this form, or names no kind.
    """
    kinds: dict[str, Shown | None] = {kind.value: kind for kind in Shown} | {OPEN: None}
    found = {}
    for text in said:
        group, _, kind = text.rpartition("=")
        if kind not in kinds or len(group.split()) < 2:
            raise ConfigurationError(
                f"--shows {text}: write SOURCE LABEL=KIND; a kind is one of {', '.join(kinds)}"
            )
        found[group] = kinds[kind]
    return found


def rates(scored: Sequence[Scored], said: Mapping[str, Shown | None]) -> dict[str, Any]:
    """Of the films by what they showed, how many reach each band; see the module.

    Args:
        scored: one variant's.
        said: what labels of single sources mean, as :func:`shown_by` gives it.
    """
    groups = by_kind(scored, said)
    target = [one for one in scored if one.role == "unseen" and one.label == TARGET_LABEL]
    bands = ((PRIORITY, Band.PRIORITY), (ELEVATED, Band.ELEVATED))
    found: dict[str, Any] = plain(
        {
            kind.value: {name: reaching(target, groups[kind], band) for name, band in bands}
            for kind in Shown
            if groups[kind]
        }
    )
    return found


def scored_like(scored: Sequence[Scored], said: Mapping[str, Shown | None]) -> list[dict[str, Any]]:
    """Ranges of the score with about as many films each, and the COVID-19 among them."""
    groups = by_kind(scored, said)
    films = [one for own in groups.values() for one in own]
    scores = suspicion(films)
    edges = [0.0, *_inner_edges(scores), 1.0]
    place = np.searchsorted(edges[1:-1], scores, side="right")
    target = np.array([one.label == TARGET_LABEL for one in films], bool)
    people = np.array([one.person for one in films], str)
    found = []
    for number, (start, end) in enumerate(pairwise(edges)):
        own = place == number
        part = plain(share(target[own], people[own].tolist()))
        counts = {"films": int(own.sum()), "covid19": int(target[own].sum())}
        found.append({"from": start, "to": end} | counts | part)
    return found


def _inner_edges(scores: Array) -> list[float]:
    """Between ranges that hold enough films each; equal scores stay together."""
    least = max(LEAST, len(scores) // RANGES)
    ordered = np.sort(np.floor(scores * 1000) / 1000)
    edges: list[float] = []
    below = 0
    for place in range(least, len(ordered) - least + 1):
        if place - below >= least and ordered[place] > ordered[place - 1]:
            edges.append(float(ordered[place]))
            below = place
    return edges


def by_kind(
    scored: Sequence[Scored], said: Mapping[str, Shown | None]
) -> dict[Shown, list[Scored]]:
    """The films of sources left out, by what they showed; without those that leave it open.

    A film counts once, where several fits have scored it as the first of them did.
    """
    groups: dict[Shown, list[Scored]] = {kind: [] for kind in Shown}
    films = {(one.source, one.image): one for one in reversed(scored)}
    for one in films.values():
        kind = said.get(f"{one.source} {one.label}", KINDS.get(one.label))
        if one.role == "unseen" and kind is not None:
            groups[kind].append(one)
    return groups
