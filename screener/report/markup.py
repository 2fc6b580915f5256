"""Pieces of HTML that the accessible report is made of: tables, lists, charts, pictures.

Everything that comes from a file or a person is escaped here. No piece needs a script.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from screener.contours import LUNGS, SCALE, SEAM, Colour
from screener.marks import map_words
from screener.report import wording
from screener.report.preview import NoPreview, preview
from screener.results.worklist import RadiographRow
from screener.study import Band
from screener.text import visible

BINS = 20
"""Bars of the histogram."""


def safe(text: str) -> str:
    """Somebody's text, escaped: its lines kept, its control characters shown."""
    return "\n".join(escape(visible(line)) for line in text.splitlines())


def named(text: str) -> str:
    """A name or path, kept apart from the direction of the text around it."""
    return f"<bdi>{safe(text)}</bdi>"


def box(title: str, words: str) -> str:
    """A warning that cannot be overlooked."""
    return f'<div class="box"><strong>{escape(title)}</strong><p>{escape(words)}</p></div>'


def terms(pairs: Iterable[tuple[str, str]], kind: str = "terms") -> str:
    """Names and what belongs to them."""
    inside = "".join(f"<dt>{escape(name)}</dt><dd>{safe(text)}</dd>" for name, text in pairs)
    return f'<dl class="{kind}">{inside}</dl>'


def banded(band: Band) -> str:
    """A band as glyph, word and colour; the glyph is not read aloud."""
    glyph = f'<span aria-hidden="true">{band.glyph}</span>'
    return f'<span class="band {band.value}">{glyph} {band.value}</span>'


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: str = ""
) -> Iterator[str]:
    """A table whose first cell of each row is its header; on a narrow screen each row is a card.

    Args:
        caption: what it holds.
        columns: titles.
        rows: cells as HTML.
        numbers: a letter a column; "n" for numbers, "k" for words kept on one line.
    """
    kinds = [
        {"n": ' class="number"', "k": ' class="keep"'}.get(letter, "")
        for letter in numbers.ljust(len(columns))
    ]
    yield '<div class="wide" tabindex="0" role="group" aria-label="' + escape(caption) + '">'
    yield f"<table><caption>{escape(caption)}</caption><thead><tr>"
    yield "".join(
        f'<th scope="col"{kind}>{escape(title)}</th>'
        for title, kind in zip(columns, kinds, strict=True)
    )
    yield "</tr></thead><tbody>"
    titles = [f' data-title="{escape(title)}"' for title in columns]
    for first, *rest in rows:
        cells = "".join(
            f"<td{kind}{title}>{cell}</td>"
            for cell, kind, title in zip(rest, kinds[1:], titles[1:], strict=True)
        )
        yield f'<tr><th scope="row"{kinds[0]}>{first}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def bar(kind: str, part: float, whole: float) -> str:
    """A bar beside its number; it says nothing that the number does not."""
    share = 100 * part / whole if whole else 0
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect width="{share:.1f}" height="8" fill="currentColor"/></svg>'
    )


def histogram(bins: Sequence[int], thresholds: dict[str, float]) -> Iterator[str]:
    """The distribution of scores as a picture, with its numbers in words."""
    most = max(*bins, 1)
    limits = ", ".join(f"{band} from {least:.2f}" for band, least in thresholds.items())
    spans = "; ".join(
        f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}: {count}"
        for number, count in enumerate(bins)
        if count
    )
    yield '<figure><svg viewBox="0 0 320 150" role="img" aria-labelledby="spread spread-numbers">'
    yield '<title id="spread">Distribution of the scores</title>'
    yield f'<desc id="spread-numbers">Studies by suspicion score. {spans}. {limits}.</desc>'
    for number, count in enumerate(bins):
        band, height = Band.of((number + 0.5) / BINS, thresholds), 100 * count / most
        yield (
            f'<rect class="{band.value}" fill="currentColor" x="{10 + 15 * number}" width="14" '
            f'y="{125 - height:.1f}" height="{height:.1f}"/>'
        )
    for least in thresholds.values():
        x = 10 + 300 * least
        yield f'<path class="line" d="M{x:.1f} 15V125" stroke-dasharray="2 2"/>'
    yield '<path class="line" d="M10 125H310"/>'
    for tick in range(0, 11, 2):
        yield f'<text x="{10 + 30 * tick}" y="138" text-anchor="middle">{tick / 10:.1f}</text>'
    words = f"Studies in each {1 / BINS:.2f} of the suspicion score; {limits}."
    yield f"</svg><figcaption>{escape(words)}</figcaption></figure>"


def shown(radiograph: RadiographRow) -> Iterator[str]:
    """A radiograph, plain and under its map's lines, each with a text, or why there is none."""
    pictures = preview(radiograph)
    view, path = radiograph.projection.value, radiograph.path
    name = f"{view} · {named(path.name)}"
    worth = escape(wording.sentence(map_words(radiograph.activation)))
    if isinstance(pictures, NoPreview):
        yield f'<p class="missing">No preview: {escape(pictures.reason)}. {worth}</p>'
        yield f'<p class="small">{name}</p>'
        return
    alt = escape(f"Radiograph {visible(path.name)}, view {view}")
    yield f'<figure><img alt="{alt}" src="{_data(pictures.plain)}">'
    yield f"<figcaption>{wording.PREVIEW} · {name}</figcaption></figure>"
    if pictures.traced is None or radiograph.activation is None:
        yield f'<p class="missing">{worth}</p>'
        return
    where = wording.strongest(radiograph.activation)
    alt = f"The same radiograph with lines of equal effect on its score, strongest in the {where}"
    yield f'<figure><img alt="{alt}" src="{_data(pictures.traced)}">'
    yield f"<figcaption>{worth}</figcaption></figure>"


def lines_legend() -> str:
    """What the lines over the radiographs mean."""
    steps = "".join(f"{_stroke(colour)} {100 * level:.0f} % " for level, colour in SCALE.items())
    lungs = f"{_stroke(LUNGS)} {escape(wording.OUTLINE)} {escape(wording.NO_FINDING)}"
    effect = f"{escape(wording.EFFECT)} {steps}{escape(wording.EFFECT_OF)}"
    return f'<p class="small">{effect} {lungs}</p>'


def _stroke(colour: Colour) -> str:
    """A piece of line as it looks over a radiograph."""
    return (
        '<svg class="stroke" viewBox="0 0 20 8" aria-hidden="true">'
        f'<rect width="20" height="8" fill="rgb{SEAM}"/>'
        f'<rect y="3" width="20" height="2" fill="rgb{colour}"/></svg>'
    )


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
