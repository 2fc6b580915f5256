"""What a scan found beside what its results folder knew: new, known and gone; and since when.

Reads only. A scan that was stopped and the one that went on from there count as one: what neither
had finished is still new.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from screener.results import records
from screener.study import GONE

if TYPE_CHECKING:
    from screener.results.store import Store

_FINISHED_BEFORE = """
SELECT coalesce(max(id), 0) FROM run
WHERE finished_at IS NOT NULL AND id < (SELECT max(id) FROM run)
"""
_FOUND = "SELECT count(*), coalesce(sum(first >= ?), 0) FROM file WHERE run = ?"


@dataclass(frozen=True, slots=True)
class Compared:
    """The files of the folders that the latest run walked."""

    new: int
    known: int
    gone: int
    """Found by an earlier scan, and not there any more."""


def compared(store: Store) -> Compared:
    """What the latest run found, once its whole walk is recorded."""
    run = next(store.query("SELECT * FROM run ORDER BY id DESC LIMIT 1"))
    found, new = next(store.query(_FOUND, (latest(store), run["id"])))
    return Compared(new, found - new, _gone(store, json.loads(run["folders"])))


def _gone(store: Store, folders: Sequence[str]) -> int:
    """A file below two of the folders counts once."""
    inside = " OR ".join(["path = ? OR path >= ? AND path < ?"] * len(folders))
    values = [value for folder in folders for value in records.below(folder, 0)[:3]]
    sql = f"SELECT count(*) FROM file WHERE reason = ? AND ({inside})"
    return int(next(store.query(sql, (GONE, *values)))[0])


def latest(store: Store) -> int:
    """The run with which the latest scan began."""
    return int(next(store.query(_FINISHED_BEFORE))[0]) + 1


def run_since(store: Store, when: datetime) -> int:
    """The first run that began at a time or later; one beyond the last where none did.

    Args:
        store: the results.
        when: without a zone it is local.
    """
    when = when.astimezone()
    last = 0
    for row in store.query("SELECT id, started_at FROM run ORDER BY id"):
        last = int(row["id"])
        if datetime.fromisoformat(row["started_at"]) >= when:
            return last
    return last + 1
