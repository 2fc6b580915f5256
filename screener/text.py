"""Text from files and people, made safe to store and to show. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 100
"""Characters of a word that are compared with others."""

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What moves a terminal's cursor, ends a line, or turns the direction of what follows."""

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of one."""


def plain(text: str) -> str:
    """Text that any encoding of Unicode holds: bytes of a path that are no text are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def visible(text: str) -> str:
    """Text that cannot steer a terminal: control and direction characters become escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def json_line(value: object) -> str:
    """A value as JSON on one line, in its own letters; what would steer a terminal is escaped."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: object) -> object:
    """A cell of a CSV: its text steers no terminal, and no spreadsheet takes it for a formula."""
    if not isinstance(value, str):
        return value
    text = value
    if not text.isprintable():  # what steers is not
        text = _STEERING.sub(lambda found: visible(found[0]), value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def closest(word: str, known: Iterable[str]) -> str:
    """What a mistyped word may have meant, as the end of a message; "" where nothing is near."""
    from difflib import get_close_matches  # needed for mistakes only

    spelt = {name.casefold(): name for name in known}
    near = get_close_matches(word[:LONGEST].casefold(), spelt, n=1)
    return f"; did you mean {spelt[near[0]]!r}?" if near else ""


def plural(count: int, noun: str, several: str = "") -> str:
    """A count with its noun."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def shortened(text: str, most: int) -> str:
    """Text of at most so many characters: the middle gives way, for names differ at their ends."""
    if len(text) <= most:
        return text
    kept = max(0, most - 1)
    return f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}" if most else ""
