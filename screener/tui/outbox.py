"""Reviews on their way into the store. An entry is on disk before anything is said to be done.

Each waiting entry is one small file beside the database, so neither a locked database nor a killed
process loses it; whoever opens the results next delivers what is left. Delivering twice is
harmless: an entry that the store has already is not added again.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from screener.errors import StoreBusyError, StoreError
from screener.results.files import PENDING
from screener.results.store import Store
from screener.study import Review, Verdict

if TYPE_CHECKING:
    from pathlib import Path


class Outbox:
    """A queue of reviews, first in, first out.

    Args:
        folder: The results folder. Entries that an earlier process left there are taken over.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._spool = folder / PENDING
        self._numbers = count()
        self._delivering = threading.Lock()
        found = ((_read(path), path) for path in sorted(self._spool.glob("*.json")))
        self._waiting = deque((review, path) for review, path in found if review)

    def __len__(self) -> int:
        """Entries that are not in the store yet."""
        return len(self._waiting)

    def waiting(self, study_key: str) -> list[Review]:
        """Entries of a study that are not in the store yet, oldest first."""
        return [review for review, _ in list(self._waiting) if review.study_key == study_key]

    def put(self, review: Review) -> None:
        """Queue an entry and write it to disk.

        Raises:
            StoreError: it could not be written; it is queued in memory all the same.
        """
        name = f"{review.reviewed_at:%Y%m%dT%H%M%S%f}-{os.getpid()}-{next(self._numbers):06}.json"
        path = self._spool / name
        self._waiting.append((review, path))
        try:
            _write(path, review)
        except OSError as error:
            raise StoreError(
                f"{path}: {error.strerror}; the entry is only in memory until it can be stored"
            ) from None

    def deliver(self) -> None:
        """Move every waiting entry into the store, in order. Safe to call from any thread.

        Raises:
            StoreBusyError: the database is locked; what was not delivered stays queued.
            StoreError: some entries could not be stored and stay queued.
        """
        with self._delivering:
            failure: StoreError | None = None
            with Store.open(self.folder) as store:
                for review, path in list(self._waiting):
                    try:
                        _add_once(store, review)
                    except StoreBusyError:
                        raise
                    except StoreError as error:
                        failure = error
                        continue
                    with suppress(OSError):  # what stays is recognised next time
                        path.unlink()
                    self._waiting.remove((review, path))
            if failure:
                raise failure


def _add_once(store: Store, review: Review) -> None:
    known = ((stored.reviewer, stored.reviewed_at) for stored in store.reviews(review.study_key))
    if (review.reviewer, review.reviewed_at) not in known:
        store.add_review(review)


def _write(path: Path, review: Review) -> None:
    """Write the file whole or not at all, and not return before the disk has it."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(asdict(review), file, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _read(path: Path) -> Review | None:
    """An entry from disk; None if the file is not one of ours, which then stays where it is."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["reviewed_at"] = datetime.fromisoformat(fields["reviewed_at"])
        fields["verdict"] = Verdict(fields["verdict"]) if fields["verdict"] else None
        return Review(**fields)
    except (OSError, ValueError, KeyError, TypeError):
        return None
