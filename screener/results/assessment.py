"""A site's own figures: what the order of the list is worth where it is used.

From studies that were judged without their scores, weighted back to the whole list: shares of each
band, sensitivity, specificity and predictive values by threshold, area under the curve,
calibration, agreement of readers. Every figure has its interval and its n; where a stratum was not
judged, the figures that need it are not given. Pure functions; knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from screener.results.resampling import RESAMPLES, Array, Case, Cells, Figure, Resampler, figure
from screener.study import RANKED, Band

__all__ = ["Assessment", "BandFigures", "Case", "Figure", "Operating", "assess"]

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds of the table, beside today's."""
BINS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Scores at which the calibration is cut."""
REACH = 15.0
"""Greatest shift of the logit that is looked for."""


@dataclass(frozen=True, slots=True)
class BandFigures:
    """How many studies of a band a reader calls suspicious."""

    band: str
    studies: int
    judged: int
    suspicious: float
    """Of those judged; halves where readers differ."""
    share: Figure
    number: Figure
    """In the whole list."""


@dataclass(frozen=True, slots=True)
class Operating:
    """What a threshold does."""

    threshold: float
    name: str
    """Of today's band that begins here; empty for others."""
    above: int
    """Studies of the list at or above it."""
    sensitivity: Figure
    specificity: Figure
    ppv: Figure
    npv: Figure


@dataclass(frozen=True, slots=True)
class Bin:
    """Calibration in one interval of the score."""

    least: float
    below: float
    mean: float
    studies: int
    share: Figure


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two readers over the studies both judged."""

    first: str
    second: str
    same: int
    kappa: Figure
    """Cohen's, weighted back to the list."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """All figures of a site."""

    studies: int
    """Of the list."""
    judged: int
    patients: int
    bands: tuple[BandFigures, ...]
    prevalence: Figure
    thresholds: tuple[Operating, ...]
    auc: Figure
    calibration: tuple[Bin, ...]
    intercept: Figure
    """What would have to be added to the scores' logits for them to be right on the whole."""
    agreements: tuple[Agreement, ...]
    blank: tuple[str, ...]
    """Strata that have studies and none judged."""

    def at(self, name: str) -> Operating:
        """The row of a band's threshold."""
        return next(row for row in self.thresholds if row.name == name)


def assess(
    cases: Sequence[Case],
    population: Sequence[float],
    drawn_from: Mapping[str, float],
    today: Mapping[str, float],
    findings: Mapping[str, Mapping[str, bool]] | None = None,
    resamples: int = RESAMPLES,
) -> Assessment:
    """Every figure.

    Args:
        cases: judged studies; within each stratum as good as drawn by lot.
        population: scores of all studies of the list.
        drawn_from: least score of the upper strata by band, as they were when cases were drawn.
        today: the same of today's bands.
        findings: suspicious or not, by reader and study, for the readers' agreement.
        resamples: of the bootstrap.
    """
    sampler = Resampler(cases, population, tuple(drawn_from.values()), resamples)
    names = {least: band for band, least in reversed(list(today.items()))}
    return Assessment(
        studies=len(population),
        judged=len(cases),
        patients=len({case.patient for case in cases}),
        bands=tuple(band_figures(sampler, today)),
        prevalence=_share(sampler.cells(()), None, len(cases)),
        thresholds=tuple(
            operating(sampler, least, names.get(least, "")) for least in sorted({*GRID, *names})
        ),
        auc=auc(sampler),
        calibration=tuple(bins(sampler)),
        intercept=intercept(sampler),
        agreements=tuple(agreements(sampler, findings or {})),
        blank=_blank(sampler, drawn_from),
    )


def _blank(sampler: Resampler, drawn_from: Mapping[str, float]) -> tuple[str, ...]:
    """Names of the strata of which nothing is known."""
    stratum = {float(least): number for number, least in enumerate([-np.inf, *sampler.cuts])}
    least = {band.value: float(drawn_from.get(band, -np.inf)) for band in RANKED}
    return tuple(name for name in least if sampler.blank[stratum[least[name]]])


def band_figures(sampler: Resampler, today: Mapping[str, float]) -> Iterable[BandFigures]:
    """Each of today's bands, whatever the bands were when the cases were drawn."""
    cells = sampler.cells(tuple(today.values()))
    named = np.array([Band.of(max(least, 0), today) for least in [0.0, *cells.edges]])
    cell = np.searchsorted(cells.edges, sampler.scores, side="right")
    for band in RANKED:
        inside = named == band.value
        judged = inside[cell] if len(cell) else np.zeros(0, bool)
        studies = int(cells.population[inside].sum())
        number, numbers = cells.suspicious(inside)
        share = _share(cells, inside, int(judged.sum()))
        yield BandFigures(
            band.value,
            studies,
            int(judged.sum()),
            float(sampler.suspicious[judged].sum()),
            share,
            figure(number, numbers, int(judged.sum())),
        )


def _share(cells: Cells, inside: Array | None, n: int) -> Figure:
    """Suspicious share of some cells, or of the whole list."""
    inside = np.ones(len(cells.population), bool) if inside is None else inside
    yes, no = cells.suspicious(inside), cells.clear(inside)
    return _ratio(yes, no, n)


def _ratio(part: tuple[float, Array], rest: tuple[float, Array], n: int) -> Figure:
    """A part of the whole that it makes up with the rest."""
    whole, wholes = part[0] + rest[0], part[1] + rest[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = part[0] / whole if whole else np.nan
        return figure(value, part[1] / np.where(wholes > 0, wholes, np.nan), n)


def operating(sampler: Resampler, threshold: float, name: str = "") -> Operating:
    """Sensitivity, specificity and predictive values of a threshold."""
    cells = sampler.cells((threshold,))
    above = cells.above(threshold)
    judged = sampler.scores >= threshold
    yes = float(np.sum(sampler.suspicious > 0))
    hits, misses = cells.suspicious(above), cells.suspicious(~above)
    alarms, passed = cells.clear(above), cells.clear(~above)
    return Operating(
        threshold,
        name,
        int(cells.population[above].sum()),
        _ratio(hits, misses, int(yes)),
        _ratio(passed, alarms, int(np.sum(sampler.suspicious < 1))),
        _ratio(hits, alarms, int(judged.sum())),
        _ratio(passed, misses, int(len(judged) - judged.sum())),
    )


def auc(sampler: Resampler) -> Figure:
    """Chance that a suspicious study has a higher score than another; ties count half."""
    n = len(sampler.cases)
    if not n or sampler.blank.any():
        return Figure(None, None, None, n)
    order = np.argsort(sampler.scores)
    starts = np.flatnonzero(np.r_[True, np.diff(sampler.scores[order]) > 0])
    yes, no, resampled_yes, resampled_no = sampler.list_weights()
    value = _area(yes[None, order], no[None, order], starts)[0]
    return figure(value, _area(resampled_yes[:, order], resampled_no[:, order], starts), n)


def _area(yes: Array, no: Array, starts: Array) -> Array:
    """(R,) areas from (R, n) weights in the order of the score, whose ties begin at ``starts``."""
    up = np.add.reduceat(yes, starts, axis=1)
    down = np.add.reduceat(no, starts, axis=1)
    pairs = up.sum(axis=1) * down.sum(axis=1)
    below = down.cumsum(axis=1) - down / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        area: Array = (up * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan)
    return area


def bins(sampler: Resampler) -> Iterable[Bin]:
    """Share of suspicious studies by score; empty intervals are left out."""
    cells = sampler.cells(BINS)
    least = np.r_[-np.inf, cells.edges]
    for low, high in zip((0.0, *BINS), (*BINS, 1.0), strict=True):
        top = np.inf if high == 1 else high
        inside = (least >= (low or -np.inf)) & (least < top)
        members = (sampler.population >= low) & (sampler.population < top)
        if members.any():
            judged = int(np.sum((sampler.scores >= low) & (sampler.scores < top)))
            mean = float(sampler.population[members].mean())
            yield Bin(low, high, mean, int(members.sum()), _share(cells, inside, judged))


def intercept(sampler: Resampler) -> Figure:
    """Shift of the logit with which the mean score of the list is its suspicious share."""
    n = len(sampler.cases)
    if not n or sampler.blank.any():
        return Figure(None, None, None, n)
    cells = sampler.cells(())
    everything = np.ones(len(cells.population), bool)
    yes, no = cells.suspicious(everything), cells.clear(everything)
    shifts = np.linspace(-REACH, REACH, 1201)
    scores = _thinned(sampler.population)
    means = np.array([recentred(scores, shift).mean() for shift in shifts])
    value = np.interp(yes[0] / (yes[0] + no[0]), means, shifts)
    resampled = np.interp(yes[1] / (yes[1] + no[1]), means, shifts)
    return figure(float(value), resampled, n)


def _thinned(scores: Array) -> Array:
    """A thousand scores that stand for more of them."""
    if len(scores) <= 1000:
        return scores
    thinned: Array = np.quantile(scores, (np.arange(1000) + 0.5) / 1000)
    return thinned


def recentred(scores: Array, shift: float) -> Array:
    """Scores with something added to their logits."""
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    moved: Array = 1 / (1 + (1 - clipped) / clipped * np.exp(-shift))
    return moved


def agreements(
    sampler: Resampler, findings: Mapping[str, Mapping[str, bool]]
) -> Iterable[Agreement]:
    """Cohen's kappa of each two readers over the studies both judged."""
    place = {case.key: index for index, case in enumerate(sampler.cases)}
    for first, second in combinations(sorted(findings), 2):
        shared = [key for key in findings[first] if key in findings[second] and key in place]
        if shared:
            at = np.array([place[key] for key in shared])
            said = np.array([[findings[who][key] for key in shared] for who in (first, second)])
            same = int(np.sum(said[0] == said[1]))
            yield Agreement(first, second, same, _kappa(sampler, at, said))


def _kappa(sampler: Resampler, at: Array, said: Array) -> Figure:
    """Kappa with a quarter of a study in each field besides, in the resamples, by stratum."""
    strata = sampler.strata[at]
    numbers = np.bincount(strata, minlength=len(sampler.listed))
    fields = 2 * said[0].astype(int) + said[1]
    plain, resampled = np.zeros((1, 4)), np.zeros((sampler.resamples, 4))
    for stratum in np.flatnonzero(numbers):
        inside = strata == stratum
        member = np.eye(4)[fields[inside]]
        scale = sampler.listed[stratum]
        plain += scale * member.mean(axis=0)
        drawn = sampler.weights[:, at[inside]] @ member + sampler.gamma(np.full(4, 0.25))
        resampled += scale * drawn / drawn.sum(axis=1, keepdims=True)
    return figure(float(_kappas(plain)[0]), _kappas(resampled), len(at))


def _kappas(fields: Array) -> Array:
    """(R,) from (R, 4) weights of neither, second only, first only, both."""
    neither, second, first, both = (fields / fields.sum(axis=1, keepdims=True)).T
    expected = (first + both) * (second + both) + (first + neither) * (second + neither)
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa: Array = np.where(expected < 1, (neither + both - expected) / (1 - expected), np.nan)
    return kappa
