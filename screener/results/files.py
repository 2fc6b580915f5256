"""The results folder's files by name: the one module that knows them, and how they are written.

A walk through radiographs passes over exactly these (:func:`ours`), so that results may lie among
them and a radiograph that lies among results is still found.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from screener.errors import StoreError
from screener.whole import in_place_of

DATABASE = "screening.db"
"""By this file a folder of results is known."""

LOCK = "screening.lock"
AUDIT = "audit.jsonl"
WORKLIST_CSV = "worklist.csv"
WORKLIST_JSON = "worklist.json"
REPORT = "report.pdf"
PENDING = "pending-reviews"
"""Folder of reviews on their way into the database."""
PENDING_FINDINGS = "pending-findings"
"""The same of what was read blind."""
ASSESSMENT = ("assessment.html", "assessment.csv")
"""A site's own figures, where they are written."""

OBJECTS = "dicom"
"""Folder of results as DICOM objects."""

SHARED = "deidentified"
"""Folder of films and results without their patients."""

FETCHED = "archive"
"""Folder of radiographs that were fetched from an archive."""

EXPORTS = {kind: f"export.{kind}" for kind in ("csv", "json", "jsonl", "html")}
"""The file that each format is exported to, unless told otherwise."""

_JOURNALS = tuple(f"{DATABASE}-{suffix}" for suffix in ("wal", "shm", "journal"))

NAMES = frozenset(
    {
        *(DATABASE, *_JOURNALS, LOCK, AUDIT, WORKLIST_CSV, WORKLIST_JSON, REPORT, PENDING),
        *(*EXPORTS.values(), PENDING_FINDINGS, *ASSESSMENT, OBJECTS, SHARED, FETCHED),
    }
)


def ours(names: Collection[str]) -> frozenset[str]:
    """Which of the names in one folder are results of an earlier scan; none without a database."""
    return NAMES.intersection(names) if DATABASE in names else frozenset()


@contextmanager
def atomically(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes its place whole at the end, or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    if not path.name:
        raise StoreError("the file to write has no name; give one")
    part = f".{path.name}.{os.getpid()}"  # two windows may export at once
    try:
        with in_place_of(path, part) as unfinished, unfinished.open("wb") as stream:
            yield stream
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; write to another place") from None
