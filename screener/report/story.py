"""The order of content: what was scanned, what could not be scored, the ranking, the studies.

Files without a score come before the ranking, so that nobody takes a short list for a complete
one. Everything is read from the store as it is needed and drawn at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from screener import rates
from screener.card import WeightsCard
from screener.report import charts, figures, limits, style, wording
from screener.report.content import Report
from screener.report.layout import Block, Cell, Column, Frame, Places, Table, lines
from screener.report.panel import panel, rank_anchor, study_anchor
from screener.report.parts import boxed, facts, heading, subheading
from screener.report.pdf import Sheet
from screener.report.summary import summary
from screener.results.worklist import Filter, RadiographRow, StudyRow
from screener.study import LABEL_NAMES, Band, Refusal


def story(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    """The whole report as blocks, with the page numbers of an earlier pass over it."""
    yield from summary(report, frame, places)
    yield from _not_scored(report, frame)
    yield from _ranking(report, frame, places)
    yield from _studies(report, frame)
    yield from _other(report, frame)
    yield from _method(report, frame)
    yield from _files(report, frame)


def _not_scored(report: Report, frame: Frame) -> Iterator[Block]:
    yield heading("not-scored", frame)
    counts = report.worklist.counts()
    if not counts.unscored and not counts.waiting:
        yield from lines(wording.NOT_SCORED_NONE, style.BODY, frame.left, frame.width)
        return
    if counts.unscored:
        words = wording.not_scored(counts.unscored, counts.found)
        yield from lines(words, style.BODY, frame.left, frame.width)
    if counts.by_band[Band.UNSCORED]:
        yield subheading("Studies without a score", frame)
        yield from _unscored(report, frame)
    if counts.unscored:
        yield subheading("Files without a score", frame)
        yield from _without_score(report.worklist.unscored(), frame)
    if counts.waiting:
        yield subheading("Files not scored yet", frame)
        yield from lines(wording.waiting(counts), style.BODY, frame.left, frame.width)
        yield from _without_score(report.worklist.waiting(), frame)


def _other(report: Report, frame: Frame) -> Iterator[Block]:
    counts = report.worklist.counts()
    if not counts.other:
        return
    yield heading("other", frame, fresh=False)
    yield from lines(wording.other(counts), style.BODY, frame.left, frame.width)
    yield from _without_score(report.worklist.other(), frame)


def _without_score(files: Iterable[Refusal], frame: Frame) -> Iterator[Block]:
    table = Table(frame, Column("Outcome", 62), Column("File", 220), Column("Reason", 229))
    yield from table(
        table.row(
            Cell(wording.OUTCOME_NAMES[refusal.outcome], style.TABLE_STRONG),
            Cell(str(refusal.path), note=refusal.digest.removeprefix("sha256:")),
            Cell(refusal.reason),
        )
        for refusal in files
    )


def _unscored(report: Report, frame: Frame) -> Iterator[Block]:
    table = Table(
        frame,
        Column("Patient or file", 135),
        Column("Taken", 76),
        Column("Age", 30),
        Column("Sex", 20),
        Column("Reason", 130),
        Column("Review", 80),
    )
    zone = report.generated_at.tzinfo
    yield from table(
        table.row(
            Cell(wording.patient(row), style.TABLE_STRONG, note=row.key),
            Cell(wording.moment(row.taken_at)),
            Cell(wording.age(row.age)),
            Cell(row.sex or "–"),
            Cell(row.reason),
            Cell(wording.review_line(row, zone), note=row.comment),
        )
        for row in report.worklist.rows(Filter(bands=(Band.UNSCORED,)))
    )


def _ranking(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    yield heading("ranking", frame, fresh=False)
    if warning := report.worklist.alarm():
        yield boxed(wording.ALARM_TITLE, wording.sentence(warning), frame)
        yield Block(8)
    yield from _rates(report, frame)
    yield from lines(report.selection(), style.BODY, frame.left, frame.width)
    table = Table(
        frame,
        Column("Rank", 21, "right"),
        Column("Band", 57),
        Column("Score", 52),
        Column("Patient or file", 80),
        Column("Taken", 49),
        Column("Age, sex", 34),
        Column("Views", 34),
        Column("Likeliest class", 88),
        Column("Review", 54),
        Column("Page", 19, "right"),
        gutter=7,
    )
    yield from table(_ranking_row(table, row, places) for row in report.ranked())


def _rates(report: Report, frame: Frame) -> Iterator[Block]:
    """What a place in the list was worth elsewhere: before the list and before any accuracy."""
    found = rates.rates(report.card)
    if not found:
        return
    yield subheading(rates.TITLE, frame)
    shown, films, *bands = rates.HEAD
    table = Table(
        frame,
        Column(shown, 130),
        Column(films, 60, "right"),
        *(Column(band, 130, "right") for band in bands),
    )
    yield from table(
        table.row(Cell(rate.shown, style.TABLE_STRONG), *map(Cell, rate.cells[1:]))
        for rate in found
    )
    yield from lines(rates.SAID, style.SMALL, frame.left, frame.width, 4)
    yield Block(8)


def _ranking_row(table: Table, row: StudyRow, places: Places) -> Block:
    anchor = study_anchor(row)
    page = places.page_of.get(anchor)
    score = row.score or 0.0
    marks = "\n".join(f"• {mark}" for mark in row.marks)
    band = style.band_type(row.band)

    def bar(sheet: Sheet, x: float, top: float, room: float) -> None:
        charts.score_bar(sheet, x + 26, top, room - 26, score, row.band)

    return table.row(
        Cell(str(row.rank), style.TABLE_STRONG),
        Cell(f"{row.band.glyph} {row.band.value}", band),
        Cell(f"{score:.3f}", backdrop=bar),
        Cell(wording.patient(row)),
        Cell(f"{row.taken_at:%Y-%m-%d}" if row.taken_at else "–"),
        Cell(f"{wording.age(row.age)} {row.sex}"),
        Cell(wording.views(row.projections)),
        Cell(LABEL_NAMES.get(row.label or "", "–"), note=marks),
        Cell(wording.verdict(row)),
        Cell(str(page) if page else ""),
        anchor=rank_anchor(row) if page else "",
        link=anchor if page else "",
        words=f"To the page of rank {row.rank}",
    )


def _studies(report: Report, frame: Frame) -> Iterator[Block]:
    above, words = heading("studies", frame), report.pages()
    if words:
        yield above
        yield from lines(words, style.BODY, frame.left, frame.width)
    title = None if words else above
    zone = report.generated_at.tzinfo
    for row in report.detailed():
        first, *rest = panel(report.worklist.study(row.key), frame, zone)
        if title:
            yield replace(title, keep=first.height)
            title = None
            first = replace(first, before=2)
        yield first
        yield from rest
    if title:
        yield title
        yield from lines(wording.NO_STUDIES, style.BODY, frame.left, frame.width)


def _method(report: Report, frame: Frame) -> Iterator[Block]:
    yield heading("method", frame)
    yield subheading("Intended use", frame)
    yield from lines(limits.INTENDED_USE, style.BODY, frame.left, frame.width)
    yield subheading("Known limits", frame)
    yield from _terms(limits.KNOWN_LIMITS, frame)
    yield subheading("From a file to its place", frame)
    yield from _terms(wording.method(report.card), frame)
    yield subheading("Measured performance of these weights", frame)
    if not any(figures.figures(report.card)):
        yield from lines(wording.NO_FIGURES, style.BODY, frame.left, frame.width)
        return
    yield from lines(wording.FIGURES, style.BODY, frame.left, frame.width)
    yield from _reliability(report.card, frame)
    yield from _unseen(report.card, frame)
    yield from _seen(report.card, frame)


def _unseen(card: WeightsCard, frame: Frame) -> Iterator[Block]:
    measured = figures.unseen(card)
    if not measured:
        return
    yield subheading(wording.UNSEEN, frame)
    table = Table(
        frame,
        Column("Figure", 300),
        Column("Value", 50, "right"),
        Column("95 % interval", 100, "right"),
        Column("Images", 60, "right"),
    )
    yield from table(
        table.row(
            Cell(figure.name),
            Cell(figure.value, style.TABLE_STRONG),
            Cell(figure.interval),
            Cell(figure.images),
        )
        for figure in measured
    )


def _seen(card: WeightsCard, frame: Frame) -> Iterator[Block]:
    compared = list(figures.seen(card))
    if not compared:
        return
    yield subheading(wording.SEEN, frame)
    table = Table(
        frame,
        Column("Set of images", 130),
        Column("Images", 36, "right"),
        *(Column(name, 112, "right") for name in figures.COMPARED.values()),
    )
    yield from table(_compared(table, one) for one in compared)
    if any(one.is_shortcut for one in compared):
        yield from lines(wording.SHORTCUTS, style.SMALL, frame.left, frame.width, 4)


def _compared(table: Table, one: figures.Compared) -> Block:
    kind = style.TABLE if one.is_shortcut else style.TABLE_STRONG
    name = f"– {one.name}" if one.is_shortcut else one.name
    return table.row(Cell(name, kind), *(Cell(text, kind) for text in (one.images, *one.values)))


def _reliability(card: WeightsCard, frame: Frame) -> Iterator[Block]:
    """The calibration plot, where the card has one, with its reading beside it."""
    found = figures.reliability(card)
    if not found:
        return
    side = 110.0

    def draw(sheet: Sheet, top: float) -> None:
        box = (frame.left + 20, top - side - 24, side, side + 24)
        charts.reliability(sheet, box, found)
        x = frame.left + side + 48
        for number, line in enumerate(style.wrap(found.reading, style.BODY, frame.right - x)):
            sheet.write(line, x, top - number * style.BODY.leading, style.BODY)

    yield Block(side + 28, draw, before=10)


def _terms(terms: Iterable[tuple[str, str]], frame: Frame) -> Iterator[Block]:
    for name, text in terms:
        yield replace(facts([(name, text)], frame), before=5)


def _files(report: Report, frame: Frame) -> Iterator[Block]:
    yield heading("files", frame)
    yield from lines(wording.FILES, style.BODY, frame.left, frame.width)
    table = Table(
        frame,
        Column("Rank", 22, "right"),
        Column("File and its SHA-256", 258),
        Column("View", 40),
        Column("Pixels", 56, "right"),
        Column("Form", 135),
    )
    for number, row in enumerate(report.ranked()):
        files = report.worklist.radiographs(row.key)
        blocks = (_file(table, row, file) for file in files)
        yield from table(blocks) if number == 0 else blocks


def _file(table: Table, row: StudyRow, file: RadiographRow) -> Block:
    return table.row(
        Cell(str(row.rank)),
        Cell(str(file.path), note=file.digest.removeprefix("sha256:")),
        Cell(file.projection.value),
        Cell(f"{file.columns} × {file.rows}"),
        Cell(wording.form(file)),
    )
