"""A page for one study: who, where the network looked, what it said, what a reviewer thought.

The pictures are read when the page is drawn and let go with it. What does not fit (a long comment)
runs on below; nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial

from screener.marks import map_words
from screener.report import charts, style, wording
from screener.report.layout import Block, Cell, Column, Frame, Table, lines, stack
from screener.report.pdf import Sheet
from screener.report.preview import NoPreview, Preview, preview
from screener.results.worklist import RadiographRow, StudyDetail, StudyRow
from screener.study import Refusal, suspicion
from screener.text import plural

GAP = 14.0
"""Between the two pictures, and the two columns below them."""
TALLEST = 1.25
"""Height of a picture over its width, at most."""
CAPTION = 34.0
"""Height of the words under a picture: three lines at most."""
BARS = 104.0
"""Height of the class probabilities with their heading."""
LISTED = 5
"""Files of a study that are listed here; the appendix has all."""
COMMENT_LINES = 3
"""Lines of a comment that stay with the study."""


def study_anchor(row: StudyRow) -> str:
    """Name for links to a study's page."""
    return f"study-{row.rank}"


def rank_anchor(row: StudyRow) -> str:
    """Name for links to a study's row in the ranking."""
    return f"rank-{row.rank}"


def panel(detail: StudyDetail, frame: Frame, zone: tzinfo | None) -> Iterator[Block]:
    """A scored study as blocks: one kept together, and the rest of a long comment."""
    row = detail.row
    shown = detail.deciding
    said = [row.comment] if row.comment else []
    said += wording.other_opinions(detail, zone)
    comment = [line for text in said for line in lines(text, style.BODY, frame.left, frame.width)]
    above = [
        Block(44, partial(_head, frame, row)),
        Block(25, partial(_facts, frame, row)),
        *_alike(frame, detail),
    ]
    below = [
        _opinion(frame, row, shown),
        *_files(frame, detail),
        Block(15, partial(_review, frame, row, zone), before=5),
        *comment[:COMMENT_LINES],
    ]
    room = frame.height - stack([*above, *below]).height - CAPTION
    yield replace(
        stack([*above, _pictures(frame, shown, room), *below]),
        before=18,
        anchor=study_anchor(row),
        title=f"{row.rank}  {wording.patient(row)}",
        level=1,
    )
    yield from comment[COMMENT_LINES:]


def _head(frame: Frame, row: StudyRow, sheet: Sheet, top: float) -> None:
    sheet.rule(frame.left, top, frame.width, 1.2, style.INK)
    sheet.write(f"RANK {row.rank}", frame.left, top - 7, style.LABEL)
    charts.band_name(sheet, row.band, frame.left + 42, top - 7, style.LABEL)
    name = style.shorten(wording.patient(row), style.NAME, frame.width - 130)
    sheet.write(name, frame.left, top - 18, style.NAME)
    sheet.write(wording.SCORE.upper(), frame.right, top - 7, style.LABEL, "right")
    sheet.write(f"{row.score:.3f}", frame.right, top - 15, style.FIGURE, "right")


def _facts(frame: Frame, row: StudyRow, sheet: Sheet, top: float) -> None:
    places = (0, 92, 128, 160, 222, 300)
    for (name, value), x in zip(wording.study_facts(row), places, strict=True):
        sheet.write(name.upper(), frame.left + x, top, style.LABEL)
        room = frame.width - x
        sheet.write(style.shorten(value, style.TABLE, room), frame.left + x, top - 9, style.TABLE)


def _alike(frame: Frame, detail: StudyDetail) -> Iterator[Block]:
    """What films scored like it showed elsewhere, where the card says."""
    if detail.alike:
        yield from lines(str(detail.alike), style.BODY, frame.left, frame.width)
        yield Block(6)


@dataclass(frozen=True, slots=True)
class _Box:
    """Where one picture goes, in points."""

    x: float
    width: float
    height: float


def _pictures(frame: Frame, shown: RadiographRow, room: float) -> Block:
    """The radiograph twice, over 80 mm wide on A4 and Letter unless far taller than wide."""
    side = (frame.width - GAP) / 2
    height = min(side * shown.rows / shown.columns, TALLEST * side, room)
    left, right = (_Box(x, side, height) for x in (frame.left, frame.left + side + GAP))

    def draw(sheet: Sheet, top: float) -> None:
        pictures = preview(shown)
        _picture(sheet, pictures, left, top, shown, lines_over=False)
        _picture(sheet, pictures, right, top, shown, lines_over=True)
        name = f"{wording.PREVIEW} · {shown.projection.value} · {shown.path.name}"
        _caption(sheet, name, left, top)
        if isinstance(pictures, Preview) and pictures.traced:
            charts.lines_legend(sheet, frame.left, frame.bottom)
            _caption(sheet, wording.sentence(map_words(shown.activation)), right, top)

    return Block(height + CAPTION, draw)


def _caption(sheet: Sheet, words: str, box: _Box, top: float) -> None:
    for number, line in enumerate(style.wrap(words, style.SMALL, box.width)[:3]):
        sheet.write(line, box.x, top - box.height - 3 - 9.4 * number, style.SMALL)


def _picture(
    sheet: Sheet,
    pictures: Preview | NoPreview,
    box: _Box,
    top: float,
    shown: RadiographRow,
    *,
    lines_over: bool,
) -> None:
    """One picture in the middle of its box, or the reason why there is none."""
    sheet.fill(box.x, top - box.height, box.width, box.height, style.TINT)
    jpeg = None
    reason = wording.sentence(map_words(shown.activation))
    if isinstance(pictures, Preview):
        jpeg = pictures.traced if lines_over else pictures.plain
    elif not lines_over:
        reason = f"No preview: {pictures.reason}."
    if jpeg is None or isinstance(pictures, NoPreview):
        for number, line in enumerate(style.wrap(reason, style.BODY, 0.7 * box.width)):
            y = top - box.height / 3 - style.BODY.leading * number
            sheet.write(line, box.x + box.width / 2, y, style.BODY, "centre")
        return
    scale = min(box.width / pictures.columns, box.height / pictures.rows)
    w, h = pictures.columns * scale, pictures.rows * scale
    sheet.picture(jpeg, box.x + (box.width - w) / 2, top - (box.height + h) / 2, w, h)


def _opinion(frame: Frame, row: StudyRow, shown: RadiographRow) -> Block:
    """The class probabilities, and beside them the study's marks."""
    side = (frame.width - GAP) / 2
    x = frame.left + side + GAP
    marks = [
        line for mark in row.marks for line in style.wrap(f"• {mark}", style.TABLE_STRONG, side)
    ]

    def draw(sheet: Sheet, top: float) -> None:
        sheet.write("CLASS PROBABILITIES", frame.left, top, style.LABEL)
        charts.class_bars(sheet, frame.left, top - 12, side, shown.probabilities)
        if marks:
            sheet.write("MARKS", x, top, style.LABEL)
        for number, line in enumerate(marks):
            y = top - 12 - number * style.TABLE.leading
            sheet.write(line, x, y, style.TABLE_STRONG)

    return Block(max(BARS, 18 + len(marks) * style.TABLE.leading), draw)


def _files(frame: Frame, detail: StudyDetail) -> Iterator[Block]:
    """Which files the score rests on and which could not be scored."""
    table = Table(
        frame,
        Column("Radiograph", 200),
        Column("View", 40),
        Column("Score", 30, "right"),
        Column("Pixels", 60, "right"),
        Column("Remarks", 160),
        pad=2.2,
    )
    files: list[RadiographRow | Refusal] = [*detail.radiographs, *detail.refusals]
    files += detail.waiting
    for block in table(_file(table, file) for file in files[:LISTED]):
        yield replace(block, head=None)
    if len(files) > LISTED:
        more = f"and {plural(len(files) - LISTED, 'more file')}: see the appendix"
        yield from lines(more, style.SMALL, frame.left, frame.width, 2)


def _file(table: Table, file: RadiographRow | Refusal) -> Block:
    name = Cell(style.shorten(file.path.name, style.TABLE, 200))
    if isinstance(file, Refusal):
        reason = f"{wording.OUTCOME_NAMES[file.outcome]}: {file.reason}"
        return table.row(name, Cell("–"), Cell("–"), Cell("–"), Cell(reason))
    return table.row(
        name,
        Cell(file.projection.value),
        Cell(f"{suspicion(file.probabilities):.3f}"),
        Cell(f"{file.columns} × {file.rows}"),
        Cell(wording.remarks(file)),
    )


def _review(frame: Frame, row: StudyRow, zone: tzinfo | None, sheet: Sheet, top: float) -> None:
    words = f"↑ Rank {row.rank} in the ranking"
    left = frame.right - style.width(words, style.SMALL)
    sheet.write("REVIEW", frame.left, top - 2, style.LABEL)
    line = style.shorten(wording.review_line(row, zone), style.BODY_STRONG, left - frame.left - 56)
    sheet.write(line, frame.left + 46, top, style.BODY_STRONG)
    sheet.write(words, frame.right, top - 2, style.SMALL, "right")
    box = (left, top - 12, frame.right, top)
    sheet.link(f"Back to rank {row.rank} in the ranking", rank_anchor(row), box)
