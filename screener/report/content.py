"""What a report is made from, the same for paper and for HTML.

The store is read as it stands at one moment: a scan or a reviewer who writes meanwhile changes
nothing half way through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from screener.card import WeightsCard
from screener.report import wording
from screener.results.identity import Identify
from screener.results.store import Store
from screener.results.worklist import Filter, StudyRow, Worklist
from screener.study import RANKED, Band, ScanRun

SECTIONS = {
    "summary": "Summary",
    "not-scored": "Could not be scored",
    "ranking": "Ranking",
    "studies": "Studies",
    "other": "Not a chest radiograph",
    "method": "Method, limits and measured performance",
    "files": "Files",
}
"""The order of content. What could not be scored stands before the ranking."""


MOST_PAGES = 40
"""Studies that get a page where nobody has said which: a report is to be read, and sent."""


@dataclass(frozen=True, slots=True)
class Report:
    """The results, and which of them the report shows."""

    worklist: Worklist
    run: ScanRun
    card: WeightsCard
    generated_at: datetime
    top: int | None
    bands: tuple[Band, ...]

    @property
    def source(self) -> str:
        """What the report is of and when it was made, in one line."""
        names = ", ".join(Path(folder).name for folder in self.run.folders)
        return f"{names} · {wording.moment(self.generated_at, self.generated_at.tzinfo)}"

    def ranked(self) -> Iterator[StudyRow]:
        """The studies that the ranking shows."""
        return islice(self.worklist.rows(Filter(bands=self.bands or RANKED)), self.top)

    def detailed(self) -> Iterator[StudyRow]:
        """The studies that get a page each."""
        return filter(self.details, self.ranked())

    def details(self, row: StudyRow) -> bool:
        """Whether a ranked study gets a page."""
        if self.bands:
            return True
        return row.band is Band.PRIORITY and (self.top is not None or (row.rank or 0) <= MOST_PAGES)

    def pages(self) -> str:
        """That more studies would have had a page, in words; empty where all have one."""
        priority = self.worklist.counts().by_band[Band.PRIORITY]
        if self.bands or self.top is not None or priority <= MOST_PAGES:
            return ""
        return wording.pages(MOST_PAGES, priority)

    def selection(self) -> str:
        """Which of the scored studies the ranking shows, and by whose bands, in words."""
        by_band = self.worklist.counts().by_band
        scored = sum(by_band[band] for band in RANKED)
        chosen = sum(by_band[band] for band in self.bands or RANKED)
        shown = chosen if self.top is None else min(self.top, chosen)
        chosen_by = wording.selection(self.top, self.bands, shown, scored)
        adopted = self.worklist.adoption()
        return f"{chosen_by} The bands: {adopted.words}." if adopted else chosen_by


@contextmanager
def opened(
    results: Path,
    generated_at: datetime,
    top: int | None,
    bands: tuple[Band, ...],
    identify: Identify,
) -> Iterator[Report]:
    """The results of a folder as they stand now.

    Raises:
        StoreError: there are none, or they cannot be read.
    """
    with Store.reading(results) as store:
        store.connection.execute("BEGIN")  # a read transaction: one moment for every query
        worklist = Worklist(store, identify)
        scored = tuple(band for band in bands if band in RANKED)
        yield Report(worklist, worklist.latest_run(), worklist.card(), generated_at, top, scored)
