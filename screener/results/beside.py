"""One side of a comparison: the studies of a results folder as one set of weights ranks them.

The latest run's weights or those of an earlier run, whose scores the store keeps. Reads only, and
computes nothing anew: what those weights never scored has no score here.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from screener.errors import StoreError
from screener.results import adoption, identity, opening
from screener.results.ranking import place
from screener.results.records import probabilities_of
from screener.results.worklist import Worklist
from screener.study import GONE, RANKED, Band, suspicion
from screener.text import closest

_RUNS = """
SELECT weights_digest, pipeline, started_at, options, card
FROM run JOIN weights ON digest = weights_digest
WHERE run.id IN (SELECT max(id) FROM run GROUP BY weights_digest, pipeline) ORDER BY run.id DESC
"""
_FILES = """
SELECT study_key, file.digest, result.outcome AS told, probabilities
FROM file LEFT JOIN result ON result.digest = file.digest AND weights_digest = ? AND pipeline = ?
WHERE study_key <> '' AND file.reason <> ?
"""


@dataclass(frozen=True, slots=True)
class Side:
    """Whose ranking it is."""

    folder: Path
    name: str
    """Of the folder of the weights, by which a scan takes them."""
    version: str
    digest: str
    """Of the weights."""
    key: str
    """What the store tells their results apart by."""
    pipeline: str
    scanned_at: datetime
    thresholds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a study stands on one side."""

    key: str
    patient: str
    """As the identification policy shows it."""
    rank: int | None
    band: Band
    score: float | None
    digests: frozenset[str]
    """Of its files, by which it is known again where its key is another."""


def side(worklist: Worklist, weights: str = "") -> Side:
    """Find one side in a results folder.

    Args:
        worklist: of the folder.
        weights: a name, their own or their folder's, or the beginning of a digest; the latest
            run's if empty.

    Raises:
        StoreError: no scan into the folder used such weights.
    """
    store = worklist.store
    names: list[str] = []
    for row in store.query(_RUNS):
        with opening.intact(store.path, "weights card"):
            card = json.loads(row["card"])
            name, digest = str(card["name"]), str(card["digest"])
            called = Path(str(json.loads(row["options"]).get("weights", name))).name
        names += dict.fromkeys((called, name))
        begins = (digest, digest.removeprefix("sha256:"), row["weights_digest"])
        if (
            not weights
            or weights in (called, name)
            or any(one.startswith(weights) for one in begins)
        ):
            key = (row["weights_digest"], row["pipeline"])
            adopted = adoption.of_rows(store.query(adoption.BY_KEY, key))
            limits = adopted.thresholds if adopted else card["thresholds"]
            when = datetime.fromisoformat(row["started_at"])
            return Side(store.folder, called, str(card["version"]), digest, *key, when, limits)
    known = ", ".join(dict.fromkeys(names))
    cure = closest(weights, names) or f"; there are {known or 'none'}"
    raise StoreError(f"{weights}: no results folder, and no weights of {store.folder}{cure}")


def standings(worklist: Worklist, of: Side) -> list[Standing]:
    """Every study in the order that a side gives it."""
    files: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in worklist.store.query(_FILES, (of.key, of.pipeline, GONE)):
        files[row["study_key"]].append(row)
    identify, placed = worklist.identify, []
    for row in worklist.store.query("SELECT * FROM study"):
        with opening.intact(worklist.store.path, f"study {row['key']}"):
            score, band = _judged(files[row["key"]], Band(row["band"]), of)
        digests = frozenset(one["digest"] for one in files[row["key"]] if one["digest"])
        facts = (row["key"], identity.shown(row, identify), band, score, digests)
        placed.append((place(score, band, row["taken_at"], row["key"]), facts))
    ranked, standing = 0, []
    for _, (key, patient, band, score, digests) in sorted(placed, key=lambda pair: pair[0]):
        ranked += band in RANKED
        rank = ranked if band in RANKED else None
        standing.append(Standing(key, patient, rank, band, score, digests))
    return standing


def _judged(files: list[sqlite3.Row], now: Band, of: Side) -> tuple[float | None, Band]:
    """Score and band under a side's weights; ``now`` is the band that the worklist shows."""
    scores = [suspicion(probabilities_of(row)) for row in files if row["probabilities"]]
    if scores:
        return max(scores), Band.of(max(scores), of.thresholds)
    if now is Band.OTHER or any(row["told"] for row in files):
        return None, now if now is Band.OTHER else Band.UNSCORED
    return None, Band.UNSCORED if now is Band.UNSCORED else Band.WAITING
