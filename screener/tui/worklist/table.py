"""The worklist as a table that draws only the lines on screen, from rows fetched by the page.

A key redraws two lines, so its cost does not grow with the number of studies. The table only shows
and tells (:class:`StudyOpened`, :class:`SortChosen`); the screen decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from screener.text import shortened
from screener.tui.messages import CursorMoved, SortChosen, StudyOpened
from screener.tui.wording import clipped, fitted
from screener.tui.worklist.columns import GAP, Column, Ink, fit
from screener.tui.worklist.paging import Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events

    from screener.results.worklist import StudyRow


TRIES = 3
"""How often to look for a study that moves between two looks at the store."""


class StudyTable(ScrollView, can_focus=True, inherit_bindings=False):
    """A virtual table of studies.

    Args:
        fetch: Called with (offset, limit); gives the rows there are.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"table--{ink}" for ink in Ink),
        "table--cursor",
        "table--cursor-blurred",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", id="table.down", show=False, tooltip="The next line"),
        Binding("k,up", "move(-1)", "Up", id="table.up", show=False, tooltip="The line above"),
        Binding(
            "ctrl+d,pagedown",
            "page(1)",
            "Page down",
            id="table.page_down",
            show=False,
            tooltip="One screen down",
        ),
        Binding(
            "ctrl+u,pageup",
            "page(-1)",
            "Page up",
            id="table.page_up",
            show=False,
            tooltip="One screen up",
        ),
        Binding("g,home", "first", "First", id="table.first", show=False, tooltip="The first line"),
        Binding("G,end", "last", "Last", id="table.last", show=False, tooltip="The last line"),
        Binding("enter", "open", "Open", id="table.open", tooltip="Look at the study"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    count: reactive[int] = reactive(0, repaint=False)

    def __init__(
        self,
        fetch: Callable[[int, int], Sequence[StudyRow]],
        place: Callable[[str], int | None],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._pages: Pages[StudyRow] = Pages(fetch)
        self._place = place
        self._key: str | None = None
        """The study the cursor is on: lines move while a scan runs, it does not."""
        self._columns: list[Column] = []
        self._step = 1
        """Which way the cursor moved last."""

    @property
    def row(self) -> StudyRow | None:
        """The study under the cursor."""
        return self._pages.get(self.cursor)

    @property
    def room(self) -> int:
        """Cells of a line, without the scrollbar's."""
        return self.scrollable_content_region.width

    @property
    def near(self) -> list[str]:
        """Keys of the studies that the next keys may lead to, the likeliest first."""
        rows = [self._pages.get(self.cursor + step) for step in (self._step, -self._step)]
        return [row.key for row in rows if row]

    def reload(self, count: int) -> None:
        """Fetch everything anew; the cursor stays on its study, or on its line if that is gone.

        Args:
            count: Lines there are now.
        """
        before = self.cursor
        self.count = count
        self.virtual_size = Size(self.size.width, count)
        for _ in range(TRIES):
            self._pages.clear()
            place = self._place(self._key) if self._key else None
            line = self.validate_cursor(self.cursor if place is None else place)
            self.set_reactive(StudyTable.cursor, line)
            if place is None or (self.row and self.row.key == self._key):
                break
        self._key = self.row.key if self.row else None
        if self.scroll_offset.y:  # the study keeps its place on the screen, too
            line = self.scroll_offset.y + self.cursor - before
            self.scroll_to(y=line, animate=False, force=True)
        self._reveal()
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a line."""
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraw two lines and keep the cursor in sight."""
        self._key = self.row.key if self.row else None
        self._step = 1 if after >= before else -1
        self.refresh_lines(before)
        self.refresh_lines(after)
        self._reveal()
        self.post_message(CursorMoved())

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self._columns = fit(self.room)
        self.virtual_size = Size(self.size.width, self.count)
        self._reveal()

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self.cursor += lines

    def action_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.cursor += pages * max(1, self.size.height - 1)

    def action_first(self) -> None:
        """Go to the first line."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last line."""
        self.cursor = self.count - 1

    def action_open(self) -> None:
        """Open the study under the cursor."""
        if self.row:
            self.post_message(StudyOpened(self.row.key))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the line; open it on the second click."""
        line = event.y + self.scroll_offset.y
        if line >= self.count:
            return
        self.cursor = line
        if event.chain > 1:
            self.action_open()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window on the worklist."""
        index = y + self.scroll_offset.y
        row = self._pages.get(index) if index < self.count else None
        if row is None:
            return Strip.blank(self.size.width, self.rich_style)
        style = self.rich_style
        if index == self.cursor:
            name = "table--cursor" if self.has_focus else "table--cursor-blurred"
            style = self.get_component_rich_style(name)
        return self._line(row, style)

    def _line(self, row: StudyRow, base: Style) -> Strip:
        segments: list[Segment] = []
        for column in self._columns:
            segments.extend(self._cell(column, row, base))
        strip = Strip(segments)
        return strip.crop_extend(0, self.size.width, base)

    def _cell(self, column: Column, row: StudyRow, base: Style) -> list[Segment]:
        runs = column.cell(row)
        width = self._width(column)
        if len(runs) == 1:
            text, ink = runs[0]
            text = shortened(text, width) if column.most else text
            text = clipped(text, width) if column.prose else text
            return [
                Segment(fitted(text, width, right=column.right), base + self._ink(ink)),
                Segment(" " * GAP, base),
            ]
        strip = Strip([Segment(text, base + self._ink(ink)) for text, ink in runs])
        return [*strip.crop_extend(0, width, base), Segment(" " * GAP, base)]

    def _width(self, column: Column) -> int:
        """The cells of a column; the last one takes what is left."""
        if column is not self._columns[-1]:
            return column.width
        used = sum(other.width + GAP for other in self._columns[:-1])
        return max(column.width, self.room - used)

    def _ink(self, ink: Ink) -> Style:
        return self.get_component_rich_style(f"table--{ink}", partial=True)

    def _reveal(self) -> None:
        seen = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        if self.cursor not in seen:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)


class TableHeading(Widget):
    """The line above the table: titles over the very same columns, with the sort order."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"heading--sorted"}

    sort: reactive[str] = reactive("rank")
    descending: reactive[bool] = reactive(default=False)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 (there is one line)
        """Draw the titles."""
        segments: list[Segment] = []
        for column in fit(self.size.width):
            sorted_by = column.sort == self.sort != ""
            style = self.get_component_rich_style("heading--sorted") if sorted_by else None
            mark = ("▾" if self.descending else "▴") if sorted_by else ""
            segments += [
                Segment(_titled(column, mark), style or self.rich_style),
                Segment(" " * (GAP - 1), self.rich_style),
            ]
        return Strip(segments).crop_extend(0, self.size.width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Sort by the column that was clicked."""
        right = 0
        for column in fit(self.size.width):
            right += column.width + GAP
            if event.x < right:
                if column.sort:
                    self.post_message(SortChosen(column.sort))
                return


def _titled(column: Column, mark: str) -> str:
    """A title over its column, one cell wider: the mark of the order may stand in the gap."""
    if column.right:
        return fitted(column.title, column.width, right=True) + (mark or " ")
    return fitted(column.title + mark, column.width + 1)
