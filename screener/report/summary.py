"""The first page: what was scanned, the warning, what became of the files, two charts, contents.

It can be torn off and still says that nothing else may be concluded from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from screener.report import charts, style, wording
from screener.report.content import SECTIONS, Report
from screener.report.layout import Block, Frame, Places, lines
from screener.report.parts import boxed, facts, subheading
from screener.report.pdf import Sheet
from screener.results.worklist import Counts
from screener.text import plural


def summary(report: Report, frame: Frame, places: Places) -> Iterator[Block]:
    """The first page as blocks."""
    counts = report.worklist.counts()
    yield replace(_title(frame), anchor="summary", title=SECTIONS["summary"])
    yield replace(boxed(wording.WARNING_TITLE, wording.WARNING, frame), before=10)
    identify = report.worklist.identify
    named = wording.title_facts(report.run, report.card, identify, report.generated_at)
    yield replace(facts(named, frame), before=20)
    yield replace(subheading("What became of the files", frame), before=28)
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
        words = f"{plural(counts.studies, 'study', 'studies')} by band"
        sheet.write(words, frame.left, top, style.SUBHEADING)
        charts.band_counts(sheet, frame.left, top - 22, half, wording.bands(counts))
        below = top - 104 - 19 * max(0, len(wording.bands(counts)) - 4)
        sheet.write(wording.reviewed(counts), frame.left, below, style.SMALL)
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
