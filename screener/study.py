"""The words everything else is written in: radiographs, studies, outcomes, bands, scores.

Frozen values without behaviour beyond their own facts. Imports nothing heavy, so that the
worklist, the report and shell completion can use them at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from screener.lungs import LungOutline

LABELS = ("normal", "bacterial", "viral", "covid19")
"""The network's classes, in the order of its outputs."""

LABEL_NAMES = {
    "normal": "Normal",
    "bacterial": "Bacterial pneumonia",
    "viral": "Viral pneumonia",
    "covid19": "COVID-19",
}
"""What a reader sees for each class."""

TARGET_LABEL = "covid19"
"""The class whose probability is the suspicion score."""

TARGET = LABELS.index(TARGET_LABEL)
"""Its place among the network's outputs."""

RESEARCH_ONLY = (
    "Research use only. Not a medical device. Not for diagnosis, and not to rule out disease."
)
"""The one-line warning that stands in every output."""


MAX_PIXELS = 100_000_000
"""Largest rows x columns decoded, unless told otherwise; a large detector has 18 million."""


class Outcome(StrEnum):
    """What became of a file, after DICOM Chest CAD SR (PS3.16 TID 4100)."""

    SCORED = "scored"
    UNSUITABLE = "unsuitable"
    """Readable, but not a frontal chest radiograph."""
    UNREADABLE = "unreadable"
    """Damaged, empty, or in a form no installed decoder reads."""
    NOT_ATTEMPTED = "not_attempted"
    """Found, but the scan was told not to read it or could not get to it."""
    WAITING = "waiting"
    """Found and accepted by its header; its score is still to come."""


class Projection(StrEnum):
    """The direction of the beam, as the header says it."""

    PA = "PA"
    AP = "AP"
    LATERAL = "LAT"
    UNKNOWN = "unknown"


class Band(StrEnum):
    """The order of review a study is put into. Shown as word, glyph and colour together."""

    PRIORITY = "PRIORITY"
    ELEVATED = "ELEVATED"
    ROUTINE = "ROUTINE"
    UNSCORED = "UNSCORED"
    """Without a score, and none to come, though it may be a chest film: a person looks first."""
    WAITING = "WAITING"
    """Not scored yet. Stands behind the ranking, and leaves that place by being scored."""
    OTHER = "OTHER"
    """No chest radiograph, by its header: counted and listed last, that it opens no worklist."""

    @property
    def glyph(self) -> str:
        """A mark that tells the bands apart without colour."""
        return _GLYPHS[self]

    @classmethod
    def of(cls, score: float | None, thresholds: Mapping[str, float]) -> Band:
        """The band of a score, or of what gets none.

        Args:
            score: suspicion score; None where there is none to come.
            thresholds: least score of each upper band.
        """
        if score is None:
            return cls.UNSCORED
        limits = [thresholds.get(band, math.nan) for band in (cls.PRIORITY, cls.ELEVATED)]
        if not all(map(math.isfinite, (score, *limits))):
            return cls.UNSCORED  # ROUTINE must be measured; it is nobody's default
        if score >= limits[0]:
            return cls.PRIORITY
        return cls.ELEVATED if score >= limits[1] else cls.ROUTINE


_GLYPHS = {
    Band.PRIORITY: "▲",
    Band.ELEVATED: "◆",
    Band.ROUTINE: "●",
    Band.UNSCORED: "○",
    Band.WAITING: "◌",
    Band.OTHER: "×",
}

RANKED = (Band.PRIORITY, Band.ELEVATED, Band.ROUTINE)
"""The bands of studies that have a score."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as one header names them: to tell patients apart, never stored as it is."""

    number: str = ""
    """PatientID."""
    issuer: str = ""
    """Who gave that number: two hospitals' patient 4711 are two."""
    name: str = ""
    age: float | None = None
    """Years."""
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One image, as its header describes it. Holds no pixels and no name."""

    path: Path
    study_key: str
    """StudyInstanceUID, or for PNG and JPEG a key made by the grouping rule."""
    patient_id: str
    """PatientID as read; shown or stored only as the identification policy allows."""
    patient_name: str
    """PatientName as read; shown or stored only with ``--identify full``."""
    accession: str
    taken_at: datetime | None
    patient_age: float | None
    """Years, whole ones from two on: the least that the header says or lets reckon."""
    patient_sex: str
    projection: Projection
    photometric: str
    """MONOCHROME1 or MONOCHROME2 for DICOM, the image mode for PNG and JPEG."""
    transfer_syntax: str
    """UID for DICOM, "png" or "jpeg" otherwise."""
    rows: int
    columns: int
    bits_stored: int
    size: int
    """Bytes of the file."""
    mtime_ns: int
    phantom: bool = False
    """No person was imaged, by Quality Control Image (0028,0300); BOTH would be a person too."""
    issuer: str = ""
    """Issuer of Patient ID."""

    @property
    def patient(self) -> Patient:
        """Whom the header names."""
        return Patient(
            self.patient_id, self.issuer, self.patient_name, self.patient_age, self.patient_sex
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was found and not scored, and why, in words a person understands."""

    path: Path
    outcome: Outcome
    reason: str
    study_key: str = ""
    """The study it belongs to where the header tells, so that siblings can be shown with it."""
    digest: str = ""
    """Of the file's bytes where they were read: makes a refusal of the pixels last, as a score."""
    patient: Patient | None = None
    """Whom the header names, until the studies are made."""

    @property
    def gone(self) -> bool:
        """Whether it was found by an earlier scan, and is not there any more."""
        return self.reason == GONE


GONE = "was here in an earlier scan, is gone now"
"""The reason of a file that a scan of its folder found before and does not find any more."""

OTHER_REASONS = (
    "not radiography",
    "an animal",
    "not the chest",
    "is no chest",
    "a DICOMDIR",
    "holds no image",
    "not a DICOM, PNG or JPEG file",
)
"""In the reason of a refused file that is no chest radiograph, by its header or its first bytes.

What only the pixels speak against (and a lateral, or a damaged file) may be a chest film, which a
person has to look at."""


def is_other(outcome: str, reason: str) -> bool:
    """Whether a refused file is no chest radiograph at all."""
    return outcome == Outcome.UNSUITABLE and any(words in reason for words in OTHER_REASONS)


@dataclass(frozen=True, slots=True)
class Study:
    """The radiographs of one examination of one patient."""

    key: str
    patient_id: str
    patient_name: str
    accession: str
    taken_at: datetime | None
    radiographs: tuple[Radiograph, ...]
    person: str = ""
    """The patient's number and who gave it, as one text; tells patients apart, is never stored."""
    others: tuple[Patient, ...] = ()
    """Whom the headers of its refused files name."""

    @property
    def age(self) -> float | None:
        """The least that any of its headers says, in years."""
        said = [one.age for one in self._patients if one.age is not None]
        return min(said, default=None)

    @property
    def sex(self) -> str:
        """What its headers say, unless they contradict each other."""
        said = {one.sex for one in self._patients if one.sex}
        return said.pop() if len(said) == 1 else ""

    @property
    def _patients(self) -> list[Patient]:
        return [*(one.patient for one in self.radiographs), *self.others]


class Maps(StrEnum):
    """Which maps a scan makes, for radiographs of the bands PRIORITY and ELEVATED."""

    NONE = "none"
    FAST = "fast"
    """Drawn by nobody until they are proven."""
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Proof:
    """What hiding a map's hottest tenth does to the score."""

    whole: float
    """The score of the radiograph as it is."""
    hidden: float
    """The score with the map's own hottest tenth hidden."""
    moved: float
    """The mean score with the same marks at other places."""

    @property
    def holds(self) -> bool:
        """Whether the map says more than its own marks elsewhere: else it is not to be drawn."""
        return self.hidden < min(self.moved, self.whole)


@dataclass(frozen=True, slots=True)
class ActivationMap:
    """Where the score of the target label comes from, at the resolution of the layer looked at."""

    rows: int
    columns: int
    values: bytes
    """rows x columns uint8, row-major; 0 none, 255 the map's own maximum."""
    proof: Proof | None = None
    """None where it was not measured."""

    @property
    def drawn(self) -> bool:
        """Whether it may be shown: only beside a proof that holds."""
        return self.proof is not None and self.proof.holds


@dataclass(frozen=True, slots=True)
class RadiographScore:
    """What the network said of one radiograph."""

    radiograph: Radiograph
    digest: str
    """"sha256:..." of the file's bytes."""
    probabilities: tuple[float, ...]
    """In the order of LABELS; calibrated by the card's temperature; sums to 1."""
    activation: ActivationMap | None = None
    border_share: float | None = None
    """Share of the map's mass in the outer 10 % frame, 0 to 1."""
    distance: float | None = None
    """How unlike the training radiographs it is; the guard's limit is in the card."""
    spread: float | None = None
    """Standard deviation of the target probability over test-time augmentation."""
    inverted: bool = False
    """The pixels look like a negative."""
    lungs: LungOutline | None = None
    """Looked for where there is a map."""

    @property
    def score(self) -> float:
        """The suspicion score: the probability of the target label."""
        return suspicion(self.probabilities)


class Judged(Protocol):
    """A radiograph with the probabilities of its classes, in the order of LABELS."""

    @property
    def probabilities(self) -> Sequence[float]:
        """In the order of LABELS."""


def suspicion(probabilities: Sequence[float]) -> float:
    """The suspicion score of a radiograph: the probability of the target label."""
    return probabilities[TARGET]


def likeliest(probabilities: Sequence[float]) -> str:
    """The most probable label; of equal ones the first."""
    return LABELS[max(range(len(LABELS)), key=probabilities.__getitem__)]


def deciding(radiographs: Sequence[Judged]) -> int:
    """Which radiograph gives its study the score: the most suspicious, of equal ones the first."""
    return max(range(len(radiographs)), key=lambda i: suspicion(radiographs[i].probabilities))


@dataclass(frozen=True, slots=True)
class StudyResult:
    """A study with everything known of it: scores of its radiographs and its refusals."""

    study: Study
    outcome: Outcome
    score: float | None
    """The target probability, maximum over the scored radiographs; None when none was."""
    label: str | None
    """The most probable class of the radiograph that gave the score."""
    scores: tuple[RadiographScore, ...]
    refusals: tuple[Refusal, ...]


class Verdict(StrEnum):
    """What a reviewer thought of the model's label."""

    AGREE = "agree"
    DISAGREE = "disagree"


@dataclass(frozen=True, slots=True)
class Review:
    """One entry of a reviewer. Append-only: a change of mind is a new entry."""

    study_key: str
    reviewer: str
    verdict: Verdict | None
    label: str | None
    """The reviewer's own class, where the verdict is disagree."""
    flagged: bool
    comment: str
    reviewed_at: datetime
    reason: str = ""
    """Why the verdict, in few words."""
    seconds: float | None = None
    """How long the study was looked at before the entry; None where nobody knows."""


Option = str | int | float | bool
"""The value of an option of a command; True and False for one that takes none."""


@dataclass(frozen=True, slots=True)
class ScanRun:
    """One run of ``screener scan`` over some folders."""

    id: int
    folders: tuple[str, ...]
    weights_digest: str
    device: str
    started_at: datetime
    finished_at: datetime | None
    found: int
    scored: int
    refused: int
    options: Mapping[str, Option] = field(default_factory=dict)
    """Of the command, by their names: what a repetition must be told."""
