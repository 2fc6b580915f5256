"""Entries on their way into the store. An entry is on disk before anything is said to be done.

Each waiting entry is one small file beside the database, so neither a locked database nor a killed
process loses it; whoever opens the results next delivers what is left. Delivering twice is
harmless: the store adds no entry again. An entry that it can never take, of a forgotten study say,
is set aside under another name and not tried again.
"""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from screener.errors import ReviewRefusedError, StoreBusyError, StoreError
from screener.results.store import Store
from screener.text import plain

if TYPE_CHECKING:
    from pathlib import Path

ASIDE = "refused"
"""How the names of entries end that cannot be stored."""


class Entry(Protocol):
    """What a reviewer said of a study; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def study_key(self) -> str:
        """Of which study."""

    @property
    def reviewed_at(self) -> datetime:
        """When."""


Said = TypeVar("Said", bound=Entry)


class Spool(ABC, Generic[Said]):
    """A queue of entries, first in, first out.

    Args:
        folder: The results folder. Entries that an earlier process left there are taken over.
    """

    pending: ClassVar[str]
    """Name of the folder of waiting entries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._spool = folder / self.pending
        self._numbers = count()
        self._delivering = threading.Lock()
        found = ((self.read(path), path) for path in sorted(self._spool.glob("*.json")))
        self._waiting = deque((entry, path) for entry, path in found if entry)

    @classmethod
    @abstractmethod
    def entry(cls, fields: dict[str, Any]) -> Said:
        """An entry from the fields of its file.

        Raises:
            ValueError, KeyError, TypeError: they are none.
        """

    @abstractmethod
    def add(self, store: Store, entry: Said) -> None:
        """Add an entry to the store, unless the store has it already.

        Raises:
            ReviewRefusedError: it can never be stored.
            StoreError: it cannot be stored now.
        """

    def __len__(self) -> int:
        """Entries that are not in the store yet."""
        return len(self._waiting)

    def all_waiting(self) -> list[Said]:
        """Entries that are not in the store yet, oldest first."""
        return [entry for entry, _ in list(self._waiting)]

    def waiting(self, study_key: str) -> list[Said]:
        """Entries of a study that are not in the store yet, oldest first."""
        return [entry for entry in self.all_waiting() if entry.study_key == study_key]

    def put(self, entry: Said) -> None:
        """Queue an entry and write it to disk.

        Raises:
            StoreError: it could not be written; it is queued in memory all the same.
        """
        name = f"{entry.reviewed_at:%Y%m%dT%H%M%S%f}-{os.getpid()}-{next(self._numbers):06}.json"
        path = self._spool / name
        self._waiting.append((entry, path))
        try:
            _write(path, entry)
        except OSError as error:
            raise StoreError(
                f"{path}: {error.strerror}; the entry is only in memory until it can be stored"
            ) from None

    def deliver(self) -> None:
        """Move every waiting entry into the store, in order. Safe to call from any thread.

        Raises:
            StoreBusyError: the database is locked; what was not delivered stays queued.
            StoreError: some entries could not be stored and stay queued, or are set aside.
        """
        with self._delivering:
            failure: StoreError | None = None
            with Store.open(self.folder) as store:
                for entry, path in list(self._waiting):
                    try:
                        self.add(store, entry)
                    except StoreBusyError:
                        raise
                    except ReviewRefusedError as error:
                        failure = _set_aside(path, error)
                    except StoreError as error:
                        failure = error
                        continue
                    with suppress(OSError):  # what stays is recognised next time
                        path.unlink()
                    self._waiting.remove((entry, path))
            if failure:
                raise failure

    @classmethod
    def forget(cls, folder: Path, study_key: str | None) -> None:
        """Remove what waits for a study, or for all of them, delivered or set aside.

        Raises:
            StoreError: it cannot be removed.
        """
        spool = folder / cls.pending
        for path in [path for kind in ("json", ASIDE) for path in spool.glob(f"*.{kind}")]:
            entry = cls.read(path)
            if study_key is not None and (entry is None or plain(entry.study_key) != study_key):
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"{path}: {error.strerror}; remove it by hand") from None

    @classmethod
    def read(cls, path: Path) -> Said | None:
        """An entry from disk; None if the file is not one of ours, which then stays there."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            fields["reviewed_at"] = datetime.fromisoformat(fields["reviewed_at"])
            return cls.entry(fields)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None


def texts(*values: object) -> None:
    """Refuse what is no text.

    Raises:
        TypeError: one of the values is none.
    """
    if not all(isinstance(value, str) for value in values):
        raise TypeError("not a text")


def _set_aside(path: Path, error: ReviewRefusedError) -> StoreError:
    """Keep an entry that nobody can deliver, where no review looks for it."""
    aside = path.with_suffix(f".{ASIDE}")
    with suppress(OSError):  # another window may have done it, or it was only in memory
        path.replace(aside)
        return StoreError(f"{error}; the entry is set aside in {aside}")
    return error


def _write(path: Path, entry: Entry) -> None:
    """Write the file whole or not at all, and not return before the disk has it."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(asdict(entry), file, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
