"""Agreement beyond chance, with an interval of 95 %. Pure functions of tables of counts.

Intervals are percentiles of draws of as many studies from the table's own shares. Where all agree
about all studies every draw does so too: such an interval has no width, and its n says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of agreement with its interval of 95 %; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Studies that it is of."""


def cohen(table: Counts) -> Figure:
    """Cohen's kappa (1960) of two raters.

    Args:
        table: (K, K) studies by the first rater's class and the second's.

    Returns:
        Kappa; undefined without studies, or where chance alone would always agree.
    """
    n = int(table.sum())
    drawn = _drawn(table.ravel(), n).reshape(-1, *table.shape)
    return _figure(_cohens(table[None].astype(float)), _cohens(drawn), n)


def fleiss(counts: Counts) -> Figure:
    """Fleiss' kappa (1971) of two or more raters who all judged the same studies.

    Args:
        counts: (N, K) raters by study and class; every study has as many.

    Returns:
        Kappa; undefined without studies, or where chance alone would always agree.
    """
    n = len(counts)
    if not n:
        return Figure(None, None, None, n)
    patterns, studies = np.unique(counts, axis=0, return_counts=True)
    drawn = _drawn(studies, n)
    return _figure(_fleiss(patterns, studies[None].astype(float)), _fleiss(patterns, drawn), n)


def _drawn(studies: Counts, n: int) -> Array:
    """(DRAWS, cells) studies by cell, as another sample of as many might have them."""
    shares = studies / max(n, 1)
    drawn: Array = np.random.default_rng(0).multinomial(n, shares, DRAWS).astype(float)
    return drawn


def _figure(value: Array, draws: Array, n: int) -> Figure:
    if not n or np.isnan(value[0]):
        return Figure(None, None, None, n)
    low, high = np.nanpercentile(draws, (2.5, 97.5))
    return Figure(float(value[0]), float(low), float(high), n)


def _cohens(tables: Array) -> Array:
    """(D,) of (D, K, K) tables; NaN where it is not defined."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = tables.sum((1, 2))
        observed = np.trace(tables, axis1=1, axis2=2) / total
        expected = (tables.sum(2) * tables.sum(1)).sum(1) / total**2
        return _beyond(observed, expected)


def _fleiss(patterns: Counts, studies: Array) -> Array:
    """(D,) of (D, P) studies by (P, K) pattern of classes; NaN where it is not defined."""
    raters = patterns.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = studies.sum(1)
        alike = ((patterns**2).sum(1) - raters) / (raters * (raters - 1))
        observed = studies @ alike / total
        shares = studies @ (patterns / raters[:, None]) / total[:, None]
        return _beyond(observed, (shares**2).sum(1))


def _beyond(observed: Array, expected: Array) -> Array:
    kappas: Array = np.where(expected >= 1, np.nan, (observed - expected) / (1 - expected))
    return kappas
