"""Words of scripts whose letters merge and change places: those of India, Tibet, Burma, Cambodia.

HarfBuzz says which glyphs of a typeface make up such a word, and where each stands; it comes with
the ``names`` extra. Without it, or without a typeface for the whole word, nothing is set here, and
the word is told by its codes. Other scripts are none of its business.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfbase.ttfonts import ShapedStr, shapeStr

from screener.report import typefaces

JOINERS = "\u200c\u200d"
"""What a word may hold that leaves no ink, and tells whether two letters merge."""

_LETTERS = "\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff"
_WORDS = re.compile(f"([{_LETTERS}][{_LETTERS}{JOINERS}]*)")


_TAGS = {
    script: frozenset(tags.split())
    for script, tags in {
        "DEVANAGARI": "deva dev2 dev3", "BENGALI": "beng bng2 bng3", "GURMUKHI": "guru gur2 gur3",
        "GUJARATI": "gujr gjr2 gjr3", "ORIYA": "orya ory2 ory3", "TAMIL": "taml tml2 tml3",
        "TELUGU": "telu tel2 tel3", "KANNADA": "knda knd2 knd3", "MALAYALAM": "mlym mlm2 mlm3",
        "SINHALA": "sinh", "TIBETAN": "tibt", "MYANMAR": "mymr mym2", "KHMER": "khmr",
    }.items()
}  # fmt: skip
"""By the first word of a letter's name, how typefaces call its script that can shape it."""

_NONE = frozenset({"none"})


@cache
def is_available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("uharfbuzz") is not None


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """A text cut at the words of such scripts: each part, and whether it is one."""
    for number, part in enumerate(_WORDS.split(text)):
        if number % 2 == 0:
            yield from ((part, False),) if part else ()
            continue
        for _, letters in groupby(part, _Script()):
            yield "".join(letters), True


def is_word(part: str) -> bool:
    """Whether a part of a text, as :func:`parts` cuts it, is a word of such a script."""
    return _WORDS.fullmatch(part) is not None


class _Script:
    """The script of one letter after the other; what several share is of the one before it."""

    def __init__(self) -> None:
        self._latest = ""

    def __call__(self, letter: str) -> str:
        first = unicodedata.name(letter, "").partition(" ")[0]
        if letter not in JOINERS and "DANDA" not in unicodedata.name(letter, ""):
            self._latest = first
        return self._latest


def typeface(word: str) -> str | None:
    """The typeface, for reportlab, that sets a word whole; None where none does."""
    return _typeface(word, typefaces.installed()) if is_available() else None


@cache
def _typeface(word: str, among: typefaces.Typefaces) -> str | None:
    letters = "".join(letter for letter in word if letter not in JOINERS)
    name = among.holding(letters, _TAGS.get(_Script()(letters[0]), _NONE))
    if name is None:
        return None
    glyphs = getFont(name).face.charToGlyph
    return name if all(glyphs[ord(sign)] for sign in shaped(word, name, 10.0)) else None


def shaped(word: str, name: str, size: float) -> ShapedStr:
    """The glyphs of a word, as letters that stand for them, with their places."""
    return shapeStr(word, name, size, force=True)


def width(word: str, name: str, size: float) -> float:
    """Width of a word in points."""
    places = shaped(word, name, size).__shapeData__
    return float(sum(place.x_advance for place in places) * size / 1000)
