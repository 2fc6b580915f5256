"""A site's own figures as one value for every output, and what may be taken over from them.

Refuses thresholds that the sample cannot carry, and says what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from screener.results.adoption import Adoption
from screener.results.assessment import Assessment, Operating, assess, operating
from screener.results.evidence import Evidence
from screener.results.narrowing import Narrowing, halving
from screener.results.resampling import RESAMPLES, Case, Resampler
from screener.study import RANKED, Band

SENSITIVITY = 0.9
"""Of PRIORITY and ELEVATED together, unless told otherwise."""
LEAST_SUSPICIOUS = 20
"""Patients with a suspicious study, without whom no threshold is taken over."""
LEAST_JUDGED = 20
"""Judged studies of each stratum; all of a smaller one."""
SLACK = 0.15
"""How far below its value the interval of a sensitivity may begin."""
STRATA = tuple(reversed(RANKED))
"""From the lowest score, as a resampler numbers them."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a list at its site."""

    evidence: Evidence
    today: dict[str, float]
    """Least score of today's bands."""
    adopted: Adoption | None
    figures: Assessment
    narrowings: tuple[Narrowing, ...]


def cases(evidence: Evidence) -> list[Case]:
    """The judged studies, in the order of the list."""
    return [
        Case(study.key, study.patient, study.score, evidence.suspicious[study.key])
        for study in evidence.listed
        if study.key in evidence.suspicious
    ]


def sampler_of(evidence: Evidence, resamples: int = RESAMPLES) -> Resampler:
    """The judged studies of a list with their weights."""
    cuts = tuple(evidence.drawn_from.values())
    return Resampler(cases(evidence), [s.score for s in evidence.listed], cuts, resamples)


def site(
    evidence: Evidence,
    today: Mapping[str, float],
    adopted: Adoption | None = None,
    resamples: int = RESAMPLES,
) -> Site:
    """All figures of a site."""
    figures = assess(
        cases(evidence),
        [study.score for study in evidence.listed],
        evidence.drawn_from,
        today,
        evidence.findings,
        resamples,
    )
    return Site(evidence, dict(today), adopted, figures, _narrowings(evidence, today))


def _narrowings(evidence: Evidence, today: Mapping[str, float]) -> tuple[Narrowing, ...]:
    if not evidence.suspicious or Band.ELEVATED not in today:
        return ()
    sampler = sampler_of(evidence, 1)
    if len(sampler.listed) != len(STRATA):
        return ()
    least = today[Band.ELEVATED]
    return tuple(halving(sampler, least, name, STRATA) for name in ("sensitivity", "PPV"))


def threshold_for(sampler: Resampler, sensitivity: float) -> float:
    """The highest threshold at or above which so large a part of the suspicious studies lies.

    Cut, not rounded, to four digits, so that nothing is lost by writing it down.
    """
    suspicious = sampler.scores[sampler.suspicious > 0]
    least = 0.0
    for threshold in sorted({math.floor(1e4 * score) / 1e4 for score in suspicious}, reverse=True):
        least = threshold
        found = operating(sampler, threshold).sensitivity.value
        if found is not None and found >= sensitivity - 1e-9:
            break
    return least


def lacking(found: Site) -> list[str]:
    """What the sample lacks to choose any threshold by; empty where nothing."""
    evidence = found.evidence
    suspicious = {case.patient for case in cases(evidence) if case.suspicious > 0.5}
    missing = []
    judged = dict.fromkeys(RANKED, 0)
    for study in evidence.listed:
        if study.key in evidence.suspicious:
            judged[Band.of(study.score, evidence.drawn_from)] += 1
    for band, studies in evidence.strata().items():
        needed = min(LEAST_JUDGED, studies)
        if judged[band] < needed:
            missing.append(f"{needed - judged[band]} more judged studies of {band}")
    if len(suspicious) < LEAST_SUSPICIOUS:
        missing.append(
            f"{LEAST_SUSPICIOUS - len(suspicious)} more patients with a suspicious study "
            f"(there are {len(suspicious)})"
        )
    return missing


def too_wide(found: Site, at: Operating) -> str:
    """Why the sensitivity of a threshold is not known well enough; empty where it is."""
    figure = at.sensitivity
    if figure.value is None or figure.low is None or figure.high is None:
        return "the sensitivity cannot be told"
    if figure.value - figure.low <= SLACK:
        return ""
    more = next((n.more for n in found.narrowings if n.figure == "sensitivity"), {})
    cure = ", ".join(f"{number} more from {band}" for band, number in more.items())
    return (
        f"the sensitivity from {at.threshold:.3f} up is {figure.value:.2f}, but may be as low as "
        f"{figure.low:.2f}" + (f"; {cure} would about halve the interval" if cure else "")
    )


def proposal(
    found: Site,
    *,
    sensitivity: float | None = None,
    elevated: float | None = None,
    priority: float | None = None,
) -> tuple[dict[str, float], Operating]:
    """Thresholds to take over, and what ELEVATED's does.

    Args:
        found: the site.
        sensitivity: that PRIORITY and ELEVATED together are to have.
        elevated: least score of ELEVATED, in its place.
        priority: least score of PRIORITY; today's, or ELEVATED's where that is higher, if None.
    """
    sampler = sampler_of(found.evidence)
    if elevated is None:
        wanted = SENSITIVITY if sensitivity is None else sensitivity
        elevated = threshold_for(sampler_of(found.evidence, 1), wanted)
    if priority is None:
        priority = max(elevated, found.today[Band.PRIORITY])
    thresholds = {Band.PRIORITY.value: priority, Band.ELEVATED.value: elevated}
    return thresholds, operating(sampler, elevated, Band.ELEVATED.value)
