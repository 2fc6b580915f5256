"""Figures with their intervals: proportions, confusion tables, AUC, calibration.

Gives no proportion without the interval that says how little a small set of images knows; knows
nothing of networks or images. Intervals of proportions are scipy's, loaded late;
it has none for an area under the curve that resamples whole patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TINY = 30
"""Below this many cases a proportion gets the exact interval in place of Wilson's."""
RESAMPLES = 1000
BINS = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int

    @property
    def percent(self) -> str:
        """As "96.2 % (94.5 to 97.5)"; a dash where no case speaks about it."""
        if math.isnan(self.value):
            return "–"
        if math.isnan(self.low):
            return f"{100 * self.value:.1f} % (chosen)"
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "–"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def proportion(successes: int, n: int) -> Estimate:
    """A proportion with Wilson's interval, or the exact one where there are few cases."""
    return exact(successes, n) if n < TINY else wilson(successes, n)


def wilson(successes: int, n: int) -> Estimate:
    """A proportion with Wilson's score interval."""
    return _proportion(successes, n, "wilson")


def exact(successes: int, n: int) -> Estimate:
    """A proportion with the interval of Clopper and Pearson."""
    return _proportion(successes, n, "exact")


def share(hits: Array, patients: Sequence[str]) -> Estimate:
    """A share of films, with an interval that knows that films of one patient are alike.

    One film a patient gives :func:`proportion`. Otherwise the exact interval of as many independent
    films as say what these say (Korn and Graubard 1998): never more than there are, and where
    all films agree no more than there are patients.

    Args:
        hits: (N,) bool.
        patients: N patient ids.
    """
    films = len(hits)
    names, patient = np.unique(np.asarray(patients, str), return_inverse=True)
    if len(names) == films:
        return proportion(int(hits.sum()), films)
    value = float(hits.mean())
    spread = np.bincount(patient, hits - value)  # (patients,)
    people = len(names)
    alone = value * (1 - value)
    if alone == 0 or people == 1:
        return _effective(value, people, films)
    variance = people / (people - 1) * float((spread**2).sum()) / films**2
    return _effective(value, min(films, alone / variance) if variance else films, films)


def _effective(value: float, size: float, films: int) -> Estimate:
    """The exact interval of a share among ``size`` independent films, no whole number perhaps."""
    from scipy.stats import beta

    hits = value * size
    low = float(beta.ppf(0.025, hits, size - hits + 1)) if value > 0 else 0.0
    high = float(beta.ppf(0.975, hits + 1, size - hits)) if value < 1 else 1.0
    return Estimate(value, low, high, films)


def _proportion(successes: int, n: int, method: str) -> Estimate:
    # Imported late: scipy.stats costs nearly a second.
    from scipy.stats import binomtest

    if n == 0:
        return NOTHING
    low, high = binomtest(successes, n).proportion_ci(0.95, method)
    return Estimate(successes / n, float(low), float(high), n)


def confusion(truth: Array, predicted: Array, classes: int) -> Array:
    """(C, C) counts, rows the true class and columns the predicted one."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """What a confusion table says of one class."""

    sensitivity: Estimate
    ppv: Estimate
    f1: Estimate


def class_figures(truth: Array, predicted: Array, patients: Array, index: int) -> ClassFigures:
    """Sensitivity, positive predictive value and F1 of one class, by patient.

    Args:
        truth: (N,) classes.
        predicted: (N,) classes.
        patients: (N,) ids.
        index: of the class.
    """
    true, called = truth == index, predicted == index

    def among(films: Array) -> Estimate:
        return share((true & called)[films], patients[films].tolist())

    return ClassFigures(among(true), among(called), _f1_of(among(true | called)))


def class_figures_of(hits: int, true: int, called: int) -> ClassFigures:
    """The same from the numbers of images that are in the class, called so, and both."""
    overlap = proportion(hits, true + called - hits)
    return ClassFigures(proportion(hits, true), proportion(hits, called), _f1_of(overlap))


def _f1_of(overlap: Estimate) -> Estimate:
    # F1 = 2J / (1 + J) of the proportion J of hits among what is true or called so.
    return Estimate(_f1(overlap.value), _f1(overlap.low), _f1(overlap.high), overlap.n)


def _f1(overlap: float) -> float:
    return 2 * overlap / (1 + overlap)


def balanced_accuracy(counts: Array) -> float:
    """Mean sensitivity over the classes that occur."""
    totals = counts.sum(axis=1)
    occurs = totals > 0
    return float(np.mean(np.diag(counts)[occurs] / totals[occurs])) if occurs.any() else math.nan


@dataclass(frozen=True, slots=True)
class Curve:
    """The operating points of a score, from "none is positive" to "all are"."""

    sensitivity: Array
    false_positive_rate: Array
    precision: Array
    """1 at the first point, where nothing is called positive."""


def curve(positive: Array, scores: Array) -> Curve:
    """Every operating point of a score; needs at least one positive and one negative case."""
    values, group = np.unique(-scores, return_inverse=True)
    hits = np.bincount(group, positive, len(values)).cumsum()
    alarms = np.bincount(group, ~positive, len(values)).cumsum()
    return Curve(
        sensitivity=np.r_[0, hits / hits[-1]],
        false_positive_rate=np.r_[0, alarms / alarms[-1]],
        precision=np.r_[1, hits / (hits + alarms)],
    )


def average_precision(points: Curve) -> float:
    """Precision averaged over the steps in sensitivity."""
    return float(np.sum(np.diff(points.sensitivity) * points.precision[1:]))


def auc(
    positive: Array,
    scores: Array,
    patients: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Area under the ROC curve, with a percentile interval from resampling whole patients.

    Args:
        positive: (N,) bool.
        scores: (N,) higher for positive; ties count half.
        patients: N patient ids, resampled with all their images.
        resamples: bootstrap samples; those without both kinds are left out.
        seed: of the bootstrap.
    """
    if positive.all() or not positive.any():  # none at all, too
        return NOTHING
    values, group = np.unique(scores, return_inverse=True)
    _, patient = np.unique(np.asarray(patients), return_inverse=True)
    people = int(patient.max()) + 1

    def area(weights: Array) -> float:
        up = np.bincount(group, weights * positive, len(values))
        down = np.bincount(group, weights * ~positive, len(values))
        pairs = up.sum() * down.sum()
        return float((up * (down.cumsum() - down / 2)).sum() / pairs) if pairs else math.nan

    draws = np.random.default_rng(seed)
    areas = [
        area(np.bincount(draws.integers(people, size=people), minlength=people)[patient])
        for _ in range(resamples)
    ]
    low, high = np.nanpercentile(areas, [2.5, 97.5])
    return Estimate(area(np.ones(len(scores))), float(low), float(high), len(scores))


def mean(
    values: Array, patients: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """A mean over images, with a percentile interval from resampling whole patients.

    Args:
        values: (N,) one an image.
        patients: N patient ids, resampled with all their images.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    if not len(values):
        return NOTHING
    _, patient = np.unique(np.asarray(patients), return_inverse=True)
    people = int(patient.max()) + 1
    draws = np.random.default_rng(seed)
    times = draws.multinomial(people, np.full(people, 1 / people), resamples)[:, patient]
    low, high = np.percentile((times @ values) / times.sum(axis=1), [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a probability is what it says."""

    error: float
    """Expected calibration error over equal-width bins."""
    slope: float
    """1 when right; below 1 the scores are too extreme."""
    intercept: float
    """0 when right; below 0 the scores are too high on the whole (slope held at 1)."""
    said: Array
    """Mean probability of each bin that is not empty."""
    came: Array
    """Share of positives in the same bins."""
    cases: Array


def calibration(positive: Array, probabilities: Array, bins: int = BINS) -> Calibration:
    """Calibration of the probability of one class; slope and intercept by logistic regression."""
    cell = np.minimum((probabilities * bins).astype(int), bins - 1)
    cases = np.bincount(cell, minlength=bins)
    filled = cases > 0
    said = np.bincount(cell, probabilities, bins)[filled] / cases[filled]
    came = np.bincount(cell, positive, bins)[filled] / cases[filled]
    error = float(np.sum(cases[filled] * np.abs(said - came)) / max(1, len(positive)))
    logits = _logit(probabilities)
    ones = np.ones((len(logits), 1))
    slope = _logistic(np.column_stack([logits, ones]), positive, np.zeros_like(logits))
    intercept = _logistic(ones, positive, logits)
    return Calibration(error, float(slope[0]), float(intercept[0]), said, came, cases[filled])


def _logit(probabilities: Array) -> Array:
    clipped = np.clip(probabilities.astype(float), 1e-6, 1 - 1e-6)
    logits: Array = np.log(clipped / (1 - clipped))
    return logits


def _logistic(features: Array, positive: Array, offset: Array) -> Array:
    """Coefficients of a logistic regression by Newton's method; NaN where none is finite."""
    weights = np.zeros(features.shape[1])
    for _ in range(30):
        expected = 1 / (1 + np.exp(-np.clip(features @ weights + offset, -30, 30)))
        gradient = features.T @ (positive - expected)
        curvature = (features.T * (expected * (1 - expected))) @ features
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            return weights
    return weights * math.nan  # one kind only, or separable: the best coefficient is infinite
