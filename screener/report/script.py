"""Scripts that are written from right to left: letters joined, and put in the order they are seen.

Needs the ``names`` extra. Without it :func:`is_set` says that such letters cannot be set: unjoined
and in the order of a left-to-right script they would read as another name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

Turn = Callable[[str], str]


def is_set(character: str) -> bool:
    """Whether a character comes out in its right place and form."""
    return not _is_turned(character) or _turns() is not None


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
