"""Indexes that only other orders than the ranking need, set aside while very many studies change.

A study's place is part of each of them, so each score rewrites a page at a random place of every
one; to build them anew afterwards takes seconds. Meanwhile lists by date or patient, backwards, of
the unreviewed or with a text read every study, as the ranking and a jump to a study need not.
"""

from __future__ import annotations

import sqlite3

MANY = 100_000
"""Studies that change from which on it is worth it."""

INDEXES = {
    "study_by_search": "INDEX {} ON study(place, searched, band, reviewed, flagged)",
    "study_by_date": "INDEX {} ON study(taken_at, place, band, reviewed, flagged)",
    "study_by_review": "INDEX {} ON study(reviewed, place, band, flagged)",
    "study_by_name": "INDEX {} ON study(named, place, band, reviewed, flagged)",
    "study_backwards": "UNIQUE INDEX {} ON study(waits, place DESC, band, reviewed, flagged)",
}
"""As the schema's steps made them."""


def set_aside(connection: sqlite3.Connection) -> None:
    """Drop them, within a transaction of the caller's."""
    for name in INDEXES:
        connection.execute(f"DROP INDEX IF EXISTS {name}")


def restore(connection: sqlite3.Connection) -> None:
    """Build those that are missing, each in a transaction of its own: others write in between."""
    for name, index in INDEXES.items():
        connection.execute(f"CREATE {index.format(f'IF NOT EXISTS {name}')}")
