"""The look of the report: typefaces, sizes, colours, and how text is measured and broken.

Four cuts of DejaVu are embedded, so a report looks the same everywhere. A character that they
lack is set in an installed typeface, in runs of its own; where there is none, or none that shapes
its script, it is told by its code, so that two names never look alike. Colour only ever repeats
what a word and a glyph say.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import getFont, registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from screener.report import script, shaping, typefaces
from screener.study import Band

FONTS = Path(__file__).parent / "fonts"
TEXT = "DejaVuSansCondensed"
STRONG = "DejaVuSansCondensed-Bold"
LIGHT = "DejaVuSans-ExtraLight"
MONO = "DejaVuSansMono"

SEPARATORS = "/\\^_-."
"""Where a path or a name is best broken."""

INK = HexColor("#17202a")
GREY = HexColor("#58626e")
"""Secondary text: 6.2 to 1 against white."""
RULE = HexColor("#c3cad2")
TINT = HexColor("#f3f5f7")
SHADE = HexColor("#dfe4e9")
WHITE = HexColor("#ffffff")
BAND_COLOURS = {
    Band.PRIORITY: HexColor("#9b1c31"),
    Band.ELEVATED: HexColor("#8f5a00"),
    Band.ROUTINE: HexColor("#2b5f8a"),
    Band.UNSCORED: HexColor("#58626e"),
    Band.WAITING: HexColor("#58626e"),
    Band.OTHER: HexColor("#58626e"),
}
"""Each at least 5 to 1 against white, and apart from one another for every colour vision."""


@dataclass(frozen=True, slots=True)
class Type:
    """A typeface at a size, in points, with its line height and colour."""

    font: str
    size: float
    leading: float
    colour: HexColor = INK
    tracking: float = 0.0
    """Extra space after each letter, for words set in capitals."""


TITLE = Type(LIGHT, 27, 33)
HEADING = Type(STRONG, 13, 18)
SUBHEADING = Type(STRONG, 9, 13)
BODY = Type(TEXT, 8.4, 12.4)
BODY_STRONG = Type(STRONG, 8.4, 12.4)
TABLE = Type(TEXT, 7.6, 10.6)
TABLE_STRONG = Type(STRONG, 7.6, 10.6)
SMALL = Type(TEXT, 6.8, 9.4, GREY)
FOOTER = Type(STRONG, 6.8, 9.4)
LABEL = Type(STRONG, 5.8, 8.6, GREY, 0.55)
DIGEST = Type(MONO, 5.8, 8.6, GREY)
NAME = Type(STRONG, 13, 19)
FIGURE = Type(LIGHT, 22, 25)


def band_type(band: Band) -> Type:
    """Type for a band's word in a table."""
    return Type(STRONG, TABLE.size, TABLE.leading, BAND_COLOURS[band])


@cache
def register_fonts() -> None:
    """Make the typefaces known to reportlab, once a process."""
    for name in (TEXT, STRONG, LIGHT, MONO):
        registerFont(TTFont(name, FONTS / f"{name}.ttf"))


def legible(text: str, font: str) -> str:
    """The text on one line in the order of reading, with the code of what no typeface has."""
    joined = script.joined(unicodedata.normalize("NFC", text))
    return "".join(
        part if is_word and shaping.typeface(part) else _legible(part, font)
        for part, is_word in shaping.parts(joined)
    )


def _legible(text: str, font: str) -> str:
    return "".join(
        c if c.isprintable() and script.is_set(c) and setting(c, font) else _told(c) for c in text
    )


def setting(character: str, font: str) -> str | None:
    """The typeface that sets a character in a text of this font; the font's own where it can."""
    for shipped in (font, TEXT):
        if ord(character) in getFont(shipped).face.charToGlyph:
            return shipped
    if not script.is_set_by_letter(character):
        return None
    return typefaces.installed().holding(character)


def runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Legible text in parts of one typeface each: the typeface, then the part."""
    if text.isascii():
        yield font, text
        return
    for part, is_word in shaping.parts(text):
        if is_word and (found := shaping.typeface(part)):
            yield found, part
            continue
        for name, letters in groupby(part, partial(setting, font=font)):
            yield name or font, "".join(letters)


def _told(character: str) -> str:
    return " " if character.isspace() else f"(U+{ord(character):04X})"


def width(text: str, style: Type) -> float:
    """Width in points of legible text."""
    parts = (run_width(part, name, style.size) for name, part in runs(text, style.font))
    return sum(parts) + style.tracking * len(text)


def run_width(part: str, font: str, size: float) -> float:
    """Width in points of a part of one typeface, as :func:`runs` gives it."""
    if shaping.is_word(part):
        return shaping.width(part, font, size)
    return float(stringWidth(part, font, size))


def wrap(text: str, style: Type, room: float) -> list[str]:
    """Break text into legible lines no wider than ``room`` points, at its own line ends too.

    A word wider than the room (a path, a digest) is broken where it must be.
    """
    lines = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in legible(paragraph, style.font).split():
            longer = f"{line} {word}" if line else word
            if width(longer, style) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            *broken, line = _pieces(word, style, room)
            lines += broken
        lines.append(line)
    return lines


def _pieces(word: str, style: Type, room: float) -> list[str]:
    """A word in parts that fit, broken after a separator where one is near the end."""
    pieces = []
    while width(word, style) > room and len(word) > 1:
        cut = _fitting(word, style, room)
        near = max(word.rfind(sign, cut // 3, cut) for sign in SEPARATORS) + 1
        pieces.append(word[: near or cut])
        word = word[near or cut :]
    return [*pieces, word]


def _fitting(text: str, style: Type, room: float) -> int:
    """How many leading characters fit, letters with all their marks; at least one character."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle], style) <= room:
            low = middle
        else:
            high = middle - 1
    while 1 < low < len(text) and unicodedata.category(text[low]).startswith("M"):
        low -= 1
    return low


def shorten(text: str, style: Type, room: float) -> str:
    """The text on one legible line, cut with an ellipsis where it does not fit."""
    text = legible(text, style.font)
    if width(text, style) <= room:
        return text
    return text[: _fitting(text, style, room - width("…", style))].rstrip() + "…"
