"""A database as one reviewer may see it who must not know what others said.

Temporary views stand before the tables ``study`` and ``review`` and show this reviewer's entries
alone, in every query of the connection: what nobody can read, no screen can tell.
"""

from __future__ import annotations

import sqlite3

from screener.text import plain

REVIEWED = {
    "reviewed": "{verdict} IS NOT NULL",
    "verdict": "{verdict}",
    "own_label": "{label}",
    "verdict_reason": "coalesce({reason}, '')",
    "flagged": "coalesce({flagged}, 0)",
    "comment": "coalesce({comment}, '')",
    "reviewer": "{reviewer}",
    "reviewed_at": "{reviewed_at}",
    "searched": "patient || ' ' || pseudonym || ' ' || key || ' ' || accession || ' '"
    " || coalesce({comment}, '') || ' ' || band || ' ' || coalesce(label, '')",
}
"""Columns of ``study`` that hold what reviewers said, from this reviewer's last entry."""

LAST = """
(SELECT {} FROM main.review AS own WHERE own.study_key = study.key
    AND own.reviewer = (SELECT name FROM temp.reader) ORDER BY own.id DESC LIMIT 1)
"""


class _Last(dict[str, str]):
    """A column of the last entry, as a subquery."""

    def __missing__(self, column: str) -> str:
        return LAST.format(f"own.{column}")


def entries_alone(connection: sqlite3.Connection, reviewer: str) -> None:
    """From now on the connection shows no entries but a reviewer's. It must not write."""
    reading = connection.execute("PRAGMA query_only").fetchone()[0]
    connection.execute("PRAGMA query_only = OFF")  # the views are the connection's own
    connection.execute("CREATE TEMP TABLE reader (name TEXT)")
    connection.execute("INSERT INTO reader VALUES (?)", (plain(reviewer),))
    connection.execute(
        "CREATE TEMP VIEW review AS SELECT * FROM main.review"
        " WHERE reviewer = (SELECT name FROM temp.reader)"
    )
    names = [row["name"] for row in connection.execute("PRAGMA main.table_xinfo(study)")]
    columns = ", ".join(
        f"{REVIEWED[name].format_map(_Last())} AS {name}" if name in REVIEWED else f"study.{name}"
        for name in names
    )
    connection.execute(f"CREATE TEMP VIEW study AS SELECT {columns} FROM main.study AS study")
    connection.execute(f"PRAGMA query_only = {reading}")
