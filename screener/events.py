"""What a scan reports while it runs, in the order it happens.

``scan.py`` yields these; the command line draws and streams them; the review screen follows them
as JSON lines. They hold plain values only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from screener.study import Refusal, StudyResult


@dataclass(frozen=True, slots=True)
class ScanStarted:
    """The scan has weights and a device and begins to look for files."""

    folders: tuple[Path, ...]
    results: Path
    weights_name: str
    weights_digest: str
    device: str


@dataclass(frozen=True, slots=True)
class StudiesFetched:
    """How far the radiographs of an archive have been fetched."""

    studies: int
    of: int
    missing: int
    """Objects that the archive has and did not give."""


@dataclass(frozen=True, slots=True)
class FilesFound:
    """How far the walk has come. ``complete`` is set on the last of these."""

    files: int
    skipped: int
    """Hidden files and DICOMDIR, skipped by name."""
    radiographs: int
    studies: int
    complete: bool


@dataclass(frozen=True, slots=True)
class FilesCompared:
    """What was found is recorded, and stands beside what the results folder knew before."""

    new: int
    known: int
    gone: int
    """Found by an earlier scan of the same folders, and not there any more; they stay listed."""


@dataclass(frozen=True, slots=True)
class RadiographRefused:
    """A file will not be scored."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class BatchScored:
    """A batch is stored."""

    radiographs: int
    """Scored or refused by their pixels so far, those of earlier runs included."""
    total: int
    reused: int
    """Of these, taken from the store."""
    images_per_second: float


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something that went otherwise than it was meant to and that the user should know, once."""

    words: str


@dataclass(frozen=True, slots=True)
class StudyScored:
    """Every radiograph of a study has its score or its refusal, and the store has them."""

    result: StudyResult


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """The scan is over, or was interrupted after committing what it had."""

    found: int
    scored: int
    unsuitable: int
    unreadable: int
    not_attempted: int
    studies: int
    seconds: float
    interrupted: bool
    stages: Mapping[str, float] = field(default_factory=dict)
    """Of those seconds, how many the scan spent on each stage: "decode" where it had to wait for
    it; what was decoded while the network computed cost none."""


ScanEvent = (
    StudiesFetched
    | ScanStarted
    | FilesFound
    | FilesCompared
    | RadiographRefused
    | BatchScored
    | Remarked
    | StudyScored
    | ScanFinished
)
