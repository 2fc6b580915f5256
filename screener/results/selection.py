"""Which studies of the worklist are wanted and in which order, as SQL over the store's indexes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from screener.study import Band, Projection
from screener.text import plain

ReviewState = Literal["all", "unreviewed", "reviewed", "flagged"]
AgeSign = Literal["<", "<=", "=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which studies, in which order."""

    text: str = ""
    """In patient, pseudonym, key, comment, band, label or a file's name; case does not count."""
    bands: tuple[Band, ...] = ()
    """Empty for all."""
    review: ReviewState = "all"
    sort: Literal["rank", "score", "date", "patient", "review"] = "rank"
    """By score, unscored studies stand at the suspicious end, where a person looks first; what is
    not scored yet stands last both ways."""
    descending: bool = False
    views: tuple[Projection, ...] = ()
    """One of them is enough; empty for all."""
    ages: tuple[tuple[AgeSign, int], ...] = ()
    """Whole years, as they are shown; all must hold. A study without an age passes none."""
    since: int = 0
    """Only studies with a file that this run or a later one found first; 0 for all."""


ALL = Filter()

# Order of "score" is the worklist's own, read backwards: bands rise with the score.
_SORTS = {
    "rank": ("", False),
    "score": ("", True),
    "date": ("taken_at", False),
    "patient": ("named", False),
    "review": ("reviewed", False),
}

_REVIEWS = {
    "all": "",
    "unreviewed": "NOT reviewed",
    "reviewed": "reviewed",
    "flagged": "flagged",
}

_ESCAPE = "ESCAPE '\\'"
_SEEN = "instr(',' || projections || ',', ',' || ? || ',')"
_NAME = """
replace(CAST(path AS TEXT),
    rtrim(CAST(path AS TEXT), replace(replace(CAST(path AS TEXT), '/', ''), '\\', '')), '')
"""
"""What stands behind the last separator of a file's path."""
_OF_FILE = f"""
id IN (SELECT study.id FROM file JOIN study ON key = study_key
    WHERE CAST(path AS TEXT) LIKE ? {_ESCAPE} AND {_NAME} LIKE ? {_ESCAPE})
"""
"""The whole path first: what stands in no path need not be cut out of any."""


def where(
    wanted: Filter, condition: str = "", *of_condition: str | int
) -> tuple[str, tuple[str | int, ...]]:
    """A WHERE clause and its values, with a further condition if given."""
    conditions = [condition] if condition else []
    values: list[str | int] = [*of_condition]
    if wanted.bands:
        conditions.append(f"band IN ({', '.join('?' * len(wanted.bands))})")
        values += wanted.bands
    if wanted.since:
        conditions.append("key IN (SELECT study_key FROM file WHERE first >= ?)")
        values.append(wanted.since)
    if _REVIEWS[wanted.review]:
        conditions.append(_REVIEWS[wanted.review])
    if wanted.views:
        conditions.append(f"({' OR '.join(_SEEN for _ in wanted.views)})")
        values += wanted.views
    for sign, age in wanted.ages:
        conditions.append(f"round(age) {sign} ?")
        values.append(age)
    if wanted.text:
        conditions.append(f"(searched LIKE ? {_ESCAPE} OR {_OF_FILE})")
        values += [f"%{_escaped(plain(wanted.text))}%"] * 3
    return ("WHERE " + " AND ".join(conditions) if conditions else "", tuple(values))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def order(wanted: Filter) -> str:
    """An ORDER BY clause, total by the place in the worklist."""
    column, turned = _sort(wanted)
    if not column:
        return "ORDER BY waits, place DESC" if turned else "ORDER BY place"
    way = "DESC" if turned else "ASC"
    hint = "+" if wanted.text else ""  # not by an index: a search reads all rows as they lie
    return f"ORDER BY {hint}{column} {way}, place {way}"


def _sort(wanted: Filter) -> tuple[str, bool]:
    """The column to sort by, "" for the place, and whether from its end."""
    column, backwards = _SORTS[wanted.sort]
    return column, wanted.descending != backwards


def before(wanted: Filter, row: sqlite3.Row) -> tuple[str, *tuple[str | int, ...]]:
    """A condition for what stands before a row in a filter's order, then its values."""
    return _beside(wanted, row, "<", ">")


def after(wanted: Filter, row: sqlite3.Row) -> tuple[str, *tuple[str | int, ...]]:
    """A condition for what stands after a row in a filter's order, then its values."""
    return _beside(wanted, row, ">", "<")


def _beside(
    wanted: Filter, row: sqlite3.Row, upwards: str, downwards: str
) -> tuple[str, *tuple[str | int, ...]]:
    column, turned = _sort(wanted)
    sign = downwards if turned else upwards
    if column:
        return f"({column}, place) {sign} (?, ?)", row[column], row["place"]
    if not turned:
        return f"place {sign} ?", row["place"]
    waits = row["waits"]  # ascends where the place descends
    condition = f"(waits {upwards} ? OR waits = ? AND place {sign} ?)"
    return condition, waits, waits, row["place"]
