"""Two rankings beside each other: which studies moved, and how far the two agree.

Pure functions. Agreement says that two rankings are alike, and nothing of which is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from screener.results import kappa
from screener.results.beside import Standing
from screener.results.kappa import Figure
from screener.study import RANKED

Array = NDArray[np.float64]

Z = 1.959964
"""Standard normal deviate of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A study on both sides, or on one."""

    old: Standing | None
    new: Standing | None

    @property
    def change(self) -> str:
        """What is another: "only old", "only new", "band", "rank" or "none"."""
        if self.new is None:
            return "only old"
        if self.old is None:
            return "only new"
        if self.old.band is not self.new.band:
            return "band"
        return "none" if self.old.rank == self.new.rank else "rank"

    @property
    def moved(self) -> int | None:
        """Places towards the top; None where one side has no rank."""
        if self.old is None or self.new is None or not self.old.rank or not self.new.rank:
            return None
        return self.old.rank - self.new.rank

    @property
    def any(self) -> Standing:
        """The new side's, or else the old one's."""
        standing = self.new or self.old
        assert standing is not None
        return standing


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that two rankings differ in."""

    pairs: tuple[Pair, ...]
    """In the new side's order, then those of the old side alone."""
    bands: tuple[tuple[int, ...], ...]
    """Studies with a score on both sides: rows by old, columns by new band, as in RANKED."""
    correlation: Figure
    """Spearman's, of the scores."""
    kappa: Figure
    """Cohen's, of the bands."""

    def count(self, change: str) -> int:
        """How many studies changed so."""
        return sum(pair.change == change for pair in self.pairs)


def compare(old: Sequence[Standing], new: Sequence[Standing]) -> Comparison:
    """Set two rankings beside each other; a study is known by its key, or else by its files."""
    pairs = tuple(_paired(old, new))
    both = [(p.old, p.new) for p in pairs if p.old and p.new and p.old.rank and p.new.rank]
    table = np.zeros((len(RANKED), len(RANKED)), dtype=np.int64)
    for before, after in both:
        table[RANKED.index(before.band), RANKED.index(after.band)] += 1
    scores = [(before.score or 0.0, after.score or 0.0) for before, after in both]
    bands = tuple(tuple(int(n) for n in row) for row in table)
    return Comparison(pairs, bands, _spearman(scores), kappa.cohen(table))


def _paired(old: Sequence[Standing], new: Sequence[Standing]) -> Iterator[Pair]:
    by_key = {one.key: one for one in old}
    known = {one.key for one in new}
    by_files: dict[frozenset[str], list[Standing]] = {}
    for one in reversed(old):
        if one.key not in known and one.digests:
            by_files.setdefault(one.digests, []).append(one)
    left = dict(by_key)
    for one in new:
        same = by_files.get(one.digests)
        found = by_key.get(one.key) or (same.pop() if same else None)
        if found:
            del left[found.key]
        yield Pair(found, one)
    for one in left.values():
        yield Pair(one, None)


def _spearman(pairs: Sequence[tuple[float, float]]) -> Figure:
    """Interval after Bonett and Wright (2000), Psychometrika 65, 23-28."""
    n = len(pairs)
    if n < 4:
        return Figure(None, None, None, n)
    first, second = (_ranks(np.array(side)) for side in zip(*pairs, strict=True))
    if not np.ptp(first) or not np.ptp(second):
        return Figure(None, None, None, n)
    value = min(1.0, max(-1.0, float(np.corrcoef(first, second)[0, 1])))
    if abs(value) > 1 - 1e-12:
        return Figure(value, value, value, n)
    half = Z * sqrt((1 + value**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(value) + np.array([-half, half]))
    return Figure(value, float(low), float(high), n)


def _ranks(values: Array) -> Array:
    """Equal values have the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: Array = (ends - (counts - 1) / 2)[inverse]
    return mean


def notable(pairs: Iterable[Pair]) -> list[Pair]:
    """What differs, the most notable first: bands, studies of one side, then the longest moves."""
    order = ("band", "only new", "only old", "rank")
    changed = [pair for pair in pairs if pair.change in order]
    return sorted(changed, key=lambda pair: (order.index(pair.change), -abs(pair.moved or 0)))
