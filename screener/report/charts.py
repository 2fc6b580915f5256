"""The report's charts, drawn directly: bars with their numbers beside them, and one histogram.

Every value is printed where it is drawn, so no chart needs its colours to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportlab.lib import colors

from screener.contours import LUNGS, SCALE, SEAM, Colour
from screener.report import style, wording
from screener.report.figures import Reliability
from screener.report.pdf import Sheet
from screener.report.style import Type
from screener.study import LABEL_NAMES, LABELS, TARGET_LABEL, Band

STROKE = 14.0
"""Length of a line in a legend."""


def band_name(sheet: Sheet, band: Band, x: float, top: float, kind: Type) -> None:
    """A band as its glyph and word in its colour."""
    coloured = Type(style.STRONG, kind.size, kind.leading, style.BAND_COLOURS[band])
    sheet.write(f"{band.glyph} {band.value}", x, top, coloured)


def band_counts(
    sheet: Sheet, x: float, top: float, room: float, counts: Mapping[Band, int]
) -> None:
    """Studies by band: word, bar, number and share."""
    total = sum(counts.values())
    most = max(counts.values(), default=0) or 1
    left, right = x + 68, x + room - 66
    for band, count in counts.items():
        band_name(sheet, band, x, top, style.TABLE)
        sheet.fill(left, top - 9.5, right - left, 8, style.TINT)
        sheet.fill(left, top - 9.5, (right - left) * count / most, 8, style.BAND_COLOURS[band])
        sheet.write(f"{count:,}", right + 34, top, style.TABLE_STRONG, "right")
        sheet.write(wording.percent(count, total), x + room, top, style.SMALL, "right")
        top -= 19


def histogram(
    sheet: Sheet,
    box: tuple[float, float, float, float],
    bins: Sequence[int],
    thresholds: Mapping[str, float],
) -> None:
    """How the studies' scores are spread from 0 to 1, with the lower ends of the bands.

    Args:
        sheet: where to draw.
        box: left, bottom, width and height, labels included.
        bins: studies in equal parts of 0 to 1.
        thresholds: least score by band, drawn as named lines.
    """
    x, y, room, height = box
    base, tall = y + 22, height - 54
    most = max(*bins, 1)
    step = room / len(bins)
    for number, count in enumerate(bins):
        if not count:
            continue
        left, bar = x + number * step, max(tall * count / most, 0.8)
        band = Band.of((number + 0.5) / len(bins), thresholds)
        sheet.fill(left + 0.6, base, step - 1.2, bar, style.BAND_COLOURS[band])
        if number == bins.index(most):
            sheet.write(f"{count:,}", left + step / 2, base + bar + 9, style.SMALL, "centre")
    sheet.rule(x, base, room, 0.8, style.INK)
    for tick in range(0, 11, 2):
        sheet.write(f"{tick / 10:.1f}", x + room * tick / 10, base - 1, style.SMALL, "centre")
    words = f"Studies in each {1 / len(bins):.2f} of the suspicion score"
    sheet.write(words, x + room / 2, base - 11, style.SMALL, "centre")
    for row, (name, least) in enumerate(thresholds.items()):
        ends = (base, y + height - 8 - 10 * row)
        _threshold(sheet, x, x + room * least, ends, f"{name} from {least:.2f}")


def _threshold(sheet: Sheet, start: float, x: float, ends: tuple[float, float], words: str) -> None:
    """A dashed line with its name on the left, or on the right where the left has no room."""
    sheet.setStrokeColor(style.INK)
    sheet.setLineWidth(0.6)
    sheet.setDash([2, 2])
    sheet.line(x, ends[0], x, ends[1])
    sheet.setDash([])
    if style.width(words, style.SMALL) + 3 < x - start:
        sheet.write(words, x - 3, ends[1] + 3, style.SMALL, "right")
    else:
        sheet.write(words, x + 3, ends[1] + 3, style.SMALL)


def reliability(
    sheet: Sheet,
    box: tuple[float, float, float, float],
    found: Reliability,
) -> None:
    """What share of validation images had the target class, against the score they were given.

    Args:
        sheet: where to draw.
        box: left, bottom and width of the square, then height with labels.
        found: groups of images; a dot grows with the logarithm of their number.
    """
    x, y, side, _ = box
    base = y + 22
    sheet.fill(x, base, side, side, style.TINT)
    sheet.setStrokeColor(style.RULE)
    sheet.setLineWidth(0.6)
    sheet.line(x, base, x + side, base + side)
    sheet.setFillColor(style.INK)
    for score, share, number in zip(found.said, found.came, found.cases, strict=True):
        radius = 1.2 + 0.45 * max(number, 1).bit_length() ** 0.5
        sheet.circle(x + side * score, base + side * share, radius, stroke=0, fill=1)
    for tick in range(0, 11, 5):
        at = side * tick / 10
        sheet.write(f"{tick / 10:.1f}", x + at, base - 1, style.SMALL, "centre")
        sheet.write(f"{tick / 10:.1f}", x - 4, base + at + 4.7, style.SMALL, "right")
    sheet.write("Suspicion score", x + side / 2, base - 11, style.SMALL, "centre")


def class_bars(
    sheet: Sheet, x: float, top: float, room: float, probabilities: Sequence[float]
) -> None:
    """What the network gives to each class; the target class, which makes the score, is dark."""
    for label, probability in zip(LABELS, probabilities, strict=True):
        target = label == TARGET_LABEL
        name, number = (style.TABLE_STRONG,) * 2 if target else (style.TABLE, style.TABLE)
        sheet.write(LABEL_NAMES[label], x, top, name)
        sheet.write(f"{probability:.3f}", x + room, top, number, "right")
        sheet.fill(x, top - 16, room, 4.5, style.SHADE)
        sheet.fill(x, top - 16, room * probability, 4.5, style.INK if target else style.GREY)
        top -= 22.5


def score_bar(sheet: Sheet, x: float, top: float, room: float, score: float, band: Band) -> None:
    """A thin bar for a score in a table."""
    sheet.fill(x, top - 8, room, 4.5, style.SHADE)
    sheet.fill(x, top - 8, room * score, 4.5, style.BAND_COLOURS[band])


def lines_legend(sheet: Sheet, x: float, top: float) -> None:
    """What the lines over the radiographs of a page mean, on one line; drawn once on a page."""
    if not sheet.first_here("lines"):
        return
    x = _said(sheet, wording.EFFECT, x, top)
    for level, colour in SCALE.items():
        _stroke(sheet, x, top, colour)
        x = _said(sheet, f"{100 * level:.0f} %", x + STROKE + 3, top)
    x = _said(sheet, wording.EFFECT_OF, x, top)
    _stroke(sheet, x, top, LUNGS)
    _said(sheet, f"{wording.OUTLINE} {wording.NO_FINDING}", x + STROKE + 3, top)


def _said(sheet: Sheet, words: str, x: float, top: float) -> float:
    """Words of a legend; returns where the next ones go."""
    sheet.write(words, x, top, style.SMALL)
    return x + style.width(words, style.SMALL) + 6


def _stroke(sheet: Sheet, x: float, top: float, colour: Colour) -> None:
    """A piece of line as it looks over a radiograph."""
    sheet.fill(x, top - 7.6, STROKE, 5.2, colors.Color(*(part / 255 for part in SEAM)))
    sheet.fill(x, top - 5.6, STROKE, 1.2, colors.Color(*(part / 255 for part in colour)))
