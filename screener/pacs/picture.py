"""The picture of a result: the film, lines of equal effect, and what has to be read beside them.

Everything that warns is burned in, for viewers show a secondary capture without its header. No name
and no number of a patient is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from screener import __version__
from screener.contours import LUNGS, SCALE, Colour, equal_effect, lungs_of, traced
from screener.marks import map_words
from screener.reading import pixels
from screener.results.rows import RadiographRow, StudyRow
from screener.study import LABEL_NAMES, LABELS, suspicion

WARNING = "RESEARCH USE ONLY. NOT FOR DIAGNOSIS."
SIDE = 1024
"""Longest side of the film in it; a smaller film is not enlarged beyond :data:`LEAST`."""
LEAST = 640
"""Width that the words need."""

_INK: Colour = (235, 235, 235)
_ALERT: Colour = (255, 205, 80)
_SIZE, _LEADING, _MARGIN = 17, 24, 12

Pixels = NDArray[np.uint8]


def picture(film: RadiographRow, row: StudyRow) -> Pixels:
    """The picture of one scored film.

    Args:
        film: of the study.
        row: the study.

    Returns:
        (height, width, 3) uint8.

    Raises:
        PixelError: the film can no longer be decoded.
    """
    shown = _film(film)
    below = [line for text in _words(film, row) for line in _wrapped(text, shown.shape[1])]
    lined = bool(equal_effect(film.activation)) or bool(lungs_of(film.lungs))
    head, foot = _LEADING + _MARGIN, (len(below) + lined) * _LEADING + 2 * _MARGIN
    height, width = shown.shape[:2]
    canvas = Image.new("RGB", (width, head + height + foot))
    canvas.paste(Image.fromarray(shown), (0, head))
    pen = ImageDraw.Draw(canvas)
    pen.text((_MARGIN, _MARGIN / 2), WARNING, _ALERT, _font())
    top = head + height + _MARGIN
    for number, line in enumerate(below):
        pen.text((_MARGIN, top + number * _LEADING), line, _INK, _font())
    if lined:
        _legend(pen, top + len(below) * _LEADING, film)
    return np.asarray(canvas)


def _film(film: RadiographRow) -> Pixels:
    gray = Image.fromarray(np.rint(pixels.load(film.path) * 255).astype(np.uint8))
    scale = SIDE / max(gray.size)
    scale = min(scale, max(1.0, LEAST / gray.width))
    size = (max(LEAST, round(gray.width * scale)), round(gray.height * scale))
    drawn = gray.resize((round(gray.width * scale), size[1]), Image.Resampling.LANCZOS)
    plain = np.repeat(np.asarray(drawn)[..., None], 3, axis=2)
    lines = traced(plain, lungs_of(film.lungs) + equal_effect(film.activation))
    framed = Image.new("RGB", size)
    framed.paste(Image.fromarray(lines), ((size[0] - drawn.width) // 2, 0))
    return np.asarray(framed)


def _words(film: RadiographRow, row: StudyRow) -> Iterator[str]:
    """What stands below the film."""
    score = suspicion(film.probabilities)
    yield f"Suspicion score for COVID-19: {score:.3f}. Order of review of the study: {row.band}."
    shares = zip(LABELS, film.probabilities, strict=True)
    yield ", ".join(f"{LABEL_NAMES[label]} {share:.2f}" for label, share in shares)
    said = map_words(film.activation)
    yield f"{said[:1].upper()}{said[1:].rstrip('.')}."
    yield from (f"• {mark[:1].upper()}{mark[1:]}" for mark in row.marks)
    yield f"covid-resnet-screener {__version__}. A preview for orientation, not for reading."


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _font().getlength(longer) > width - 2 * _MARGIN:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _legend(pen: ImageDraw.ImageDraw, top: float, film: RadiographRow) -> None:
    """The colours of the lines that are drawn."""
    entries = [(colour, f"{share:.0%}") for share, colour in SCALE.items()]
    entries[-1] = (entries[-1][0], f"{entries[-1][1]} of the map's maximum")
    if not equal_effect(film.activation):
        entries = []
    if lungs_of(film.lungs):
        entries.append((LUNGS, "outline of the lungs"))
    left: float = _MARGIN
    for colour, words in entries:
        pen.line((left, top + _SIZE / 2 + 2, left + 26, top + _SIZE / 2 + 2), colour, 4)
        pen.text((left + 32, top), words, _INK, _font(14))
        left += 32 + _font(14).getlength(words) + 18


def _font(size: int = _SIZE) -> ImageFont.FreeTypeFont:
    """Pillow's own typeface: the same on every machine."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
