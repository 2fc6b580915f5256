"""How what a walk has found gets into the database: studies, their files, refusals, what is gone.

Works within a transaction of the store's and never ends one. Drops nothing that was found: a study
that cannot be kept is handed back with the reason, a file that is gone stays listed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from screener.results import records
from screener.results.pseudonym import load_key
from screener.study import GONE, Refusal, Study
from screener.text import plain

SumUp = Callable[[sqlite3.Connection, Iterable[str]], None]
"""Sums up the files of studies, by their keys, in the studies' rows."""

UNKEEPABLE = (OverflowError, sqlite3.DataError)
"""What SQLite raises for a value that is too large for it."""


def put_studies(
    connection: sqlite3.Connection, studies: Iterable[Study], sum_up: SumUp
) -> dict[str, str]:
    """Record studies and their radiographs as found by the latest run.

    Returns the keys of studies that cannot be kept, and why: nothing of them is recorded.
    """
    key = load_key()
    refused: dict[str, str] = {}
    for chunk in records.chunks(studies):
        try:
            _put(connection, chunk, key, sum_up)
        except UNKEEPABLE:
            refused.update(_put_singly(connection, chunk, key, sum_up))
    return refused


def _put_singly(
    connection: sqlite3.Connection, studies: Iterable[Study], key: bytes, sum_up: SumUp
) -> Iterator[tuple[str, str]]:
    for study in studies:
        try:
            _put(connection, [study], key, sum_up)
        except UNKEEPABLE as error:
            yield study.key, f"its header holds what cannot be kept ({type(error).__name__})"


def _put(
    connection: sqlite3.Connection, studies: Sequence[Study], key: bytes, sum_up: SumUp
) -> None:
    """Put all of some studies, or nothing of them."""
    connection.execute("SAVEPOINT studies")
    try:
        _put_rows(connection, studies, key)
        sum_up(connection, [plain(study.key) for study in studies])
    except UNKEEPABLE:
        connection.execute("ROLLBACK TO studies")
        connection.execute("RELEASE studies")
        raise
    connection.execute("RELEASE studies")


def _put_rows(connection: sqlite3.Connection, studies: Sequence[Study], key: bytes) -> None:
    run = connection.execute("SELECT * FROM run ORDER BY id DESC LIMIT 1").fetchone()
    weights = (run["weights_digest"], run["pipeline"])
    files = [
        records.file_values(radiograph, study.key, run["id"])
        for study in studies
        for radiograph in study.radiographs
    ]
    connection.executemany(
        records.PUT_STUDY,
        [records.study_values(study, run["identify"], key) for study in studies],
    )
    connection.executemany(records.PUT_FILE, files)
    connection.executemany(
        records.SETTLE_KNOWN + " AND file.path = ?", [(*weights, file[0]) for file in files]
    )


def put_refusals(
    connection: sqlite3.Connection, refusals: Iterable[Refusal], sum_up: SumUp
) -> list[Refusal]:
    """Record files that the latest run found and refused by their headers.

    Returns those that no earlier run had refused for the same reason.
    """
    run = connection.execute("SELECT max(id) FROM run").fetchone()[0]
    new: list[Refusal] = []
    for chunk in records.chunks(refusals):
        new += [one for one in chunk if not _is_known(connection, one)]
        connection.executemany(
            records.PUT_REFUSAL, [records.refusal_values(refusal, run) for refusal in chunk]
        )
        sum_up(connection, {plain(r.study_key) for r in chunk if r.study_key})
    return new


def _is_known(connection: sqlite3.Connection, refusal: Refusal) -> bool:
    path, *_, outcome, reason = records.refusal_values(refusal, 0)
    found = connection.execute(records.REFUSED, (path, outcome, reason))
    return found.fetchone() is not None


def close_walk(connection: sqlite3.Connection, run: int, sum_up: SumUp) -> int:
    """After a whole walk is recorded: refuse files of its folders which it did not find.

    They were in an earlier scan, so they stay listed. Returns their number. Studies that
    another grouping left without files are dropped, unless somebody reviewed them.
    """
    row = connection.execute("SELECT folders FROM run WHERE id = ?", (run,)).fetchone()
    gone = [
        (path, study)
        for folder in json.loads(row["folders"])
        for path, study in connection.execute(records.FILES_BELOW, records.below(folder, run))
    ]
    connection.executemany(
        "UPDATE file SET outcome = 'not_attempted', reason = ? WHERE path = ?",
        [(GONE, path) for path, _ in gone],
    )
    stale = connection.execute(records.STALE).fetchall()
    sum_up(connection, {study for _, study in gone} | {row[0] for row in stale})
    connection.execute(records.DROP_EMPTY, (json.dumps([row[0] for row in stale]),))
    return len(gone)
