"""Filters as one types them: ``band:priority view:ap age:>60 unreviewed cough``.

Words of a known kind narrow the list, everything else is looked for as text; what stands in double
quotes is text whatever it says. Refuses what it does not understand, with what it may have meant.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, get_args

from screener.errors import ConfigurationError
from screener.results.selection import ALL, AgeSign, Filter, ReviewState
from screener.study import Band, Projection
from screener.text import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

EXAMPLE = "band:priority view:ap age:>60 unreviewed"
KINDS = ("band", "view", "age")
STATES: tuple[ReviewState, ...] = get_args(ReviewState)
VIEWS = {view.value.lower(): view for view in Projection}
_WORD = re.compile(r'"([^"]*)"?|(\S+)')
_KIND = re.compile(r"([a-zA-Z]+):(\S+)")
_AGE = re.compile(r"(?P<sign>[<>]=?|)(?P<age>\d{1,3})(?:-(?P<to>\d{1,3}))?")


def parsed(typed: str, before: Filter = ALL) -> Filter:
    """The filter that a line means.

    Args:
        typed: the line.
        before: what holds of bands and review where the line says nothing of them, and its order.

    Raises:
        ConfigurationError: a word is of a known kind, and its value is not understood; or it is
            of a kind that there is none of.
    """
    wanted = replace(before, text="", views=(), ages=())
    said: dict[str, list[str]] = {}
    text = []
    for quoted, word in _WORD.findall(typed):
        kind = _KIND.fullmatch(word)
        if kind:
            said.setdefault(_kind(kind[1]), []).extend(kind[2].split(","))
        elif word.lower() in STATES:
            wanted = replace(wanted, review=word.lower())
        else:
            text.append(quoted or word)
    if "band" in said:
        bands = {
            _one_of({band.value.lower(): band for band in Band}, word) for word in said["band"]
        }
        wanted = replace(wanted, bands=tuple(band for band in Band if band in bands))
    views = tuple(dict.fromkeys(_one_of(VIEWS, word) for word in said.get("view", ())))
    ages = tuple(one for word in said.get("age", ()) for one in _ages(word))
    return replace(wanted, text=" ".join(filter(None, text)), views=views, ages=ages)


def spelled(wanted: Filter) -> str:
    """The line that means a filter."""
    words = (
        [f"band:{','.join(band.value.lower() for band in wanted.bands)}"] if wanted.bands else []
    )
    words += [wanted.review] if wanted.review != "all" else []
    return " ".join([*words, rest(wanted)]).strip()


def rest(wanted: Filter) -> str:
    """What of a filter's line is not its bands and its state of review."""
    views = (
        [f"view:{','.join(view.value.lower() for view in wanted.views)}"] if wanted.views else []
    )
    ages = [f"age:{sign.rstrip('=') if sign == '=' else sign}{age}" for sign, age in wanted.ages]
    return " ".join([*views, *ages, *map(_quoted, wanted.text.split())])


def _kind(word: str) -> str:
    if word.lower() in KINDS:
        return word.lower()
    raise ConfigurationError(
        f"{word}: is no kind of filter"
        + (closest(word.lower(), KINDS) or f"; there are {', '.join(KINDS)}; text goes in quotes")
    )


def _one_of(known: dict[str, T], word: str) -> T:
    if word.lower() in known:
        return known[word.lower()]
    raise ConfigurationError(
        f"{word}: not understood" + (closest(word.lower(), known) or f"; {', '.join(known)}")
    )


def _ages(word: str) -> Iterator[tuple[AgeSign, int]]:
    found = _AGE.fullmatch(word)
    if not found or (found["sign"] and found["to"]):
        raise ConfigurationError(f"age:{word}: not understood; say age:60, age:>60 or age:40-60")
    if found["to"]:
        yield from ((">=", int(found["age"])), ("<=", int(found["to"])))
        return
    sign: AgeSign = found["sign"] or "="  # type: ignore[assignment]
    yield sign, int(found["age"])


def _quoted(word: str) -> str:
    is_plain = not _KIND.fullmatch(word) and word.lower() not in STATES
    return word if is_plain else f'"{word}"'
