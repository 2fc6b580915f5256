"""Shares of a whole list from a sample of it that was drawn band by band, and how sure they are.

The list is cut into cells, intervals of the score; of each cell the number of studies is known and
the share of suspicious ones is had from its cases. Uncertainty is a Bayesian bootstrap: every
patient has a random weight, the same in all cells, and each cell half a case of either kind
besides (Jeffreys' prior), so that "none of 60" is never taken for "none". A cell without a case has
what its stratum has; where that has no case either, nothing is known, and that is what comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RESAMPLES = 2000
SEED = 20_200_331


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval and the number of studies behind it."""

    value: float | None
    """None where nothing is known."""
    low: float | None
    high: float | None
    n: int

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Case:
    """A study of the list that somebody judged."""

    key: str
    patient: str
    score: float
    suspicious: float
    """1 or 0; between where readers differ."""


def figure(value: float, resamples: Array, n: int) -> Figure:
    """A figure from its value and (R,) resamples of it; the interval holds the value."""
    if not np.isfinite(value) or np.isnan(resamples).all():
        return Figure(None, None, None, n)
    low, high = np.nanpercentile(resamples, [2.5, 97.5])
    return Figure(float(value), float(min(low, value)), float(max(high, value)), n)


@dataclass(frozen=True, slots=True)
class Cells:
    """Intervals of the score, with the list's studies and the suspicious share of each."""

    edges: Array
    """(C - 1,) least score of each cell but the first."""
    population: Array
    """(C,) studies of the list."""
    cases: Array
    """(C,) judged ones."""
    share: Array
    """(C,) suspicious share; NaN where nothing is known."""
    shares: Array
    """(R, C) resamples of it."""
    populations: Array
    """(R, C) resamples of the list, which is itself a sample of the site's patients."""

    def above(self, threshold: float) -> Array:
        """(C,) which cells lie at or above a threshold, which must be an edge or beyond all."""
        mask: Array = np.r_[-np.inf, self.edges] >= threshold
        return mask

    def suspicious(self, cells: Array) -> tuple[float, Array]:
        """Suspicious studies in some cells: number and (R,) resamples."""
        return self._sum(self.population * self.share, cells), self._sums(
            self.populations * self.shares, cells
        )

    def clear(self, cells: Array) -> tuple[float, Array]:
        """The same of those that are not."""
        return self._sum(self.population * (1 - self.share), cells), self._sums(
            self.populations * (1 - self.shares), cells
        )

    def _sum(self, values: Array, cells: Array) -> float:
        return float(np.where(self.population > 0, values, 0)[cells].sum())

    @staticmethod
    def _sums(values: Array, cells: Array) -> Array:
        total: Array = values[:, cells].sum(axis=1)
        return total


class Resampler:
    """The cases of a list with random weights, the same for every figure.

    Args:
        cases: judged studies.
        population: scores of all studies of the list.
        cuts: least score of each stratum but the lowest, as drawn.
        resamples: R.
        seed: of the weights.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        population: Sequence[float],
        cuts: Sequence[float],
        resamples: int = RESAMPLES,
        seed: int = SEED,
    ) -> None:
        self.cases = cases
        self.cuts = np.unique(np.asarray(cuts, float))
        self.population = np.asarray(population, float)
        self.scores = np.array([case.score for case in cases], float)
        self.suspicious = np.array([case.suspicious for case in cases], float)
        self.resamples = resamples
        self._dice = np.random.default_rng(seed)
        names, person = np.unique([case.patient for case in cases], return_inverse=True)
        people = self._dice.exponential(size=(resamples, len(names)))
        self.weights: Array = people[:, person] if len(cases) else np.zeros((resamples, 0))
        """(R, n)"""
        self.strata = np.searchsorted(self.cuts, self.scores, side="right")
        """(n,)"""
        every = np.arange(len(self.cuts) + 1)
        self.listed = np.bincount(
            np.searchsorted(self.cuts, self.population, side="right"), minlength=len(every)
        )
        """(H,) studies of the list by stratum."""
        self.judged = np.bincount(self.strata, minlength=len(every))
        """(H,) cases by stratum."""
        with np.errstate(invalid="ignore", divide="ignore"):
            self.mean = np.bincount(self.strata, self.suspicious, len(every)) / self.judged
        self.blank = (self.listed > 0) & (self.judged == 0)
        """(H,) strata of which nothing is known."""

    def cells(self, edges: Sequence[float]) -> Cells:
        """Cut the list at some scores, and at the strata's own."""
        cut = np.unique(np.r_[self.cuts, np.asarray(edges, float)])
        cell = np.searchsorted(cut, self.scores, side="right")
        population = np.bincount(
            np.searchsorted(cut, self.population, side="right"), minlength=len(cut) + 1
        )
        stratum = np.searchsorted(self.cuts, np.r_[-np.inf, cut], side="right")  # (C,)
        cases = np.bincount(cell, minlength=len(cut) + 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.bincount(cell, self.suspicious, len(cut) + 1) / cases
        share = np.where(cases > 0, share, self.mean[stratum])
        # (n, C): a case belongs to its cell, and to those of its stratum that have none
        borrowed = (cases == 0) & (stratum == self.strata[:, None])
        member = ((cell[:, None] == np.arange(len(cut) + 1)) | borrowed).astype(float)
        half = np.full(len(cut) + 1, 0.5)
        yes = self.gamma(half) + (self.weights * self.suspicious) @ member
        no = self.gamma(half) + (self.weights * (1 - self.suspicious)) @ member
        shares = yes / (yes + no)
        return Cells(cut, population, cases, share, shares, self.gamma(population))

    def gamma(self, shape: Array) -> Array:
        """(R, C) random weights of (C,) shapes; 0 where the shape is."""
        drawn: Array = self._dice.gamma(shape, size=(self.resamples, len(shape)))
        return drawn

    def list_weights(self) -> tuple[Array, Array, Array, Array]:
        """What each case stands for in the list, as suspicious and as not.

        Returns:
            (n,) and (n,) as judged; (R, n) and (R, n) resamples of them.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            per_case = (self.listed / self.judged)[self.strata]  # (n,)
        member = np.eye(len(self.listed))[self.strata]  # (n, H)
        half = np.where(self.judged > 0, 0.5, 0.0)
        prior = [(self.gamma(half) / np.maximum(self.judged, 1))[:, self.strata] for _ in range(2)]
        yes = self.weights * self.suspicious + prior[0]
        no = self.weights * (1 - self.suspicious) + prior[1]
        scale = (self.gamma(self.listed) / np.maximum((yes + no) @ member, 1e-300))[:, self.strata]
        return (
            per_case * self.suspicious,
            per_case * (1 - self.suspicious),
            yes * scale,
            no * scale,
        )
