"""What sample would narrow an interval: how many more studies of which band to read.

The variance of a figure is a sum over the strata, each of which falls as its cases grow; studies
are added where they help most. Promises nothing exact: the shares are those judged so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screener.results.resampling import Array, Resampler
from screener.study import Band

STEP = 10
"""Studies that are added at a time."""
MOST = 5000


@dataclass(frozen=True, slots=True)
class Narrowing:
    """More studies to read, and what they would do to an interval."""

    figure: str
    more: dict[str, int]
    """By band, as drawn; empty where nothing is left to read."""
    factor: float
    """Width of the interval then, as a part of today's."""


def halving(sampler: Resampler, threshold: float, figure: str, bands: Sequence[Band]) -> Narrowing:
    """The fewest further studies with which an interval has half its width, or as near as it gets.

    Args:
        sampler: of the cases.
        threshold: of the figure.
        figure: "sensitivity" or "PPV".
        bands: names of the strata from the lowest.
    """
    cells = sampler.cells((threshold,))
    stratum = np.searchsorted(sampler.cuts, np.r_[-np.inf, cells.edges], side="right")
    above, population = cells.above(threshold), cells.population.astype(float)
    share = (np.nan_to_num(cells.share) * cells.cases + 0.5) / (cells.cases + 1)
    spread = (_slopes(population, share, above, figure) ** 2) * share * (1 - share)
    reach = np.divide(
        population, sampler.listed[stratum], out=np.zeros_like(population),
        where=sampler.listed[stratum] > 0,
    )  # fmt: skip

    def variance(more: Array) -> float:
        return float(np.sum(spread / (cells.cases + reach * more[stratum] + 1)))

    more = np.zeros(len(sampler.listed))
    left = (sampler.listed - sampler.judged).astype(float)
    now = variance(more)
    while variance(more) > now / 4 and more.sum() < MOST:
        options = [_added(more, left, index) for index in range(len(more))]
        best = min(options, key=variance)
        if variance(best) >= variance(more):
            break
        more = best
    return Narrowing(
        figure,
        {bands[index].value: int(number) for index, number in enumerate(more) if number},
        float(np.sqrt(variance(more) / now)) if now else 1.0,
    )


def _added(more: Array, left: Array, index: int) -> Array:
    """A step more from one stratum, or what is left of it."""
    grown = more.copy()
    grown[index] = min(more[index] + STEP, left[index])
    return grown


def _slopes(population: Array, share: Array, above: Array, figure: str) -> Array:
    """(C,) how a figure moves with the share of each cell."""
    if figure == "PPV":
        return np.where(above, population, 0) / max(float(population[above].sum()), 1.0)
    hits = float((population * share)[above].sum())
    misses = float((population * share)[~above].sum())
    slopes: Array = population * np.where(above, misses, -hits) / max((hits + misses) ** 2, 1e-12)
    return slopes
