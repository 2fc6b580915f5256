"""From scores to the order of review: pure functions, the same answer for the same studies.

A study counts as suspicious as its most suspicious radiograph. The order is total: unscored studies
first, then by band, score, age of the study and key; then those not scored yet, and last what is no
chest radiograph. Nothing is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from screener.study import (
    Band,
    Outcome,
    RadiographScore,
    Refusal,
    Study,
    StudyResult,
    deciding,
    likeliest,
    suspicion,
)

_BANDS = (Band.UNSCORED, Band.PRIORITY, Band.ELEVATED, Band.ROUTINE, Band.WAITING, Band.OTHER)
FIRST_RANK = str(_BANDS.index(Band.PRIORITY))
"""The places of ranked studies begin here."""
BEYOND_RANKS = str(_BANDS.index(Band.WAITING))
"""The places of ranked studies are before this."""
_WORST_FIRST = (Outcome.UNREADABLE, Outcome.UNSUITABLE)


def study_result(
    study: Study, scores: Sequence[RadiographScore], refusals: Sequence[Refusal]
) -> StudyResult:
    """Join what became of a study's files."""
    if not scores:
        return StudyResult(study, _unscored(refusals), None, None, (), tuple(refusals))
    top = scores[deciding(scores)].probabilities
    score, label = suspicion(top), likeliest(top)
    return StudyResult(study, Outcome.SCORED, score, label, tuple(scores), tuple(refusals))


def _unscored(refusals: Sequence[Refusal]) -> Outcome:
    """A study with a damaged file is damaged, whatever else was wrong in it."""
    outcomes = {refusal.outcome for refusal in refusals}
    return next((o for o in _WORST_FIRST if o in outcomes), Outcome.NOT_ATTEMPTED)


def place(score: float | None, band: Band, taken_at: str, key: str) -> str:
    """A text whose order is the worklist's: unscored, bands, score down, oldest first, key.

    Args:
        score: suspicion score, 0 to 1.
        band: of that score.
        taken_at: ISO 8601 with microseconds; "" for an undated study, which comes last.
        key: of the study.
    """
    bits: int = struct.unpack(">Q", struct.pack(">d", score or 0.0))[0]  # ordered as the score is
    return f"{_BANDS.index(band)}{0xFFFF_FFFF_FFFF_FFFF - bits:016x}{taken_at or '~':26}{key}"
