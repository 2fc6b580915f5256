"""Objects that were received, on disk before the sender is told that we have them.

    studies/STUDY/OBJECT.dcm   received, under names that say nothing of the patient
    waiting/STUDY              a mark: something of the study came and is not scored yet

Names are hashes of UIDs and content, so that nothing a sender writes can lead out of the spool, and
the same object sent twice is one file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from screener.whole import replace_file

MOST_OBJECTS = 2000
"""Of one study: no radiograph study has as many, and one sender must not fill the disk."""
LEAST_FREE = 1 << 30
"""Bytes that stay free on the spool's disk."""


class SpoolFullError(OSError):
    """There is no room for an object."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A study of which something came."""

    folder: Path
    last_ns: int
    """When the last object of it came."""


class Spool:
    """The received objects of a folder.

    Args:
        folder: made where it is missing.
        least_free: bytes that stay free on its disk.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        least_free: int = LEAST_FREE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.studies, self._waiting = folder / "studies", folder / "waiting"
        self._least_free = least_free
        self._clock = clock
        for place in (self.studies, self._waiting):
            place.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes, study_uid: str, object_uid: str) -> bool:
        """Keep an object; it is on disk when this returns.

        Args:
            content: the whole file.
            study_uid: StudyInstanceUID.
            object_uid: SOPInstanceUID.

        Returns:
            Whether it is new.

        Raises:
            SpoolFullError: the disk or the study has no room.
            OSError: it cannot be written.
        """
        study = self.place(study_uid)
        path = study / f"{name_of(object_uid.encode())}-{name_of(content)}.dcm"
        if path.exists():
            return False
        if shutil.disk_usage(self.studies).free - len(content) < self._least_free:
            raise SpoolFullError("the disk of the spool is full")
        study.mkdir(exist_ok=True)
        if len(os.listdir(study)) >= MOST_OBJECTS:  # noqa: PTH208
            raise SpoolFullError("more objects of one study than are taken")
        self._mark(study.name)  # first: a mark for nothing is harmless, an object without is not
        replace_file(path, content)
        for folder in (study, self.studies):
            _settle(folder)
        self._mark(study.name)
        return True

    def place(self, study_uid: str) -> Path:
        """The folder of a study, whether it is there or not."""
        return self.studies / name_of(study_uid.encode())

    def quiet(self, seconds: float) -> list[Arrived]:
        """Studies of which nothing came for so long, the first to wait first."""
        now = self._clock()
        found = sorted((mark.stat().st_mtime_ns, mark.name) for mark in self._waiting.iterdir())
        return [Arrived(self.studies / name, at) for at, name in found if now - at / 1e9 >= seconds]

    def waiting(self) -> int:
        """How many studies are not scored yet."""
        return sum(1 for _ in self._waiting.iterdir())

    def done(self, study: Arrived) -> None:
        """Take the mark away, unless more has come since."""
        mark = self._waiting / study.folder.name
        with suppress(FileNotFoundError):
            if mark.stat().st_mtime_ns == study.last_ns:
                mark.unlink()

    def _mark(self, study: str) -> None:
        mark, now = self._waiting / study, self._clock()
        mark.touch()
        os.utime(mark, (now, now))
        _settle(self._waiting)


def name_of(content: bytes) -> str:
    """A name that says nothing of what it stands for, to who does not know that already."""
    return hashlib.sha256(content).hexdigest()[:24]


def _settle(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
