"""The review: a worklist and a study screen over one results folder.

Reads the store and polls it, so it can run beside a scan and beside other reviewers. Every entry
goes through the outbox. Needs no torch: a scan is another process.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import App
from textual.css.query import NoMatches
from textual.worker import Worker, WorkerState

from screener.console import ExitCode
from screener.errors import StoreError
from screener.remote import place
from screener.results.opening import is_there
from screener.results.own import entries_alone
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.text import visible
from screener.tui import themes
from screener.tui.dialogs import ConfirmDialog
from screener.tui.explaining import MapMaker, Wanted
from screener.tui.following import ScanProcess, ScanProgress
from screener.tui.messages import (
    CountsRead,
    MapsMade,
    ReportWritten,
    ReviewsDelivered,
    ScanEnded,
    ScanProgressed,
    StoreFailed,
)
from screener.tui.palette import StudyProvider, commands
from screener.tui.picture.view import RadiographView
from screener.tui.reporting import write_report
from screener.tui.review_screen import ReviewScreen
from screener.tui.session import Session, now
from screener.tui.study.screen import StudyScreen
from screener.tui.worklist.scan_bar import ScanBar
from screener.tui.worklist.screen import WorklistScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from textual.app import SystemCommand
    from textual.screen import Screen

    from screener.results.worklist import Counts
    from screener.study import Option

POLL_SECONDS = 1.0
WARM_UP_SECONDS = 0.3
ENDED_WELL = (ExitCode.DONE, ExitCode.REFUSALS, ExitCode.INTERRUPTED, ExitCode.TERMINATED)
"""A scan is done, with refusals or without, or able to go on."""


class ReviewApp(App[None]):
    """The app.

    Args:
        results: The results folder.
        reviewer: Whose entries are made.
        studies: A folder to offer a scan of, where ``results`` has none.
        make_view: Makes the widget that shows radiographs; None for no pictures.
        explaining: Whether maps that opened studies lack are made.
        advance: Whether a verdict leads on to the next study without one.
        blind: Whether what other reviewers said is hidden.
        theme: Name of a theme.
        keymap: Keys by binding id, in place of the usual ones.
        clock: The time of an entry.
    """

    CSS_PATH = Path(__file__).with_name("review.tcss")
    TITLE = "Screener"
    COMMANDS = App.COMMANDS | {StudyProvider}
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        results: Path,
        reviewer: str,
        *,
        studies: Path | None = None,
        make_view: Callable[[], RadiographView] | None = RadiographView,
        explaining: bool = False,
        advance: bool = False,
        blind: bool = False,
        theme: str = themes.READING_ROOM.name,
        keymap: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__()
        self.results = results
        self.reviewer = reviewer
        self.studies = studies
        self.advance = advance
        self.blind = blind
        self.session: Session | None = None
        self.counts: Counts | None = None
        self.alarm: str | None = None
        self.adopted = ""
        self.trouble = ""
        """Why entries wait for the store."""
        self.scan: ScanProcess | None = None
        self.pictures = make_view is not None
        self.make_view = make_view or RadiographView
        self.maps = MapMaker(results) if explaining else None
        self.wanted = Wanted()
        self._clock = clock
        self._data_version = -1
        self.failure: StoreError | None = None
        """Why the review could not go on."""
        self._failure = ""
        """What was last said of the store."""
        self.register_theme(themes.READING_ROOM)
        self.register_theme(themes.DAYLIGHT)
        self.theme = theme
        self.set_keymap(keymap or {})

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The bands' colours, for themes that do not know them."""
        return themes.own_variables(dark=self.current_theme.dark)

    def on_mount(self) -> None:
        """Open the results, or offer to make some."""
        with suppress(NotImplementedError, RuntimeError):  # Windows; another thread than the main
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.exit, None, ExitCode.TERMINATED)
        if is_there(self.results):
            self._open()
        else:
            self._offer_scan()

    def on_unmount(self) -> None:
        """Leave a scan in a state from which it can go on."""
        if self.scan:
            self.scan.stop()
        if self.maps:
            self.maps.stop()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers beside Textual's own commands."""
        yield from super().get_system_commands(screen)
        yield from commands(self, screen)

    # The store

    def _handle_exception(self, error: Exception) -> None:
        """End over results that cannot be read; the command says why in one line."""
        if not isinstance(error, StoreError):
            super()._handle_exception(error)
            return
        self.failure = error
        self.exit()

    def _open(self) -> None:
        store = Store.create(self.results)
        self._veil(store)
        self.session = Session(store, self.reviewer, self._clock, blind=self.blind)
        self.push_screen(WorklistScreen(self))
        self.set_interval(POLL_SECONDS, self.poll)
        self.call_after_refresh(self.poll)
        if self.pictures:
            self.set_timer(WARM_UP_SECONDS, self._warm_up)

    def _veil(self, store: Store) -> None:
        if self.blind:
            entries_alone(store.connection, self.reviewer)

    @work(thread=True, group="warm up", exit_on_error=False)
    def _warm_up(self) -> None:
        """Load the decoders while the reviewer still reads the list."""
        import screener.reading.pixels  # noqa: F401

    @property
    def sitting(self) -> Session:
        """The session, once there are results to review."""
        assert self.session is not None
        return self.session

    def poll(self) -> None:
        """See whether anybody wrote to the store, and try again what waits for it."""
        try:
            version = next(self.sitting.store.query("PRAGMA data_version"))[0]
        except StoreError as error:
            self.post_message(StoreFailed(str(error)))
            return
        if version != self._data_version:
            self._data_version = version
            self._count()
        if len(self.sitting.outbox):
            self.deliver()

    @work(thread=True, exclusive=True, group="count", exit_on_error=False)
    def _count(self) -> None:
        try:
            with Store.reading(self.results) as store:
                self._veil(store)
                worklist = Worklist(store)
                counts, alarm = worklist.counts(), self.alarm
                if counts.scored and (self.counts is None or counts.scored != self.counts.scored):
                    alarm = worklist.alarm()
                adopted = worklist.adoption()
                self.post_message(CountsRead(counts, alarm, adopted.words if adopted else ""))
        except StoreError as error:
            self.post_message(StoreFailed(str(error)))

    def on_counts_read(self, message: CountsRead) -> None:
        """Show what is new."""
        self.counts, self.alarm, self._failure = message.counts, message.alarm, ""
        self.adopted = message.adopted
        self.show_again()

    def on_store_failed(self, message: StoreFailed) -> None:
        """Say, once, that what is on screen may be old."""
        if message.reason != self._failure:
            self._failure = message.reason
            self.notify(message.reason, title="Store", severity="error", markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report what a worker did not expect; the review goes on."""
        if event.state is WorkerState.ERROR:
            self.post_message(StoreFailed(visible(repr(event.worker.error))))

    def show_again(self) -> None:
        """Let the screen, or the one below a dialog, read anew what it shows."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ReviewScreen):
                self._show_again(screen)
                return

    def _show_again(self, screen: ReviewScreen) -> None:
        try:
            screen.show_again()
        except NoMatches:  # it is being put up or taken down
            return
        except StoreError as error:  # the study was forgotten meanwhile, or the store is gone
            self.post_message(StoreFailed(str(error)))
            if isinstance(self.screen, StudyScreen):
                self.pop_screen()

    # Reviews

    def deliver(self) -> None:
        """Bring waiting entries into the store, in a worker."""
        if not any(worker.group == "deliver" and worker.is_running for worker in self.workers):
            self._deliver()

    @work(thread=True, group="deliver", exit_on_error=False)
    def _deliver(self) -> None:
        reason = ""
        try:
            self.sitting.outbox.deliver()
        except StoreError as error:
            reason = str(error)
        self.post_message(ReviewsDelivered(len(self.sitting.outbox), reason))

    def on_reviews_delivered(self, message: ReviewsDelivered) -> None:
        """Say what waits, once; count again when something arrived."""
        if message.reason and not self.trouble:
            kept = "\nThe entry is kept and stored as soon as possible." if message.waiting else ""
            self.notify(
                message.reason + kept,
                title="Not stored yet" if message.waiting else "Not stored",
                severity="warning",
                markup=False,
            )
        self.trouble = message.reason if message.waiting else ""
        self.show_again()
        self._count()

    # The scan

    def _offer_scan(self) -> None:
        def answered(answer: bool | None) -> None:  # noqa: FBT001
            if not answer:
                self.exit(message="Nothing was scanned.")
                return
            self._open()
            self.start_scan()

        where = visible(str(self.studies))
        self.push_screen(
            ConfirmDialog(
                "No results yet",
                f"Scan the studies in\n{where}\nnow? Results go to\n{visible(str(self.results))}"
                "\n\nYou can review while it runs, and stop it at any time: it goes on from there.",
            ),
            answered,
        )

    @property
    def scanning(self) -> bool:
        """Whether a scan of this review runs."""
        return self.scan is not None

    def start_scan(self) -> None:
        """Scan as a child process: anew what was offered, and again as the latest run did."""
        if self.scan:
            return
        latest = next(reversed(self.sitting.worklist.runs()), None)
        offered = self.studies
        if offered and not (latest and str(offered.absolute()) in latest.folders):
            self.scan = ScanProcess([offered], self.results)
        elif latest:
            folders = [place(folder) for folder in latest.folders]
            self.scan = ScanProcess(folders, self.results, latest.options)
        else:
            self.notify("No folder to scan is known; run screener scan FOLDER.", markup=False)
            return
        self._follow(self.scan)
        self.call_after_refresh(self.post_message, ScanProgressed(ScanProgress()))
        self.refresh_bindings()

    @work(thread=True, group="scan", exit_on_error=False)
    def _follow(self, scan: ScanProcess) -> None:
        for progress in scan.progress():
            self.post_message(ScanProgressed(progress))
        self.post_message(ScanEnded(*scan.finish()))

    def on_scan_progressed(self, message: ScanProgressed) -> None:
        """Move the bar."""
        for bar in self._scan_bars():
            bar.progress = message.progress

    def on_scan_ended(self, message: ScanEnded) -> None:
        """Take the bar away and say how it ended."""
        self.scan = None
        self.wanted.forget()
        for bar in self._scan_bars():
            bar.progress = None
        failed = message.code not in ENDED_WELL
        self.notify(
            message.said or ("failed" if failed else "finished"),
            title="Scan",
            markup=False,
            severity="error" if failed else "information",
            timeout=10,
        )
        self.refresh_bindings()
        self.show_again()

    def stop_scan(self) -> None:
        """Ask the scan to finish its batch and end."""
        if self.scan:
            self.scan.stop()
            self.notify("The scan stops after its batch. It can go on later.", markup=False)

    def _scan_bars(self) -> Iterable[ScanBar]:
        for screen in self.screen_stack:
            yield from screen.query(ScanBar)

    # Maps

    def want_maps(self, key: str, *, again: bool) -> None:
        """Have the maps that a study lacks made; a scan makes its own."""
        if self.maps and not self.scan:
            self.wanted.want(key, again=again)
            self._make_next()

    def said_of_maps(self, key: str) -> str:
        """That a study's maps are being made, or why there are none; empty where neither."""
        return self.wanted.said(key)

    def _make_next(self) -> None:
        if self.maps and (key := self.wanted.begin()):
            self._make_maps(self.maps, key, self.sitting.worklist.latest_run().options)

    @work(thread=True, group="maps", exit_on_error=False)
    def _make_maps(self, maps: MapMaker, key: str, options: Mapping[str, Option]) -> None:
        self.post_message(MapsMade(key, maps.make(key, options)))

    def on_maps_made(self, message: MapsMade) -> None:
        """Show them, or why there are none; then those wanted since."""
        self.wanted.end(message.key, message.reason)
        self._make_next()
        self.show_again()

    # The rest

    @work(thread=True, exclusive=True, group="report", exit_on_error=False)
    def write_report(self) -> None:
        """Write the PDF report with what is reviewed so far."""
        self.post_message(ReportWritten(*write_report(self.results)))

    def on_report_written(self, message: ReportWritten) -> None:
        """Say where it is, or what went wrong."""
        self.notify(
            message.text,
            title="Report",
            markup=False,
            severity="information" if message.written else "error",
            timeout=10,
        )

    def open_study(self, key: str) -> None:
        """Look at a study, from wherever one is."""
        if isinstance(self.screen, StudyScreen):
            self.screen.go_to(key)
        else:
            self.push_screen(StudyScreen(self, key))

    def back_to_worklist(self, key: str) -> None:
        """Leave the study, with the cursor on it."""
        self.pop_screen()
        if isinstance(self.screen, WorklistScreen):
            self.screen.go_to(key)
