"""How values become rows of the database and back.

The SQL of the writing side. Nothing here opens a database or ends a transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from screener import remote
from screener.lungs import LungOutline
from screener.results import identity
from screener.results.identity import Identify, Row
from screener.results.ranking import place
from screener.study import (
    GONE,
    LABELS,
    ActivationMap,
    Band,
    Outcome,
    Proof,
    Radiograph,
    RadiographScore,
    Refusal,
    Study,
)
from screener.text import plain

if TYPE_CHECKING:
    from screener.card import WeightsCard

Values = tuple[Any, ...]
T = TypeVar("T")

PENDING = "not scored yet"
UNDATED = ""
"""``taken_at`` of a study without a date."""

PUT_RUN = """
INSERT INTO run (folders, weights_digest, pipeline, device, identify, started_at, options)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

FINISH_RUN = """
UPDATE run SET finished_at = ?, skipped = ?, found = (SELECT count(*) FROM file),
    scored = (SELECT count(*) FROM file WHERE outcome = 'scored'),
    refused = (SELECT count(*) FROM file WHERE outcome <> 'scored')
WHERE id = ?
"""

PUT_STUDY = """
INSERT INTO study (key, pseudonym, patient_id, patient_name, accession, taken_at, age, sex, phantom,
    place, band, projections, scored, refused, waiting, inverted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'UNSCORED', '', 0, 0, 0, 0)
ON CONFLICT (key) DO UPDATE SET pseudonym = excluded.pseudonym, patient_id = excluded.patient_id,
    patient_name = excluded.patient_name, accession = excluded.accession,
    taken_at = excluded.taken_at, age = excluded.age, sex = excluded.sex,
    phantom = excluded.phantom
WHERE (study.pseudonym, study.patient_id, study.patient_name, study.accession, study.taken_at,
    study.age, study.sex, study.phantom) IS NOT (excluded.pseudonym, excluded.patient_id,
    excluded.patient_name, excluded.accession, excluded.taken_at, excluded.age, excluded.sex,
    excluded.phantom)
"""
"""A study has ten indexes: what says the same again is left alone."""

PUT_FILE = f"""
INSERT INTO file (path, study_key, run, first, scorable, size, mtime_ns, projection, photometric,
    transfer_syntax, rows, columns, bits_stored, outcome, reason)
VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'waiting', '{PENDING}')
ON CONFLICT (path) DO UPDATE SET
    first = CASE WHEN study_key <> excluded.study_key
        AND (size <> excluded.size OR mtime_ns <> excluded.mtime_ns)
        THEN excluded.run ELSE first END,
    study_key = excluded.study_key, run = excluded.run, scorable = 1,
    digest = CASE WHEN size = excluded.size AND mtime_ns = excluded.mtime_ns THEN digest END,
    size = excluded.size, mtime_ns = excluded.mtime_ns, projection = excluded.projection,
    photometric = excluded.photometric, transfer_syntax = excluded.transfer_syntax,
    rows = excluded.rows, columns = excluded.columns, bits_stored = excluded.bits_stored,
    outcome = CASE WHEN outcome = 'scored' AND size = excluded.size
        AND mtime_ns = excluded.mtime_ns THEN outcome ELSE excluded.outcome END,
    reason = CASE WHEN outcome = 'scored' AND size = excluded.size
        AND mtime_ns = excluded.mtime_ns THEN reason ELSE excluded.reason END
"""
"""Another study's file under an old name is new; other bytes of the same study are not. A file that
has a score and is the same keeps it."""

PUT_REFUSAL = """
INSERT INTO file (path, study_key, run, first, scorable, outcome, reason)
VALUES (?1, ?2, ?3, ?3, 0, ?4, ?5)
ON CONFLICT (path) DO UPDATE SET study_key = excluded.study_key, run = excluded.run, scorable = 0,
    digest = NULL, outcome = excluded.outcome, reason = excluded.reason
"""

REFUSED = "SELECT 1 FROM file WHERE path = ? AND outcome = ? AND reason = ?"

PUT_RESULT = """
INSERT OR REPLACE INTO result (digest, weights_digest, pipeline, outcome, reason, probabilities,
    map_rows, map_columns, map, proof, border_share, lungs, distance, spread, inverted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

PUT_MAP = """
UPDATE result SET map_rows = ?, map_columns = ?, map = ?, proof = ?, border_share = ?, lungs = ?
FROM (SELECT * FROM run ORDER BY id DESC LIMIT 1) AS latest
WHERE result.digest = ? AND result.weights_digest = latest.weights_digest
    AND result.pipeline = latest.pipeline
"""

SETTLE = """
UPDATE file SET digest = coalesce(nullif(?, ''), digest), outcome = ?, reason = ? WHERE path = ?
"""

SETTLE_KNOWN = """
UPDATE file SET outcome = result.outcome, reason = result.reason FROM result
WHERE result.digest = file.digest AND result.weights_digest = ? AND result.pipeline = ?
    AND file.outcome = 'waiting'
"""
"""What is known of files under given weights; append a condition on ``file.path`` for one."""

KNOWN = """
SELECT path, size, mtime_ns, result.* FROM file JOIN result USING (digest)
WHERE weights_digest = ? AND pipeline = ? AND path IN ({})
"""
"""Results of so many files as it is given question marks."""

FILES_BELOW = f"""
SELECT path, study_key FROM file
WHERE (path = ? OR path >= ? AND path < ?) AND run < ? AND reason <> '{GONE}'
"""

STALE = """
SELECT key FROM study
WHERE scored + refused + waiting <> (SELECT count(*) FROM file WHERE study_key = key)
"""

DROP_EMPTY = """
DELETE FROM study WHERE NOT scored + refused + waiting AND reviewer IS NULL
    AND key IN (SELECT value FROM json_each(?))
    AND key NOT IN (SELECT study_key FROM finding)
"""

SHOW_REVIEW = """
WITH current AS (
    SELECT * FROM review
    WHERE id IN (SELECT max(id) FROM review WHERE study_key = ?1 GROUP BY reviewer)
)
UPDATE study SET (
    verdict, own_label, verdict_reason, comment, reviewer, reviewed_at, reviewed, flagged
) = (
    SELECT verdict, label, reason, comment, reviewer, reviewed_at, verdict IS NOT NULL,
        (SELECT max(flagged) FROM current)
    FROM current ORDER BY verdict IS NOT NULL DESC, id DESC LIMIT 1
) WHERE key = ?1
"""
"""A study shows the newest verdict that a reviewer stands by, and a flag while anybody's stands."""


def path_bytes(path: Path | str) -> bytes:
    """A path as the database keeps it: absolute, without ``..``, in the file system's bytes.

    One far away is kept as its address.
    """
    if remote.is_remote(os.fspath(path)):
        return os.fsencode(path)
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 (pathlib keeps "..")


def path_of(content: bytes) -> Path:
    """The path that :func:`path_bytes` stored."""
    return remote.place(os.fsdecode(content))


def chunks(values: Iterable[T], size: int = 1000) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def study_values(study: Study, identify: Identify, key: bytes) -> Values:
    """For PUT_STUDY; leaves out what the identification policy does not allow."""
    from screener.results.pseudonym import (
        pseudonym,  # its hashes would slow the start of every reader
    )

    taken_at = study.taken_at.isoformat(timespec="microseconds") if study.taken_at else UNDATED
    return (
        plain(study.key),
        pseudonym((study.person or study.patient_id) if study.patient_id else study.key, key),
        *identity.kept(study, identify),
        taken_at,
        study.age,
        plain(study.sex),
        any(radiograph.phantom for radiograph in study.radiographs),
        place(None, Band.UNSCORED, taken_at, plain(study.key)),
    )


def file_values(radiograph: Radiograph, study_key: str, run: int) -> Values:
    """For PUT_FILE."""
    return (
        path_bytes(radiograph.path),
        plain(study_key),
        run,
        radiograph.size,
        radiograph.mtime_ns,
        radiograph.projection,
        radiograph.photometric,
        radiograph.transfer_syntax,
        radiograph.rows,
        radiograph.columns,
        radiograph.bits_stored,
    )


def refusal_values(refusal: Refusal, run: int) -> Values:
    """For PUT_REFUSAL."""
    return (
        path_bytes(refusal.path),
        plain(refusal.study_key),
        run,
        refusal.outcome,
        plain(refusal.reason),
    )


def result_values(result: RadiographScore | Refusal, weights_digest: str, pipeline: str) -> Values:
    """For PUT_RESULT."""
    key = (result.digest, weights_digest, pipeline)
    if isinstance(result, Refusal):
        return (*key, result.outcome, plain(result.reason), *[None] * 9, 0)
    return (
        *key,
        Outcome.SCORED,
        "",
        json.dumps(result.probabilities),
        *map_values(result.activation, result.border_share, result.lungs),
        result.distance,
        result.spread,
        result.inverted,
    )


def map_values(
    activation: ActivationMap | None, border_share: float | None, lungs: LungOutline | None
) -> Values:
    """For PUT_MAP, and the part of PUT_RESULT that is the map's."""
    found = json.dumps(asdict(lungs)) if lungs else None
    if activation is None:
        return (None, None, None, None, border_share, found)
    shape = (activation.rows, activation.columns)
    proof = json.dumps(astuple(activation.proof)) if activation.proof else None
    return (*shape, activation.values, proof, border_share, found)


def settled_values(result: RadiographScore | Refusal) -> Values:
    """For SETTLE."""
    if isinstance(result, Refusal):
        return (result.digest, result.outcome, plain(result.reason), path_bytes(result.path))
    return (result.digest, Outcome.SCORED, "", path_bytes(result.radiograph.path))


def probabilities_of(row: Row) -> tuple[float, ...]:
    """The probabilities in a row of ``result`` or ``study``.

    Raises:
        ValueError: they are not one share of 1 for each label.
    """
    return _shares(row["probabilities"])


@lru_cache(maxsize=1024)
def _shares(text: str) -> tuple[float, ...]:
    """Kept, for a study's row repeats what that of its radiograph says."""
    shares = json.loads(text)
    if len(shares) != len(LABELS) or not all(0 <= share <= 1 for share in shares):
        raise ValueError("probabilities")
    return tuple(map(float, shares))


def activation_of(row: Row) -> ActivationMap | None:
    """The activation map in a row of ``result``.

    Raises:
        ValueError: its size is not what it says.
    """
    if row["map"] is None:
        return None
    if len(row["map"]) != row["map_rows"] * row["map_columns"]:
        raise ValueError("activation map")
    return ActivationMap(row["map_rows"], row["map_columns"], row["map"], proof_of(row["proof"]))


def proof_of(text: str | None) -> Proof | None:
    """A map's proof as the database keeps it."""
    return Proof(*json.loads(text)) if text else None


def lungs_of(text: str | None) -> LungOutline | None:
    """A radiograph's lungs as the database keeps them.

    Raises:
        TypeError, ValueError: they are not what :func:`map_values` stores.
    """
    if not text:
        return None
    kept = LungOutline(**json.loads(text))
    polygons = tuple(tuple((float(x), float(y)) for x, y in line) for line in kept.polygons)
    return replace(kept, polygons=polygons, marks=tuple(kept.marks))


def result_of(row: sqlite3.Row, radiograph: Radiograph) -> RadiographScore | Refusal:
    """The value that :func:`result_values` stored, for a file with the same content."""
    if row["outcome"] != Outcome.SCORED:
        return Refusal(
            radiograph.path,
            Outcome(row["outcome"]),
            row["reason"],
            radiograph.study_key,
            row["digest"],
        )
    return RadiographScore(
        radiograph,
        row["digest"],
        probabilities_of(row),
        activation_of(row),
        row["border_share"],
        row["distance"],
        row["spread"],
        bool(row["inverted"]),
        lungs_of(row["lungs"]),
    )


def card_json(card: WeightsCard) -> str:
    """A weights card as the database keeps it."""
    return json.dumps(asdict(card))


def below(folder: str, run: int) -> Values:
    """For FILES_BELOW: the folder (or file) itself, and the range of paths in it."""
    path = path_bytes(folder)
    separator = os.sep.encode()
    inside = path.removesuffix(separator) + separator
    return (path, inside, inside[:-1] + bytes([inside[-1] + 1]), run)


def timestamp(text: str | None) -> datetime | None:
    """A stored time, or None where there is none."""
    return datetime.fromisoformat(text) if text else None
