"""What reviewers said, and how far they agree, as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from screener.results.agreement import Agreement
    from screener.results.worklist import StudyRow, Worklist
    from screener.study import Review


def review(row: StudyRow) -> dict[str, Any] | None:
    """What reviewers said of a study, as JSON values; None where nobody did."""
    if row.reviewed_at is None:
        return None
    return {
        "verdict": row.verdict,
        "label": row.own_label,
        "reason": row.verdict_reason,
        "flagged": row.flagged,
        "comment": row.comment,
        "reviewer": row.reviewer,
        "reviewed_at": row.reviewed_at.isoformat(),
    }


def entry(said: Review) -> dict[str, Any]:
    """One reviewer's entry as JSON values."""
    return {**asdict(said), "reviewed_at": said.reviewed_at.isoformat()}


def agreement_json(worklist: Worklist) -> dict[str, Any]:
    """How far reviewers agree with the model's label and with one another, as JSON values."""
    found = worklist.agreements()
    return {
        "reviewers": {name: _agreement(one) for name, one in found.with_model.items()},
        "pairs": [
            {"reviewers": list(pair), **_agreement(one)} for pair, one in found.between.items()
        ],
        "fleiss": asdict(found.of_all) if found.of_all else None,
    }


def _agreement(one: Agreement) -> dict[str, Any]:
    interval = None if one.kappa.value is None else [one.kappa.low, one.kappa.high]
    counts = {"studies": one.studies, "agreed": one.agreed}
    return {**counts, "kappa": one.kappa.value, "kappa_interval": interval}
