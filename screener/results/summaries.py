"""How a study's row sums up its files, as the latest run's weights see them.

SQL of the writing side. Nothing here opens a database or ends a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from screener.results import adoption
from screener.results.ranking import place
from screener.results.records import (
    PENDING,
    SETTLE_KNOWN,
    UNDATED,
    Values,
    chunks,
    lungs_of,
    probabilities_of,
    proof_of,
)
from screener.study import GONE, Band, Outcome, deciding, is_other, likeliest, suspicion


@dataclass(frozen=True, slots=True)
class _Scored:
    """A file of a study that has a score."""

    row: sqlite3.Row
    probabilities: Sequence[float]


def refresh(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Sum up the files of some studies in their rows."""
    run = connection.execute(
        "SELECT weights_digest, pipeline, card FROM run JOIN weights ON digest = weights_digest"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    thresholds = adoption.thresholds(connection) or json.loads(run["card"])["thresholds"]
    for chunk in chunks(keys):
        wanted = json.dumps(chunk)
        files: dict[str, list[sqlite3.Row]] = {key: [] for key in chunk}
        for row in connection.execute(FILES_OF_STUDIES, (wanted, run[0], run[1])):
            files[row["study_key"]].append(row)
        dates = dict(connection.execute(DATES, (wanted,)).fetchall())
        connection.executemany(
            SUM_UP,
            [_summary(key, dates.get(key, UNDATED), files[key], thresholds) for key in chunk],
        )


FILES_OF_STUDIES = """
SELECT study_key, file.scorable, file.projection, file.outcome, file.reason, probabilities,
    border_share, spread, inverted, proof, lungs
FROM json_each(?) AS wanted CROSS JOIN file INDEXED BY file_by_study
    ON study_key = wanted.value
LEFT JOIN result ON file.outcome = 'scored' AND result.digest = file.digest
    AND weights_digest = ? AND pipeline = ?
ORDER BY file.path
"""

DATES = "SELECT key, taken_at FROM study WHERE key IN (SELECT value FROM json_each(?))"

_SUMS = """place, band, score, label, probabilities, border_share, spread, explained, lung_marks,
    projections, scored, refused, waiting, inverted"""

SUM_UP = f"""
WITH new({_SUMS}) AS (VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15))
UPDATE study SET ({_SUMS}) = (SELECT {_SUMS} FROM new)
WHERE key = ?1 AND ({_SUMS}) IS NOT (SELECT {_SUMS} FROM new)
"""
"""What says the same again is left alone, and the study's indexes with it."""


def _summary(
    key: str, taken_at: str, files: Sequence[sqlite3.Row], thresholds: Mapping[str, float]
) -> Values:
    """For SUM_UP."""
    outcomes = Counter(row["outcome"] for row in files)
    scored, waiting = outcomes[Outcome.SCORED], outcomes[Outcome.WAITING]
    return (
        key,
        *_judged(key, taken_at, files, thresholds),
        ",".join(dict.fromkeys(row["projection"] for row in files if row["scorable"])),
        scored,
        outcomes.total() - scored - waiting,
        waiting,
        any(row["inverted"] for row in files),
    )


def _judged(
    key: str, taken_at: str, files: Sequence[sqlite3.Row], thresholds: Mapping[str, float]
) -> Values:
    """Place, band, score and what else the radiograph says that decides the study."""
    scored = [_Scored(row, probabilities_of(row)) for row in files if row["probabilities"]]
    if not scored:
        band = _scoreless(files)
        return (place(None, band, taken_at, key), band, *[None] * 7)
    best = scored[deciding(scored)]
    proof, lungs = proof_of(best.row["proof"]), lungs_of(best.row["lungs"])
    explained = proof.holds if proof else None
    score = suspicion(best.probabilities)
    band = Band.of(score, thresholds)
    return (
        place(score, band, taken_at, key),
        band,
        score,
        likeliest(best.probabilities),
        best.row["probabilities"],
        best.row["border_share"],
        best.row["spread"],
        explained,
        json.dumps(lungs.said(with_map=bool(explained))) if lungs else None,
    )


def _scoreless(files: Sequence[sqlite3.Row]) -> Band:
    """The band of a study of which no file has a score."""
    if any(row["outcome"] == Outcome.WAITING for row in files):
        return Band.WAITING
    others = [is_other(row["outcome"], row["reason"]) for row in files]
    return Band.OTHER if others and all(others) else Band.UNSCORED


def resettle(connection: sqlite3.Connection, weights_digest: str, pipeline: str) -> None:
    """Show every file's outcome under other weights than before, where it is known."""
    connection.execute(
        "UPDATE file SET outcome = 'waiting', reason = ? WHERE scorable AND reason <> ?",
        (PENDING, GONE),
    )
    connection.execute(SETTLE_KNOWN, (weights_digest, pipeline))
    refresh_all(connection)


def refresh_all(connection: sqlite3.Connection) -> None:
    """Sum up the files of every study anew."""
    refresh(connection, [row[0] for row in connection.execute("SELECT key FROM study")])
