"""Between the door and the archive: a study that has come whole is scored, its results are sent.

    received -> quiet for some seconds -> scanned -> objects -> outbox -> archive

Each arrow leaves its work on disk before the mark of the one before is taken away, so that a kill
anywhere loses nothing. One loop, in one process; the door has threads of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from screener.pacs import health
from screener.pacs.commitment import Report
from screener.pacs.objects import maker_of, study_objects
from screener.pacs.outbox import Outbox, Send
from screener.pacs.spool import Arrived, Spool
from screener.plan import Settings
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import scan
from screener.text import plural

PULSE = 0.5
"""Seconds between two looks at the spool."""
HEALTH_EVERY = 5.0
"""Seconds between two lines of health."""

Say = Callable[[str], None]


class Station:
    """Scores what comes into a spool and sends what comes of it.

    Args:
        folder: of the spool.
        settings: of the scan; its folders are set study by study.
        quiet: seconds without a new object after which a study is whole.
        send: sends to the archive; None for no archive.
        say: tells in a line what happened.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        spool: Spool,
        quiet: float,
        send: Send | None,
        say: Say,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self.spool = folder, spool
        self.outbox = Outbox(folder, clock)
        self._settings, self._quiet = settings, quiet
        self._send, self._say, self._clock = send, say, clock
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._told = ""
        self._health_at = 0.0

    def run(self, stop: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
        """Work until asked to stop, then bring what has come to its end."""
        while not stop():
            self.turn(self._quiet)
            sleep(PULSE)
        self.turn(0.0)

    def reported(self, report: Report) -> None:
        """Take an archive's word on what it keeps, from whichever thread."""
        self._reports.put(report)

    def turn(self, quiet: float) -> None:
        """One look: score what is whole, send what is due."""
        if ready := self.spool.quiet(quiet):
            self._score(ready)
        while not self._reports.empty():
            kept, failed = self.outbox.reported(self._reports.get())
            lost = f", and does not keep {failed:,}: they are sent again" if failed else ""
            if kept or failed:
                self._say(f"the archive keeps {plural(kept, 'object')}{lost}")
        if self._send:
            self._deliver(self._send)
        if self._clock() - self._health_at >= HEALTH_EVERY or not quiet:
            self._health()

    def _score(self, ready: Iterable[Arrived]) -> None:
        ready = list(ready)
        folders = tuple(study.folder for study in ready)
        for _ in scan(replace(self._settings, folders=folders), bool):
            pass
        made = 0
        with Store.reading(self._settings.results) as store:
            worklist = Worklist(store)
            maker = maker_of(worklist)
            for key in worklist.keys_below(folders):
                written = study_objects(worklist, key, maker, self.folder / "objects")
                if written.left_out:
                    self._say(written.left_out)
                if self._send:
                    made += sum(
                        self.outbox.put(f"{path.parent.name}-{path.stem}", path)
                        for path in written.files
                    )
        for study in ready:
            self.spool.done(study)
        studies = plural(len(ready), "study", "studies")
        self._say(f"scored {studies}; {plural(made, 'object')} for the archive")

    def _deliver(self, send: Send) -> None:
        sent = self.outbox.deliver(send)
        failures = [one for one in sent if one.failure]
        if gone := len(sent) - len(failures):
            self._say(f"sent {gone} objects")
        said = failures[-1].failure if failures else ("" if sent else self._told)
        if said and said != self._told:
            self._say(said)
        self._told = said

    def _health(self) -> None:
        self._health_at = self._clock()
        waiting = self.outbox.waiting().values()
        refused = sum(tries.lasting for tries in waiting)
        open_ones = sum(bool(tries.transaction) for tries in waiting)
        counts = (self.spool.waiting(), len(waiting) - refused - open_ones, open_ones, refused)
        found = health.Health(self._health_at, *counts, self._told)
        health.write(self.folder, found)
