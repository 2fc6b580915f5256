"""How scripts are set: right to left, letters joined, in the order they are seen, or not at all.

Needs the ``names`` extra. Without it :func:`is_set` says that such letters cannot be set: unjoined
and in the order of a left-to-right script they would read as another name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

Turn = Callable[[str], str]

BY_LETTER = frozenset(
    (
        *("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"),
        *("FULLWIDTH", "HALFWIDTH", "YI", "THAI", "LAO", "LATIN", "GREEK", "CYRILLIC"),
        *("ARMENIAN", "GEORGIAN", "ETHIOPIC", "CHEROKEE", "HEBREW", "ARABIC"),
    )
)
"""First words of the names of characters whose glyphs may stand one after another as they are.

Not those of India, Tibet, Burma or Cambodia: there vowels move before their consonant and letters
merge, and without that one name reads as another. :mod:`screener.report.shaping` sets them.
"""
CONJOINING = range(0x1100, 0x1200)
"""Parts of Hangul syllables; what Unicode does not compose is not stacked by a typeface either."""

HIGH_MARK = re.compile(
    "((?<=[\u0e31\u0e34-\u0e37\u0e47\u0eb1\u0eb4-\u0eb7\u0ebb])[\u0e48-\u0e4d\u0ec8-\u0ecd]"
    "|[\u0e48-\u0e4b\u0ec8-\u0ecb](?=[\u0e33\u0eb3]))"
)
"""A tone of Thai or Lao that shares its place with a vowel: drawn as it is, one hides the other."""


def is_set(character: str) -> bool:
    """Whether a character comes out in its right place and form."""
    return not _is_turned(character) or _turns() is not None


def is_set_by_letter(character: str) -> bool:
    """Whether a glyph of any typeface is enough to set the character, without shaping."""
    first, _, _ = unicodedata.name(character, "").partition(" ")
    plain = first.partition("-")[0] == "CJK" or first in BY_LETTER
    return plain and ord(character) not in CONJOINING


def joined(text: str) -> str:
    """Letters in the form they have beside their neighbours, still in the order of reading."""
    turns = _turns()
    return turns[0](text) if turns and any(map(_is_turned, text)) else text


def seen(line: str) -> str:
    """A line in the order it is seen on paper, within a text that goes from left to right."""
    turns = _turns()
    return turns[1](line) if turns and any(map(_is_turned, line)) else line


def _is_turned(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")


@cache
def _turns() -> tuple[Turn, Turn] | None:
    """What joins and what reorders, if the extra is installed."""
    try:
        from arabic_reshaper import ArabicReshaper
        from bidi import get_display
    except ImportError:
        return None
    # Vowel signs are kept; the one ligature of a whole word has no glyph in the typefaces.
    shaper = ArabicReshaper({"delete_harakat": False, "ARABIC LIGATURE ALLAH": False})
    return shaper.reshape, lambda line: str(get_display(line, base_dir="L"))
