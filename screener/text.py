"""Text from files and people, made safe to store and to show. Pure functions."""

from __future__ import annotations


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
