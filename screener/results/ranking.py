"""From scores to the order of review: pure functions, the same answer for the same studies.

A study counts as suspicious as its most suspicious radiograph. The order is total: unscored studies
first and without a position, then by band, score, age of the study and key. Nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from screener.study import (
    LABELS,
    TARGET_LABEL,
    Band,
    Outcome,
    RadiographScore,
    Ranked,
    Refusal,
    Study,
    StudyResult,
)

_TARGET = LABELS.index(TARGET_LABEL)
_BANDS = (Band.UNSCORED, Band.PRIORITY, Band.ELEVATED, Band.ROUTINE)
_WORST_FIRST = (Outcome.UNREADABLE, Outcome.UNSUITABLE)


def suspicion(score: RadiographScore) -> float:
    """The suspicion score of one radiograph: its target probability."""
    return score.probabilities[_TARGET]


def study_result(
    study: Study, scores: Sequence[RadiographScore], refusals: Sequence[Refusal]
) -> StudyResult:
    """Join what became of a study's files. Of equal scores the first radiograph's counts."""
    if not scores:
        return StudyResult(study, _unscored(refusals), None, None, (), tuple(refusals))
    top = max(scores, key=suspicion)
    likeliest = max(range(len(LABELS)), key=top.probabilities.__getitem__)
    return StudyResult(
        study, Outcome.SCORED, suspicion(top), LABELS[likeliest], tuple(scores), tuple(refusals)
    )


def _unscored(refusals: Sequence[Refusal]) -> Outcome:
    """A study with a damaged file is damaged, whatever else was wrong in it."""
    outcomes = {refusal.outcome for refusal in refusals}
    return next((o for o in _WORST_FIRST if o in outcomes), Outcome.NOT_ATTEMPTED)


def rank(results: Iterable[StudyResult], thresholds: Mapping[str, float]) -> list[Ranked]:
    """Put studies in order of review; positions count from 1 and only scored studies have one.

    Args:
        results: of any studies, in any order.
        thresholds: least suspicion score of the bands PRIORITY and ELEVATED.
    """
    banded = sorted(
        ((Band.of(result.score, thresholds), result) for result in results),
        key=lambda pair: _order(*pair),
    )
    unscored = sum(band is Band.UNSCORED for band, _ in banded)
    return [
        Ranked(place - unscored if place > unscored else None, band, result)
        for place, (band, result) in enumerate(banded, start=1)
    ]


def _order(band: Band, result: StudyResult) -> tuple[int, float, bool, str, str]:
    """Band, score descending, oldest first, undated last, key."""
    taken = result.study.taken_at
    when = taken.isoformat() if taken else ""
    return _BANDS.index(band), -(result.score or 0.0), taken is None, when, result.study.key
