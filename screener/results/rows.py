"""What a front end shows of studies and radiographs, and how it comes out of the database's rows.

Values only: no queries, and nothing that a screen, a page or a file would show differently. A
stored value that cannot be raises ValueError or TypeError; the caller says of what it was.
"""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from screener import marks
from screener.lungs import LungOutline
from screener.rates import Alike
from screener.results import identity, records
from screener.results.identity import Identify, Row
from screener.study import (
    LABELS,
    ActivationMap,
    Band,
    Outcome,
    Projection,
    Refusal,
    Review,
    ScanRun,
    Verdict,
    deciding,
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One line of the worklist."""

    rank: int | None
    """From 1 among the scored studies; None for an unscored one."""
    key: str
    patient: str
    """The name, number or pseudonym, as the identification policy allows."""
    pseudonym: str
    band: Band
    score: float | None
    label: str | None
    """The most probable class of the radiograph that gave the score."""
    probabilities: tuple[float, ...] | None
    """Of that radiograph, in the order of LABELS."""
    taken_at: datetime | None
    age: float | None
    sex: str
    projections: tuple[Projection, ...]
    radiographs: int
    """How many were scored."""
    refused: int
    """How many of its files were refused."""
    waiting: int
    """How many are not scored yet."""
    verdict: Verdict | None
    own_label: str | None
    flagged: bool
    comment: str
    reviewer: str | None
    reviewed_at: datetime | None
    marks: tuple[str, ...]
    """What a reader should know of the score, in plain words."""
    reason: str = ""
    """Why a study has no score and gets none."""
    gone: int = 0
    """How many of its refused files are gone since an earlier scan."""
    verdict_reason: str = ""
    """Why the verdict, in the reviewer's words."""


@dataclass(frozen=True, slots=True)
class RadiographRow:
    """A scored radiograph of a study."""

    path: Path
    digest: str
    projection: Projection
    photometric: str
    transfer_syntax: str
    rows: int
    columns: int
    bits_stored: int
    probabilities: tuple[float, ...]
    activation: ActivationMap | None
    border_share: float | None
    distance: float | None
    spread: float | None
    inverted: bool
    lungs: LungOutline | None = None

    @property
    def map_inside(self) -> float | None:
        """Share of its map that lies within its lungs, where both are shown."""
        if self.lungs is None or self.activation is None or not self.activation.drawn:
            return None
        return self.lungs.map_inside


@dataclass(frozen=True, slots=True)
class StudyDetail:
    """Everything the store knows of a study."""

    row: StudyRow
    radiographs: tuple[RadiographRow, ...]
    refusals: tuple[Refusal, ...]
    waiting: tuple[Refusal, ...]
    """Files that are not scored yet."""
    reviews: tuple[Review, ...]
    """Of all reviewers, oldest first."""
    alike: Alike | None = None
    """What films with scores like its own showed, where its weights' card says."""

    @property
    def deciding(self) -> RadiographRow:
        """The radiograph that gave the study its score."""
        return self.radiographs[deciding(self.radiographs)]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files and studies; ``found`` is the sum of the five outcomes, always."""

    found: int
    scored: int
    unsuitable: int
    unreadable: int
    not_attempted: int
    waiting: int
    """Not scored yet."""
    studies: int
    skipped: int
    """Hidden files and DICOMDIR that the latest run passed over by name."""
    reviewed: int
    by_band: dict[Band, int] = field(default_factory=dict)
    other: int = 0
    """Of the unsuitable files, those that are no chest radiographs."""
    gone: int = 0
    """Of the files not attempted, those that an earlier scan found and that are gone now."""

    @property
    def refused(self) -> int:
        """Files without a score, and none to come."""
        return self.found - self.scored - self.waiting

    @property
    def unscored(self) -> int:
        """Refused files that may be chest films."""
        return self.refused - self.other


def study_row(found: sqlite3.Row, rank: int | None, identify: Identify) -> StudyRow:
    """From a row of ``study``, showing of the patient what is allowed."""
    row = _by_name(found)
    probabilities = records.probabilities_of(row) if row["probabilities"] else None
    return StudyRow(
        rank=rank,
        key=_text(row, "key"),
        patient=identity.shown(row, identify),
        pseudonym=_text(row, "pseudonym"),
        band=Band(row["band"]),
        score=_number(row, "score"),
        label=_known_label(row, "label"),
        probabilities=probabilities,
        taken_at=records.timestamp(row["taken_at"]),
        age=_number(row, "age"),
        sex=_text(row, "sex"),
        projections=tuple(Projection(p) for p in row["projections"].split(",") if p),
        radiographs=_count(row, "scored"),
        refused=_count(row, "refused"),
        waiting=_count(row, "waiting"),
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        own_label=_known_label(row, "own_label"),
        flagged=bool(row["flagged"]),
        comment=_text(row, "comment"),
        reviewer=_text(row, "reviewer") if row["reviewer"] is not None else None,
        reviewed_at=records.timestamp(row["reviewed_at"]),
        marks=marks.marks(
            probabilities=probabilities,
            border_share=_number(row, "border_share"),
            unexplained=row["explained"] == 0,
            spread=_number(row, "spread"),
            inverted=bool(row["inverted"]),
            age=_number(row, "age"),
            phantom=bool(row["phantom"]),
            lungs=tuple(json.loads(row["lung_marks"])) if row["lung_marks"] else (),
        ),
        verdict_reason=_text(row, "verdict_reason"),
    )


def radiograph_row(found: sqlite3.Row) -> RadiographRow:
    """From a row of ``file`` joined with its result."""
    row = _by_name(found)
    return RadiographRow(
        path=records.path_of(row["path"]),
        digest=_text(row, "digest"),
        projection=Projection(row["projection"]),
        photometric=_text(row, "photometric"),
        transfer_syntax=_text(row, "transfer_syntax"),
        rows=_count(row, "rows"),
        columns=_count(row, "columns"),
        bits_stored=_count(row, "bits_stored"),
        probabilities=records.probabilities_of(row),
        activation=records.activation_of(row),
        border_share=_number(row, "border_share"),
        distance=_number(row, "distance"),
        spread=_number(row, "spread"),
        inverted=bool(row["inverted"]),
        lungs=records.lungs_of(row["lungs"]),
    )


def refusal_row(row: sqlite3.Row) -> Refusal:
    """From a row of ``file`` that has no score."""
    return Refusal(
        records.path_of(row["path"]),
        Outcome(row["outcome"]),
        _text(row, "reason"),
        _text(row, "study_key"),
        row["digest"] or "",
    )


def run_row(row: sqlite3.Row) -> ScanRun:
    """From a row of ``run``."""
    return ScanRun(
        row["id"],
        tuple(json.loads(row["folders"])),
        row["weights_digest"],
        row["device"],
        datetime.fromisoformat(row["started_at"]),
        records.timestamp(row["finished_at"]),
        _count(row, "found"),
        _count(row, "scored"),
        _count(row, "refused"),
        dict(json.loads(row["options"])),
    )


def review_row(row: sqlite3.Row) -> Review:
    """From a row of ``review``."""
    return Review(
        _text(row, "study_key"),
        _text(row, "reviewer"),
        Verdict(row["verdict"]) if row["verdict"] else None,
        _known_label(row, "label"),
        bool(row["flagged"]),
        _text(row, "comment"),
        datetime.fromisoformat(row["reviewed_at"]),
        _text(row, "reason"),
        _number(row, "seconds"),
    )


def _by_name(row: sqlite3.Row) -> dict[str, Any]:
    """The same to be asked for many columns: a Row goes through its names for each."""
    return dict(zip(row.keys(), row, strict=True))


def _text(row: Row, name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _known_label(row: Row, name: str) -> str | None:
    value = row[name]
    if value is None:
        return None
    if value not in LABELS:
        raise ValueError(f"{name} is no class")
    return str(value)


def _count(row: Row, name: str) -> int:
    value = row[name]
    if not isinstance(value, int) or value < 0:
        raise TypeError(f"{name} is no count")
    return value


def _number(row: Row, name: str) -> float | None:
    value = row[name]
    if value is None:
        return None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{name} is no number")
    return float(value)
