"""Draws of studies that are read blind, and what their readers found, in the database.

A draw keeps each study's chance; a finding is appended and never edited. Nothing here tells a
score, a band or a rank to whoever reads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from screener.errors import ReviewRefusedError, StoreError
from screener.results import sampling
from screener.study import RANKED, Band
from screener.text import closest, plain

if TYPE_CHECKING:
    from screener.results.store import Store


SAME = """
SELECT 1 FROM finding WHERE draw = ? AND study_key = ? AND reviewer = ? AND finding IS ?
    AND comment = ? AND reviewed_at = ?
"""


class Finding(StrEnum):
    """What a reader says of a study without knowing its score."""

    SUSPICIOUS = "suspicious"
    CLEAR = "not suspicious"
    UNSURE = "cannot tell"


@dataclass(frozen=True, slots=True)
class Reading:
    """One entry of a reader. Append-only: a change of mind is a new entry."""

    study_key: str
    draw: str
    reviewer: str
    finding: Finding | None
    """None while there is only a comment."""
    comment: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawn sample of the list."""

    id: int
    name: str
    seed: int
    weights_digest: str
    """Identity of the weights whose bands it was drawn from."""
    pipeline: str
    thresholds: dict[str, float]
    drawn_at: datetime
    """When it was drawn or last enlarged."""
    chances: dict[str, float]
    """Of each drawn study."""

    def order(self, reviewer: str) -> list[str]:
        """The studies in an order of the reader's own, which tells nothing."""
        return sorted(self.chances, key=lambda key: sampling.number(self.seed, reviewer, key))


def draws(store: Store) -> list[Draw]:
    """All draws, the newest last."""
    found = store.query("SELECT * FROM draw ORDER BY drawn_at, id")
    return [_draw(store, row) for row in list(found)]


def find(store: Store, name: str | None = None) -> Draw:
    """A draw by its name, or the newest.

    Raises:
        StoreError: there is none.
    """
    all_draws = draws(store)
    found = [draw for draw in all_draws if name in (None, draw.name)]
    if found:
        return found[-1]
    if not all_draws:
        raise StoreError(f"{store.folder}: nothing is drawn yet; run 'screener assess draw'")
    names = [draw.name for draw in all_draws]
    cure = closest(str(name), names) or f"; there is {', '.join(names)}"
    raise StoreError(f"{name}: no such draw in {store.folder}{cure}")


def _draw(store: Store, row: sqlite3.Row) -> Draw:
    chances = store.query("SELECT study_key, chance FROM drawn WHERE draw = ?", (row["id"],))
    return Draw(
        row["id"],
        row["name"],
        row["seed"],
        row["weights_digest"],
        row["pipeline"],
        json.loads(row["thresholds"]),
        datetime.fromisoformat(row["drawn_at"]),
        {chance["study_key"]: chance["chance"] for chance in chances},
    )


def make(
    connection: sqlite3.Connection,
    name: str,
    seed: int,
    thresholds: Mapping[str, float],
    drawn_at: datetime,
) -> int:
    """Begin a draw from the bands of the latest run, within a transaction of the caller's.

    Raises:
        StoreError: the name is taken, or nothing was scanned yet.
    """
    if connection.execute("SELECT 1 FROM draw WHERE name = ?", (name,)).fetchone():
        raise StoreError(f"{name}: there is a draw of this name; enlarge it, or give another")
    run = connection.execute(
        "SELECT weights_digest, pipeline FROM run ORDER BY id DESC LIMIT 1"
    ).fetchone()
    cursor = connection.execute(
        "INSERT INTO draw (name, seed, weights_digest, pipeline, thresholds, drawn_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (name, seed, *run, json.dumps(dict(thresholds)), drawn_at.isoformat()),
    )
    return cursor.lastrowid or 0


def enlarge(
    connection: sqlite3.Connection,
    draw: int,
    size: int | None,
    more: Mapping[Band, int],
    drawn_at: datetime,
) -> dict[Band, tuple[int, int]]:
    """Draw until there are ``size`` studies and ``more`` of some bands.

    Returns:
        Drawn studies and all studies by band.

    Raises:
        StoreError: no study has a score, or the list is another one since the draw.
    """
    head = connection.execute("SELECT * FROM draw WHERE id = ?", (draw,)).fetchone()
    _same_weights(connection, head)
    listed = _by_band(connection, json.loads(head["thresholds"]))
    if not any(listed.values()):
        raise StoreError("no study has a score to draw from; run 'screener scan' first")
    before = {
        row[0] for row in connection.execute("SELECT study_key FROM drawn WHERE draw = ?", (draw,))
    }
    populations = {band: len(keys) for band, keys in listed.items()}
    wanted = sampling.allocate(size or 0, populations)
    counts = {}
    for band, keys in listed.items():
        kept = before.intersection(keys)
        target = max(wanted.get(band, 0), len(kept)) + more.get(band, 0)
        chosen = sampling.drawn(keys, head["seed"], target, kept)
        counts[band] = (len(chosen), len(keys))
        connection.executemany(
            "INSERT INTO drawn VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET chance = excluded.chance",
            [(draw, key, band, len(chosen) / len(keys), drawn_at.isoformat()) for key in chosen],
        )
    connection.execute("UPDATE draw SET drawn_at = ? WHERE id = ?", (drawn_at.isoformat(), draw))
    return counts


def _same_weights(connection: sqlite3.Connection, head: sqlite3.Row) -> None:
    run = connection.execute(
        "SELECT weights_digest, pipeline FROM run ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if tuple(run) != (head["weights_digest"], head["pipeline"]):
        raise StoreError(
            f"{head['name']}: drawn from the scores of other weights or settings; draw anew under "
            "another name (findings that were given stay with their studies)"
        )


def _by_band(
    connection: sqlite3.Connection, thresholds: Mapping[str, float]
) -> dict[Band, list[str]]:
    listed: dict[Band, list[str]] = {band: [] for band in RANKED}
    for key, score in connection.execute("SELECT key, score FROM study WHERE score IS NOT NULL"):
        band = Band.of(score, thresholds)
        if band in listed:
            listed[band].append(key)
    return {band: keys for band, keys in listed.items() if keys}


def append(connection: sqlite3.Connection, reading: Reading) -> None:
    """Add a reader's entry, within a transaction of the caller's.

    An entry that is there already is not added again.

    Raises:
        ReviewRefusedError: the study is not in the draw.
    """
    key = plain(reading.study_key)
    found = connection.execute(
        "SELECT draw.id FROM draw JOIN drawn ON drawn.draw = draw.id"
        " WHERE name = ? AND study_key = ?",
        (reading.draw, key),
    ).fetchone()
    if not found:
        raise ReviewRefusedError(
            f"{key}: not among the studies drawn as {reading.draw}; draw it first"
        )
    entry = (
        found[0],
        key,
        plain(reading.reviewer),
        reading.finding,
        plain(reading.comment),
        reading.reviewed_at.isoformat(),
    )
    if connection.execute(SAME, entry).fetchone():
        return
    connection.execute(
        "INSERT INTO finding (draw, study_key, reviewer, finding, comment, reviewed_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        entry,
    )


def readings(store: Store) -> list[Reading]:
    """Entries of all readers for all draws, oldest first."""
    return [
        Reading(
            row["study_key"],
            row["name"],
            row["reviewer"],
            Finding(row["finding"]) if row["finding"] else None,
            row["comment"],
            datetime.fromisoformat(row["reviewed_at"]),
        )
        for row in store.query(
            "SELECT finding.*, name FROM finding JOIN draw ON draw.id = finding.draw"
            " ORDER BY finding.id"
        )
    ]


def standing(entries: Iterable[Reading]) -> dict[str, dict[str, Finding]]:
    """What each reader stands by: the last finding of each study, by reader and study."""
    found: dict[str, dict[str, Finding]] = {}
    for entry in entries:
        if entry.finding:
            found.setdefault(entry.reviewer, {})[entry.study_key] = entry.finding
    return found
