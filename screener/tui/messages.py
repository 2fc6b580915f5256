"""What workers and widgets tell the screens. Dataclasses only.

Workers touch no widget: they post one of these. Progress is replaceable: a thousand reports in the
queue are handled as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from screener.results.worklist import Counts
    from screener.tui.following import ScanProgress


class Replaceable(Message):
    """A report that a newer one of its kind makes needless."""

    def can_replace(self, message: Message) -> bool:
        """Whether this message may take the place of one still waiting."""
        return type(message) is type(self)


@dataclass
class CountsRead(Replaceable):
    """The store was read again."""

    counts: Counts
    alarm: str | None
    """Why the whole ranking should not be trusted."""
    adopted: str
    """From what and when this site took its bands over; empty where they are the weights'."""


@dataclass
class StoreFailed(Replaceable):
    """The store could not be read."""

    reason: str


@dataclass
class ReviewsDelivered(Replaceable):
    """The queue of reviews was emptied into the store, or could not be."""

    waiting: int
    reason: str
    """Why some wait; empty when none does."""


@dataclass
class PictureLoaded(Message):
    """The pixels of a radiograph are here."""

    path: Path
    gray: NDArray[np.float32]


@dataclass
class PictureFailed(Message):
    """A radiograph could not be read for display."""

    path: Path
    reason: str


@dataclass
class ScanProgressed(Replaceable):
    """The scan that runs as a child process has come further."""

    progress: ScanProgress


@dataclass
class ScanEnded(Message):
    """The child process is gone."""

    code: int
    said: str
    """The last line it wrote to stderr."""


@dataclass
class MapsMade(Message):
    """A study was explained, or could not be."""

    key: str
    reason: str
    """Why one of its radiographs has no map; empty where all have."""


@dataclass
class ReportWritten(Message):
    """The report's command has ended."""

    written: bool
    text: str
    """What it said last."""


@dataclass
class StudyOpened(Message):
    """A study was chosen to be looked at."""

    key: str


@dataclass
class CursorMoved(Replaceable):
    """The cursor of the worklist is on another study."""


@dataclass
class SortChosen(Message):
    """A column's heading was clicked."""

    sort: str
