"""Reviews on their way into the store. An entry is on disk before anything is said to be done.

Each waiting entry is one small file beside the database, so neither a locked database nor a killed
process loses it; whoever opens the results next delivers what is left. Delivering twice is
harmless: the store adds no entry again. An entry that it can never take, of a forgotten study say,
is set aside under another name and not tried again.
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

from screener.errors import ReviewRefusedError, StoreBusyError, StoreError
from screener.results.files import PENDING
from screener.results.store import Store
from screener.study import Review, Verdict
from screener.text import plain

if TYPE_CHECKING:
    from pathlib import Path


ASIDE = "refused"
"""How the names of entries end that cannot be stored."""


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
            StoreError: some entries could not be stored and stay queued, or are set aside.
        """
        with self._delivering:
            failure: StoreError | None = None
            with Store.open(self.folder) as store:
                for review, path in list(self._waiting):
                    try:
                        store.add_review(review)
                    except StoreBusyError:
                        raise
                    except ReviewRefusedError as error:
                        failure = _set_aside(path, error)
                    except StoreError as error:
                        failure = error
                        continue
                    with suppress(OSError):  # what stays is recognised next time
                        path.unlink()
                    self._waiting.remove((review, path))
            if failure:
                raise failure


def forget(folder: Path, study_key: str | None) -> None:
    """Remove what waits for a study, or for all of them, delivered or set aside.

    Raises:
        StoreError: it cannot be removed.
    """
    for path in [path for kind in ("json", ASIDE) for path in (folder / PENDING).glob(f"*.{kind}")]:
        review = _read(path)
        if study_key is not None and (review is None or plain(review.study_key) != study_key):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; remove it by hand") from None


def _set_aside(path: Path, error: ReviewRefusedError) -> StoreError:
    """Keep an entry that nobody can deliver, where no review looks for it."""
    aside = path.with_suffix(f".{ASIDE}")
    with suppress(OSError):  # another window may have done it, or it was only in memory
        path.replace(aside)
        return StoreError(f"{error}; the entry is set aside in {aside}")
    return error


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
        review = Review(**fields)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (review.study_key, review.reviewer, review.comment, review.label or "")
    whole = all(isinstance(text, str) for text in texts) and isinstance(review.flagged, bool)
    return review if whole else None
