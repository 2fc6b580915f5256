"""The worklist: every study that passes the filter, in order, with what is known and said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from screener.errors import ConfigurationError
from screener.results.typed import parsed
from screener.results.worklist import Filter
from screener.study import RESEARCH_ONLY, Band
from screener.text import visible
from screener.tui import wording
from screener.tui.dialogs import SortDialog
from screener.tui.ends import Ends
from screener.tui.kept import Kept
from screener.tui.keys import Keys
from screener.tui.review_screen import ReviewScreen
from screener.tui.worklist.beside import Beside
from screener.tui.worklist.filtering import FilterDialog
from screener.tui.worklist.scan_bar import ScanBar
from screener.tui.worklist.table import StudyTable, TableHeading

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from screener.results.worklist import Counts, StudyRow
    from screener.tui.messages import CursorMoved, SortChosen, StudyOpened

ROOMY = 100
"""Cells from which the masthead has room for words."""
Sort = Literal["rank", "score", "date", "patient", "review"]
SORTS: tuple[Sort, ...] = ("rank", "score", "date", "patient", "review")


class WorklistScreen(ReviewScreen):
    """The first screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="worklist.filter", tooltip="Choose what to show"),
        Binding("s", "sort", "Sort", id="worklist.sort", tooltip="Choose the order"),
        Binding(
            "S", "reverse", "Reverse", id="worklist.reverse", show=False, tooltip="Turn the order"
        ),
        Binding("n", "move(1)", "Next", id="worklist.next", show=False, tooltip="Next study"),
        Binding("p", "move(-1)", "Back", id="worklist.back", show=False, tooltip="Study before"),
        Binding(
            "x",
            "stop_scan",
            "Stop scan",
            id="worklist.stop_scan",
            tooltip="Stop; it can go on later",
        ),
        Binding("q", "app.quit", "Quit", id="app.quit", tooltip="Leave; everything is stored"),
    ]

    def compose(self) -> ComposeResult:
        """Title, filter line, table and picture, scan progress, warning, keys."""
        yield Ends(id="masthead")
        yield Static(id="alarm", markup=False)
        yield Static(id="adopted", markup=False)
        yield Ends(id="filter-line")
        with Horizontal(id="worklist"):
            with Vertical(id="list"):
                yield TableHeading(id="heading")
                yield StudyTable(self.session.rows, self.session.offset_of, id="table")
                yield Static(id="empty", markup=False)
            yield Beside(self.navigator)
        yield ScanBar(id="scan")
        yield Static(RESEARCH_ONLY, id="research", markup=False)
        yield Keys()

    @property
    def table(self) -> StudyTable:
        """The table."""
        return self.query_one(StudyTable)

    @property
    def current(self) -> StudyRow | None:
        """The study under the cursor."""
        return self.table.row

    def on_mount(self) -> None:
        """Fill the table."""
        self.show_again()
        self.table.focus()

    def on_screen_resume(self) -> None:
        """Coming back from a study."""
        self.show_again()
        self._look()

    def show_again(self) -> None:
        """Read the worklist anew; the cursor stays on its study."""
        self.table.reload(self.session.count())
        self._show_frame()
        self._follow()

    def go_to(self, key: str) -> None:
        """Put the cursor on a study."""
        offset = self.session.offset_of(key)
        if offset is not None:
            self.table.cursor = offset

    def on_cursor_moved(self, _message: CursorMoved) -> None:
        """Let the picture follow, and take back what was told of the study before."""
        self.hush()
        self._look()
        self._follow()

    def on_study_opened(self, message: StudyOpened) -> None:
        """Look at a study."""
        self.navigator.open_study(message.key)

    def on_sort_chosen(self, message: SortChosen) -> None:
        """Sort by a column; the same one again turns the order."""
        current = self.session.filter
        turned = message.sort == current.sort and not current.descending
        self._apply(replace(current, sort=message.sort, descending=turned))  # type: ignore[arg-type]

    def action_filter(self) -> None:
        """Ask what to show."""

        def answered(wanted: Filter | None) -> None:
            if wanted is not None:
                self._apply(wanted)

        self.app.push_screen(FilterDialog(self.session.filter, Kept.filters()), answered)

    def show_only(self, line: str) -> None:
        """Show what a typed line lets through, in the order that holds."""
        current = self.session.filter
        try:
            wanted = parsed(line)
        except ConfigurationError as error:
            self.complain(str(error))
            return
        self._apply(replace(wanted, sort=current.sort, descending=current.descending))

    def action_sort(self) -> None:
        """Ask for the order; the one that holds is turned."""

        def answered(sort: str | None) -> None:
            if sort == self.session.filter.sort:
                self.action_reverse()
            elif sort:
                self.sort_by(sort)  # type: ignore[arg-type]

        self.app.push_screen(SortDialog(SORTS, self.session.filter), answered)

    def sort_by(self, sort: Sort) -> None:
        """Sort by a column, in its usual order."""
        self._apply(replace(self.session.filter, sort=sort, descending=False))

    def action_reverse(self) -> None:
        """Turn the order."""
        current = self.session.filter
        self._apply(replace(current, descending=not current.descending))

    def action_move(self, lines: int) -> None:
        """Next or previous study."""
        self.table.action_move(lines)

    def action_stop_scan(self) -> None:
        """Stop the scan."""
        self.navigator.stop_scan()

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Show the key that stops a scan only while one runs."""
        return action != "stop_scan" or self.navigator.scanning

    def _look(self) -> None:
        if self.current:
            self.session.look(self.current.key)

    def _follow(self) -> None:
        self.query_one(Beside).follow(self.current, self.table.near)

    def _apply(self, wanted: Filter) -> None:
        self.session.filter = wanted
        self.show_again()

    def _show_frame(self) -> None:
        counts = self.navigator.counts
        folder = visible(self.session.folder.name or str(self.session.folder))
        left = Content.assemble(("Screener", "bold"), (f"  {folder}", "$text-muted"))
        if counts:
            left += "   " + _bands(counts, words=self.size.width >= ROOMY)
        self.query_one("#masthead", Ends).show(left, self.progress())
        alarm = self.query_one("#alarm", Static)
        alarm.display = bool(self.navigator.alarm)
        alarm.update(f"! {visible(self.navigator.alarm or '')}")
        adopted = self.query_one("#adopted", Static)
        adopted.display = bool(self.navigator.adopted)
        adopted.update(f"bands {visible(self.navigator.adopted)}")
        self._show_filter()
        heading = self.query_one(TableHeading)
        heading.sort, heading.descending = self.session.filter.sort, self.session.filter.descending
        empty = self.table.count == 0
        self.query_one("#empty", Static).update(self._why_empty() if empty else "")
        self.set_class(empty, "-empty")

    def _show_filter(self) -> None:
        current = self.session.filter
        words = [f"“{visible(current.text)}”"] if current.text else []
        words += [", ".join(band.lower() for band in current.bands)] if current.bands else []
        words += [", ".join(f"{view} view" for view in current.views)] if current.views else []
        words += [f"age {sign} {age}" for sign, age in current.ages]
        words += [current.review] if current.review != "all" else []
        line = self.query_one("#filter-line", Ends)
        line.display = bool(words)
        line.show(
            Content.assemble(("only ", "$text-muted"), (" · ".join(words), "bold")),
            Content.styled(
                f"{wording.studies(self.table.count)} shown · / to change", "$text-muted"
            ),
        )

    def _why_empty(self) -> str:
        if self.session.filter != Filter(
            sort=self.session.filter.sort, descending=self.session.filter.descending
        ):
            return "No study passes this filter.\n\nPress / and then ctrl+r to show all."
        if self.navigator.scanning:
            return "The first studies will appear here as they are scored."
        return (
            "No studies yet.\n\nRun screener scan FOLDER, or start a scan from the palette: ctrl+p."
        )


def _bands(counts: Counts, *, words: bool) -> Content:
    """How many studies each band has, with the band's word where there is room."""
    return Content("  ").join(
        Content.assemble(
            (f"{band.glyph} {counts.by_band[band]:,}", f"$band-{band.value.lower()}"),
            (f" {band.value.lower()}" if words else "", "$text-muted"),
        )
        for band in Band
        if counts.by_band.get(band)
    )
