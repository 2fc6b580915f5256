"""The order of content: what was scanned, what could not be scored, the ranking, the studies.

Files without a score come before the ranking, so that nobody takes a short list for a complete
one. Everything is read from the store as it is needed and drawn at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from screener.report import charts, figures, style, wording
from screener.report.content import SECTIONS, Report
from screener.report.layout import Block, Cell, Column, Frame, Places, Table, lines, stack
from screener.report.panel import panel, rank_anchor, study_anchor
from screener.report.pdf import Sheet
from screener.study import LABEL_NAMES, Band
from screener.weights import WeightsCard
from screener.worklist import Counts, Filter, RadiographRow, StudyRow


def story(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    """The whole report as blocks, with the page numbers of an earlier pass over it."""
    yield from _summary(report, frame, places)
    yield from _not_scored(report, frame)
    yield from _ranking(report, frame, places)
    yield from _studies(report, frame)
    yield from _method(report, frame)
    yield from _files(report, frame)


def _heading(key: str, frame: Frame, *, fresh: bool = True) -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.write(SECTIONS[key], frame.left, top, style.HEADING)

    return Block(24, draw, before=34, keep=110, anchor=key, title=SECTIONS[key], fresh=fresh)


def _subheading(text: str, frame: Frame) -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.write(text, frame.left, top, style.SUBHEADING)

    return Block(15, draw, before=14, keep=40)


def _summary(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    counts = report.worklist.counts()
    yield replace(_title(frame), anchor="summary", title=SECTIONS["summary"])
    yield replace(_boxed(wording.WARNING_TITLE, wording.WARNING, frame), before=10)
    facts = wording.title_facts(
        report.run, report.card, report.worklist.identify, report.generated_at
    )
    yield replace(_facts(facts, frame), before=20)
    yield replace(_subheading("What became of the files", frame), before=28)
    yield _flow(counts, frame)
    yield from lines(wording.skipped(counts), style.SMALL, frame.left, frame.width)
    yield replace(_charts(report, frame), before=26)
    yield replace(_contents(frame, places), before=24)


def _title(frame: Frame) -> Block:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.write(wording.SOFTWARE.upper(), frame.left, top, style.LABEL)
        sheet.write(wording.TITLE, frame.left - 1.5, top - 12, style.TITLE)
        sheet.write(wording.SUBTITLE, frame.left, top - 48, style.BODY)

    return Block(64, draw)


def _boxed(title: str, text: str, frame: Frame) -> Block:
    """A warning that cannot be overlooked, in black on every printer."""
    left, room = frame.left + 14, frame.width - 28
    inside = stack(
        [*lines(title, style.SUBHEADING, left, room), *lines(text, style.BODY, left, room)]
    )
    height = inside.height + 20

    def draw(sheet: Sheet, top: float) -> None:
        sheet.setStrokeColor(style.INK)
        sheet.setLineWidth(0.8)
        sheet.rect(frame.left, top - height, frame.width, height)
        sheet.fill(frame.left, top - height, 4, height, style.INK)
        inside.draw(sheet, top - 10)

    return Block(height, draw)


def _facts(facts: list[tuple[str, str]], frame: Frame) -> Block:
    """Names on the left, values on the right, kept together."""
    indent = 92.0
    blocks = []
    for name, value in facts:
        first, *rest = lines(value, style.TABLE, frame.left + indent, frame.width - indent)

        def draw(sheet: Sheet, top: float, name: str = name, first: Block = first) -> None:
            sheet.write(name.upper(), frame.left, top - 1, style.LABEL)
            first.draw(sheet, top)

        blocks.append(Block(first.height, draw, before=3))
        blocks += rest
    return stack(blocks)


def _flow(counts: Counts, frame: Frame) -> Block:
    steps = wording.flow(counts)
    room = frame.width / len(steps)

    def draw(sheet: Sheet, top: float) -> None:
        for number, (name, count, meaning) in enumerate(steps):
            x = frame.left + number * room
            sheet.rule(x, top, room - 10, 0.8, style.INK)
            sheet.write(f"{count:,}", x, top - 4, style.FIGURE)
            sheet.write(name, x, top - 29, style.TABLE_STRONG)
            for line, words in enumerate(style.wrap(meaning, style.SMALL, room - 12)):
                sheet.write(words, x, top - 40 - line * 9.4, style.SMALL)

    return Block(72, draw)


def _charts(report: Report, frame: Frame) -> Block:
    counts = report.worklist.counts()
    bins = report.worklist.histogram(20)
    half = (frame.width - 28) / 2

    def draw(sheet: Sheet, top: float) -> None:
        words = f"{wording.plural(counts.studies, 'study', 'studies')} by band"
        sheet.write(words, frame.left, top, style.SUBHEADING)
        charts.band_counts(sheet, frame.left, top - 22, half, counts.by_band)
        sheet.write(wording.reviewed(counts), frame.left, top - 104, style.SMALL)
        x = frame.left + half + 28
        sheet.write("Distribution of the scores", x, top, style.SUBHEADING)
        box = (x, top - 146, half, 128)
        charts.histogram(sheet, box, bins, report.card.thresholds)

    return Block(148, draw)


def _contents(frame: Frame, places: Places) -> Block:
    keys = [key for key in SECTIONS if key in places.page_of and key != "summary"]

    def draw(sheet: Sheet, top: float) -> None:
        sheet.write("CONTENTS", frame.left, top, style.LABEL)
        sheet.write("PAGE", frame.right, top, style.LABEL, "right")
        sheet.rule(frame.left, top - 11, frame.width, 0.8, style.INK)
        for number, key in enumerate(keys):
            y = top - 13 - 14 * number
            sheet.write(SECTIONS[key], frame.left, y, style.TABLE)
            sheet.write(str(places.page_of[key]), frame.right, y, style.TABLE, "right")
            sheet.rule(frame.left, y - 12.5, frame.width)
            sheet.link(f"To {SECTIONS[key]}", key, (frame.left, y - 12, frame.right, y))

    return Block(14.0 * len(SECTIONS), draw)


def _not_scored(report: Report, frame: Frame) -> Iterator[Block]:
    yield _heading("not-scored", frame)
    counts = report.worklist.counts()
    refused = counts.unsuitable + counts.unreadable + counts.not_attempted
    if not refused:
        yield from lines(wording.NOT_SCORED_NONE, style.BODY, frame.left, frame.width)
        return
    words = wording.not_scored(refused, counts.found)
    yield from lines(words, style.BODY, frame.left, frame.width)
    if counts.by_band.get(Band.UNSCORED):
        yield _subheading("Studies without a score", frame)
        yield from _unscored(report, frame)
    yield _subheading("Files without a score", frame)
    table = Table(frame, Column("Outcome", 62), Column("File", 220), Column("Reason", 229))
    yield from table(
        table.row(
            Cell(wording.OUTCOME_NAMES[refusal.outcome], style.TABLE_STRONG),
            Cell(str(refusal.path), note=refusal.digest.removeprefix("sha256:")),
            Cell(refusal.reason),
        )
        for refusal in report.worklist.refusals()
    )


def _unscored(report: Report, frame: Frame) -> Iterator[Block]:
    table = Table(
        frame,
        Column("Patient", 150),
        Column("Taken", 86),
        Column("Age", 30),
        Column("Sex", 20),
        Column("Files", 60, "right"),
        Column("Review", 140),
    )
    zone = report.generated_at.tzinfo
    yield from table(
        table.row(
            Cell(row.patient, style.TABLE_STRONG, note=row.key),
            Cell(wording.moment(row.taken_at)),
            Cell(wording.age(row.age)),
            Cell(row.sex or "–"),
            Cell(str(row.refused)),
            Cell(wording.review_line(row, zone), note=row.comment),
        )
        for row in report.worklist.rows(Filter(bands=(Band.UNSCORED,)))
    )


def _ranking(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    yield _heading("ranking", frame, fresh=False)
    if warning := report.worklist.alarm():
        yield _boxed(wording.ALARM_TITLE, wording.sentence(warning), frame)
        yield Block(8)
    yield from lines(report.selection(), style.BODY, frame.left, frame.width)
    table = Table(
        frame,
        Column("Rank", 21, "right"),
        Column("Band", 57),
        Column("Score", 52),
        Column("Patient", 80),
        Column("Taken", 49),
        Column("Age, sex", 34),
        Column("Views", 34),
        Column("Likeliest class", 88),
        Column("Review", 54),
        Column("Page", 19, "right"),
        gutter=7,
    )
    yield from table(_ranking_row(table, row, places) for row in report.ranked())


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
        Cell(row.patient),
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
    heading: Block | None = _heading("studies", frame)
    zone = report.generated_at.tzinfo
    for row in report.detailed():
        first, *rest = panel(report.worklist.study(row.key), frame, zone)
        if heading:
            yield replace(heading, keep=first.height)
            heading = None
            first = replace(first, before=2)
        yield first
        yield from rest
    if heading:
        yield heading
        yield from lines(wording.NO_STUDIES, style.BODY, frame.left, frame.width)


def _method(report: Report, frame: Frame) -> Iterator[Block]:
    yield _heading("method", frame)
    yield _subheading("Intended use", frame)
    yield from lines(wording.INTENDED_USE, style.BODY, frame.left, frame.width)
    yield _subheading("Known limits", frame)
    yield from _terms(wording.KNOWN_LIMITS, frame)
    yield _subheading("From a file to its place", frame)
    yield from _terms(wording.method(report.card), frame)
    yield _subheading("Measured performance of these weights", frame)
    measured = list(figures.figures(report.card))
    if not measured:
        yield from lines(wording.NO_FIGURES, style.BODY, frame.left, frame.width)
        return
    yield from lines(wording.FIGURES, style.BODY, frame.left, frame.width)
    table = Table(
        frame,
        Column("Measured on", 150),
        Column("Figure", 190),
        Column("Value", 50, "right"),
        Column("95 % interval", 80, "right"),
        Column("Images", 42, "right"),
    )
    yield from _reliability(report.card, frame)
    yield from table(
        table.row(
            Cell(figure.measured_on),
            Cell(figure.name),
            Cell(figure.value, style.TABLE_STRONG),
            Cell(figure.interval),
            Cell(figure.images),
        )
        for figure in measured
    )


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
        yield replace(_facts([(name, text)], frame), before=5)


def _files(report: Report, frame: Frame) -> Iterator[Block]:
    yield _heading("files", frame)
    yield from lines(wording.FILES, style.BODY, frame.left, frame.width)
    table = Table(
        frame,
        Column("Rank", 22, "right"),
        Column("File and its SHA-256", 270),
        Column("View", 28),
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
