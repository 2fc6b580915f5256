"""Blocks of known height and their way onto pages.

A story is an iterator of blocks, so a report of any length needs the memory of one page. It is
laid out twice with the same code: once for the page numbers, without drawing, and once on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from screener.report import style
from screener.report.pdf import Sheet
from screener.report.style import Type


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a page that the story fills, in points from the lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.bottom + self.height

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width


Drawing = Callable[[Sheet, float], None]
"""Draws a block on a sheet, given its upper edge."""


def nothing(sheet: Sheet, top: float) -> None:
    """An empty drawing."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that is never cut by the end of a page."""

    height: float
    draw: Drawing = nothing
    before: float = 0.0
    """Space above, unless it begins a page."""
    keep: float = 0.0
    """Room that must be left below it: a heading stays with what it heads."""
    head: Block | None = None
    """Drawn again above it where it begins a page: a table's header."""
    anchor: str = ""
    """Name for links to it."""
    title: str = ""
    """Its bookmark, if it has one."""
    level: int = 0
    fresh: bool = False
    """Begins a new page."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A block's place: page from 1, and upper edge in points."""

    page: int
    top: float
    block: Block


def paginate(story: Iterable[Block], frame: Frame) -> Iterator[Placed]:
    """Give each block its place, in order."""
    page, used = 1, 0.0
    for block in story:
        before = block.before if used else 0.0
        full = used + before + block.height + block.keep > frame.height
        if used and (block.fresh or full):
            page, used, before = page + 1, 0.0, 0.0
            if block.head:
                yield Placed(page, frame.top, block.head)
                used = block.head.height
        yield Placed(page, frame.top - used - before, block)
        used += before + block.height


@dataclass(slots=True)
class Places:
    """What the first pass finds: how many pages, and on which page each anchor is."""

    pages: int = 0
    page_of: dict[str, int] = field(default_factory=dict)


def measure(story: Iterable[Block], frame: Frame) -> Places:
    """Lay a story out without drawing it."""
    places = Places()
    for placed in paginate(story, frame):
        places.pages = placed.page
        if placed.block.anchor:
            places.page_of[placed.block.anchor] = placed.page
    return places


def draw(
    story: Iterable[Block], frame: Frame, sheet: Sheet, furnish: Callable[[Sheet, int], None]
) -> None:
    """Draw a story; ``furnish`` draws what stands on every page."""
    page = 1
    furnish(sheet, page)
    for placed in paginate(story, frame):
        if placed.page > page:
            sheet.showPage()
            page = placed.page
            furnish(sheet, page)
        block = placed.block
        if block.anchor:
            sheet.anchor(block.anchor, placed.top)
        if block.title:
            sheet.bookmark(block.anchor, block.title, block.level)
        block.draw(sheet, placed.top)
    sheet.showPage()


def lines(text: str, kind: Type, left: float, room: float, before: float = 0.0) -> Iterator[Block]:
    """A paragraph, one block a line, so that a long one runs over pages without a lone line."""
    broken = style.wrap(text, kind, room)
    for number, line in enumerate(broken):
        lone = len(broken) > 1 and number in (0, len(broken) - 2)
        yield Block(
            kind.leading,
            partial(_line, line, left, kind),
            before if number == 0 else 0.0,
            keep=kind.leading if lone else 0.0,
        )


def _line(text: str, left: float, kind: Type, sheet: Sheet, top: float) -> None:
    sheet.write(text, left, top, kind)


Backdrop = Callable[[Sheet, float, float, float], None]
"""Draws in a cell, given the sheet, left edge, top and width."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text in a column, broken over lines where it is too wide, with a note in small type."""

    text: str
    kind: Type = style.TABLE
    note: str = ""
    backdrop: Backdrop | None = None

    def lines(self, room: float) -> list[tuple[str, Type]]:
        """Its lines and their types."""
        text = style.wrap(self.text, self.kind, room) if self.text or not self.note else []
        note = style.wrap(self.note, style.SMALL, room) if self.note else []
        return [(line, self.kind) for line in text] + [(line, style.SMALL) for line in note]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; widths are shares of the table's."""

    title: str
    share: float
    align: str = "left"


class Table:
    """Rows under a header that each page repeats."""

    def __init__(
        self, frame: Frame, *columns: Column, gutter: float = 8.0, pad: float = 3.2
    ) -> None:
        room = frame.width - gutter * (len(columns) - 1)
        total = sum(column.share for column in columns)
        self._frame, self._pad = frame, pad
        self._columns: list[tuple[Column, float, float]] = []  # column, left edge, width
        x = frame.left
        for column in columns:
            width = room * column.share / total
            self._columns.append((column, x, width))
            x += width + gutter
        self._header = Block(14, self._draw_header, keep=3 * style.TABLE.leading)

    def __call__(self, rows: Iterable[Block]) -> Iterator[Block]:
        """The header, then the rows."""
        yield replace(self._header, before=6)
        yield from rows

    def _draw_header(self, sheet: Sheet, top: float) -> None:
        for column, x, width in self._columns:
            at = x + width if column.align == "right" else x
            sheet.write(column.title.upper(), at, top, style.LABEL, column.align)
        sheet.rule(self._frame.left, top - 13, self._frame.width, 0.8, style.INK)

    def row(self, *cells: Cell, anchor: str = "", link: str = "", words: str = "") -> Block:
        """One row as high as its tallest cell, over a hairline.

        Args:
            cells: one a column.
            anchor: name for links to this row.
            link: anchor that a click on the row leads to.
            words: where the link leads.
        """
        broken = [
            cell.lines(width) for cell, (_, _, width) in zip(cells, self._columns, strict=True)
        ]
        height = 2 * self._pad + max(sum(kind.leading for _, kind in text) for text in broken)

        def draw(sheet: Sheet, top: float) -> None:
            for cell, text, (column, x, width) in zip(cells, broken, self._columns, strict=True):
                y = top - self._pad
                if cell.backdrop:
                    cell.backdrop(sheet, x, y, width)
                for line, kind in text:
                    at = x + width if column.align == "right" else x
                    sheet.write(line, at, y, kind, column.align)
                    y -= kind.leading
            sheet.rule(self._frame.left, top - height, self._frame.width)
            if link:
                box = (self._frame.left, top - height, self._frame.right, top)
                sheet.link(words, link, box)

        return Block(height, draw, head=self._header, anchor=anchor)


def stack(blocks: Sequence[Block]) -> Block:
    """Several blocks kept together as one."""

    def draw(sheet: Sheet, top: float) -> None:
        for number, block in enumerate(blocks):
            top -= block.before if number else 0.0
            block.draw(sheet, top)
            top -= block.height

    height = sum(b.height + (b.before if n else 0.0) for n, b in enumerate(blocks))
    return Block(height, draw, before=blocks[0].before)
