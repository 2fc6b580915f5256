"""One reviewer's sitting with one results folder, without any widget.

Reads the worklist, makes review entries and undoes them, and lays entries that still wait for the
store over what the store says. Every change is a new entry; nothing is ever edited.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from screener.results.worklist import Filter, StudyDetail, StudyRow, Worklist
from screener.study import Review
from screener.tui.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from screener.results.store import Store


def now() -> datetime:
    """The time of an entry."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Session:
    """What every screen shares. Use it in the thread that opened the store."""

    store: Store
    reviewer: str
    clock: Callable[[], datetime] = now
    filter: Filter = field(default_factory=Filter)
    blind: bool = False
    """Whether entries of other reviewers are hidden. The store must hide its own."""
    worklist: Worklist = field(init=False)
    outbox: Outbox = field(init=False)
    _places: dict[str, int] = field(init=False, default_factory=dict)
    """Where studies last stood."""
    _undo: list[Review] = field(init=False, default_factory=list)
    """For each entry of this sitting, the entry that would restore the state before it."""
    _looked: tuple[str, datetime] | None = field(init=False, default=None)
    """The study that is looked at, and since when."""

    def __post_init__(self) -> None:
        self.worklist = Worklist(self.store)
        self.outbox = Outbox(self.folder)

    @property
    def folder(self) -> Path:
        """The results folder."""
        return self.store.folder

    def rows(self, offset: int, limit: int) -> list[StudyRow]:
        """A page of the filtered worklist, waiting entries included."""
        return [self._current(row) for row in self.worklist.page(self.filter, offset, limit)]

    def study(self, key: str) -> StudyDetail:
        """Everything known of a study, waiting entries included."""
        detail = self.worklist.study(key)
        waiting = tuple(self._waiting(key))
        return replace(detail, row=self._current(detail.row), reviews=(*detail.reviews, *waiting))

    def count(self) -> int:
        """Studies that pass the filter."""
        return self.worklist.count(self.filter)

    def offset_of(self, key: str) -> int | None:
        """Where a study stands in the filtered worklist, from 0; None if the filter hides it."""
        offset = self.worklist.offset_of(key, self.filter)
        if offset is not None:
            self._places[key] = offset
        return offset

    def neighbour(self, key: str, steps: int) -> str | None:
        """The study some steps after (or before) another; None beyond the ends.

        A study that its own review has just hidden counts as standing where it last was.
        """
        offset = self.offset_of(key)
        if offset is None:
            offset = self._places.get(key, 0) - (
                steps > 0
            )  # the next one has moved up into its place
        return self._key_at(offset + steps)

    def next_unreviewed(self, after: str | None) -> str | None:
        """The next study without a verdict, from the top again after the last; None if all have."""
        if after and self.offset_of(after) is None:
            after = self._key_at(self._places.get(after, 0) - 1)
        start = self.worklist.next_unreviewed(after, self.filter)
        key = start
        while key and any(review.verdict for review in self._waiting(key)):
            key = self.worklist.next_unreviewed(key, self.filter)
            if key == start:
                return None
        return key

    def look(self, key: str) -> None:
        """Begin to look at a study, or go on with it: an entry keeps how long."""
        if self._looked is None or self._looked[0] != key:
            self._looked = (key, self.clock())

    def review(self, key: str, **change: object) -> Review:
        """Make an entry: this reviewer's last one with something changed.

        Args:
            key: The study.
            change: Fields of :class:`Review` with their new values.

        Returns:
            The entry, queued and on disk.

        Raises:
            StoreError: it could not be written to disk.
        """
        before = self.last(key)
        self._undo.append(before)
        return self._put(replace(before, **change))  # type: ignore[arg-type]

    def undo(self) -> Review | None:
        """Restore the state before the last entry of this sitting, as a new entry.

        Returns:
            The new entry, or None when there is nothing to undo.
        """
        return self._put(self._undo.pop()) if self._undo else None

    def last(self, key: str) -> Review:
        """This reviewer's last entry on a study, or an empty one."""
        stored = self.store.reviews(key)
        mine = [
            review
            for review in (*stored, *self.outbox.waiting(key))
            if review.reviewer == self.reviewer
        ]
        return (
            mine[-1]
            if mine
            else Review(
                key,
                self.reviewer,
                verdict=None,
                label=None,
                flagged=False,
                comment="",
                reviewed_at=self.clock(),
            )
        )

    def _key_at(self, offset: int) -> str | None:
        rows = self.worklist.page(self.filter, offset, 1) if offset >= 0 else []
        return rows[0].key if rows else None

    def _put(self, review: Review) -> Review:
        at = self.clock()
        review = replace(review, reviewed_at=at, seconds=self._seconds(review.study_key, at))
        self.outbox.put(review)
        return review

    def _seconds(self, key: str, until: datetime) -> float | None:
        if self._looked is None or self._looked[0] != key:
            return None
        return max(0.0, round((until - self._looked[1]).total_seconds(), 1))

    def _waiting(self, key: str) -> list[Review]:
        """What waits of a study, as far as this reviewer may see it."""
        waiting = self.outbox.waiting(key)
        return [one for one in waiting if not self.blind or one.reviewer == self.reviewer]

    def _current(self, row: StudyRow) -> StudyRow:
        waiting = self._waiting(row.key)
        if not waiting:
            return row
        last = waiting[-1]
        return replace(
            row,
            verdict=last.verdict,
            own_label=last.label,
            verdict_reason=last.reason,
            flagged=last.flagged,
            comment=last.comment,
            reviewer=last.reviewer,
            reviewed_at=last.reviewed_at,
        )
