"""One reader's blind sitting with one draw, without any widget.

Knows which studies are drawn, in the reader's own order, and what the reader said. Gives a study's
radiographs without anything that the network said of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from screener.errors import StoreError
from screener.results import blind
from screener.results.blind import Finding, Reading
from screener.results.files import PENDING_FINDINGS
from screener.results.worklist import Worklist
from screener.tui.session import now
from screener.tui.spool import Spool, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from screener.results.store import Store
    from screener.study import Projection


class Answers(Spool[Reading]):
    """A queue of findings, first in, first out."""

    pending = PENDING_FINDINGS

    @classmethod
    def entry(cls, fields: dict[str, Any]) -> Reading:
        """A finding from the fields of its file."""
        fields["finding"] = Finding(fields["finding"]) if fields["finding"] else None
        reading = Reading(**fields)
        texts(reading.study_key, reading.draw, reading.reviewer, reading.comment)
        return reading

    def add(self, store: Store, entry: Reading) -> None:
        """Add a finding, unless the store has it already."""
        with store.transaction() as connection:
            blind.append(connection, entry)


@dataclass(frozen=True, slots=True)
class BlindImage:
    """A radiograph, and nothing that was computed from it."""

    path: Path
    projection: Projection


@dataclass(frozen=True, slots=True)
class BlindStudy:
    """A study as it is read blind."""

    images: tuple[BlindImage, ...]
    age: float | None
    sex: str


@dataclass(slots=True)
class Sitting:
    """A reader with a draw. Use it in the thread that opened the store."""

    store: Store
    draw: str
    reviewer: str
    clock: Callable[[], datetime] = now
    order: list[str] = field(init=False)
    answers: Answers = field(init=False)
    _last: dict[str, Reading] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.order = blind.find(self.store, self.draw).order(self.reviewer)
        self.answers = Answers(self.store.folder)
        for entry in (*blind.readings(self.store), *self.answers.all_waiting()):
            if entry.reviewer == self.reviewer:
                self._last[entry.study_key] = entry

    def study(self, key: str) -> BlindStudy:
        """A study to be read: its radiographs in the order of their files, age and sex.

        One that was forgotten meanwhile has none.
        """
        try:
            detail = Worklist(self.store, "none").study(key)
        except StoreError:
            return BlindStudy((), None, "")
        images = (BlindImage(r.path, r.projection) for r in detail.radiographs)
        return BlindStudy(tuple(images), detail.row.age, detail.row.sex)

    def finding(self, key: str) -> Finding | None:
        """What this reader said of a study."""
        return self._last[key].finding if key in self._last else None

    def comment(self, key: str) -> str:
        """This reader's comment on a study."""
        return self._last[key].comment if key in self._last else ""

    def read(self) -> int:
        """Drawn studies that this reader has answered."""
        return sum(self.finding(key) is not None for key in self.order)

    def next_unread(self, after: int = -1) -> int | None:
        """Place of the next study without an answer, from the first again after the last."""
        places = [*range(after + 1, len(self.order)), *range(after + 1)]
        return next((place for place in places if not self.finding(self.order[place])), None)

    def say(self, key: str, finding: Finding | None = None, comment: str | None = None) -> Reading:
        """Make an entry: the reader's last one with something changed; queued, and on disk.

        Raises:
            StoreError: it could not be written to disk; it is kept in memory.
        """
        entry = Reading(
            key,
            self.draw,
            self.reviewer,
            finding or self.finding(key),
            self.comment(key) if comment is None else comment,
            self.clock(),
        )
        self._last[key] = entry
        self.answers.put(entry)
        return entry
