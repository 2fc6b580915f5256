"""The database's schema, as numbered steps. Each runs in one transaction with the record of it.

A step that has been released is never edited: a change is a new step. A scan that was killed may
have left some indexes aside (:mod:`screener.results.orders`): drop those with IF EXISTS.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from screener.study import is_other

Migration = Callable[[sqlite3.Connection], None]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database, which may be empty, to the newest schema."""
    version = schema_version(connection)
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if schema_version(connection) < number:  # another process may have been quicker
                step(connection)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has ended it already
                connection.execute("ROLLBACK")
            raise


def schema_version(connection: sqlite3.Connection) -> int:
    """Number of steps a database has had; kept in its header, so part of the transaction."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def m001_first(connection: sqlite3.Connection) -> None:
    """Runs, weights, studies, files, results by digest, and reviews."""
    for statement in FIRST.split(";"):
        connection.execute(statement)


FIRST = """
CREATE TABLE weights (
    digest TEXT PRIMARY KEY,
    card TEXT NOT NULL
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    folders TEXT NOT NULL,
    weights_digest TEXT NOT NULL REFERENCES weights(digest),
    pipeline TEXT NOT NULL,
    device TEXT NOT NULL,
    identify TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    found INTEGER NOT NULL DEFAULT 0,
    scored INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE file (
    path BLOB PRIMARY KEY, -- bytes: a path need not be text
    study_key TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES run(id), -- the last that found it
    scorable INTEGER NOT NULL, -- its header was accepted
    digest TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    mtime_ns INTEGER NOT NULL DEFAULT 0,
    projection TEXT NOT NULL DEFAULT 'unknown',
    photometric TEXT NOT NULL DEFAULT '',
    transfer_syntax TEXT NOT NULL DEFAULT '',
    rows INTEGER NOT NULL DEFAULT 0,
    columns INTEGER NOT NULL DEFAULT 0,
    bits_stored INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL, -- under the latest run's weights
    reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX file_by_study ON file(study_key);
CREATE INDEX file_by_outcome ON file(outcome);
CREATE INDEX file_refused ON file(path) WHERE outcome <> 'scored';
CREATE TABLE result (
    digest TEXT NOT NULL,
    weights_digest TEXT NOT NULL REFERENCES weights(digest),
    pipeline TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    probabilities TEXT,
    map_rows INTEGER,
    map_columns INTEGER,
    map BLOB,
    border_share REAL,
    distance REAL,
    spread REAL,
    inverted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (digest, weights_digest, pipeline)
) WITHOUT ROWID;
CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    pseudonym TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    patient_name TEXT NOT NULL,
    accession TEXT NOT NULL,
    patient TEXT NOT NULL GENERATED ALWAYS AS (
        CASE WHEN patient_name <> '' THEN patient_name
             WHEN patient_id <> '' THEN patient_id ELSE pseudonym END),
    searched TEXT NOT NULL GENERATED ALWAYS AS (
        patient || ' ' || pseudonym || ' ' || key || ' ' || accession || ' ' || comment || ' '
        || band || ' ' || coalesce(label, '')),
    taken_at TEXT NOT NULL, -- '' where unknown
    age REAL,
    sex TEXT NOT NULL,
    phantom INTEGER NOT NULL,
    place TEXT NOT NULL, -- the total order of the worklist in one text
    band TEXT NOT NULL,
    score REAL,
    label TEXT,
    probabilities TEXT,
    projections TEXT NOT NULL,
    scored INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    border_share REAL,
    spread REAL,
    inverted INTEGER NOT NULL,
    reviewed INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    own_label TEXT,
    flagged INTEGER NOT NULL DEFAULT 0,
    comment TEXT NOT NULL DEFAULT '',
    reviewer TEXT,
    reviewed_at TEXT
);
CREATE UNIQUE INDEX study_by_place ON study(place, band, reviewed, flagged, score);
CREATE INDEX study_by_search ON study(place, searched, band, reviewed, flagged);
CREATE INDEX study_by_date ON study(taken_at, place, band, reviewed, flagged);
CREATE INDEX study_by_patient ON study(patient, place, band, reviewed, flagged);
CREATE INDEX study_by_review ON study(reviewed, place, band, flagged);
CREATE INDEX study_by_flag ON study(place) WHERE flagged;
CREATE INDEX study_by_pseudonym ON study(pseudonym);
CREATE TABLE review (
    id INTEGER PRIMARY KEY,
    study_key TEXT NOT NULL REFERENCES study(key) ON DELETE CASCADE,
    reviewer TEXT NOT NULL,
    verdict TEXT,
    label TEXT,
    flagged INTEGER NOT NULL,
    comment TEXT NOT NULL,
    reviewed_at TEXT NOT NULL
);
CREATE INDEX review_by_study ON review(study_key)
"""


def m002_waiting(connection: sqlite3.Connection) -> None:
    """What waits for its score is no refusal: an outcome, a count and a band, last in the order."""
    for statement in WAITING.split(";"):
        connection.execute(statement)


WAITING = """
DROP INDEX file_refused;
CREATE INDEX file_refused ON file(path) WHERE outcome <> 'scored' AND outcome <> 'waiting';
CREATE INDEX file_waiting ON file(path) WHERE outcome = 'waiting';
UPDATE file SET outcome = 'waiting', reason = 'not scored yet'
WHERE outcome = 'not_attempted' AND reason = 'not scored yet with these weights';
ALTER TABLE study ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE study ADD COLUMN waits INTEGER NOT NULL GENERATED ALWAYS AS (band = 'WAITING') VIRTUAL;
UPDATE study SET waiting =
    (SELECT count(*) FROM file WHERE study_key = key AND outcome = 'waiting');
UPDATE study SET refused = refused - waiting WHERE waiting;
UPDATE study SET band = 'WAITING', place = '4' || substr(place, 2)
WHERE waiting AND score IS NULL;
CREATE UNIQUE INDEX study_backwards ON study(waits, place DESC, band, reviewed, flagged)
"""


def m003_proof(connection: sqlite3.Connection) -> None:
    """A map has its proof beside it, and a study says whether its map explains the score."""
    for statement in PROOF.split(";"):
        connection.execute(statement)


PROOF = """
ALTER TABLE result ADD COLUMN proof TEXT;
ALTER TABLE study ADD COLUMN explained INTEGER
"""
"""``proof`` is [whole, hidden, moved], scores from 0 to 1; ``explained`` is NULL where unproven."""


def m004_options(connection: sqlite3.Connection) -> None:
    """A run keeps its options; of earlier ones, what policy and pipeline tell."""
    connection.execute("ALTER TABLE run ADD COLUMN options TEXT NOT NULL DEFAULT '{}'")
    runs = connection.execute("SELECT id, identify, pipeline FROM run").fetchall()
    for number, identify, pipeline in runs:
        words = pipeline.split("+")
        views = [int(word[3:]) for word in words if re.fullmatch(r"tta\d+", word)]
        options = {
            "identify": identify,
            "tta": views[0] if views else 1,
            "no-guard": "no-guard" in words,
            "fix-inverted": "fix-inverted" in words,
        }
        connection.execute("UPDATE run SET options = ? WHERE id = ?", (json.dumps(options), number))


def m005_roots(connection: sqlite3.Connection) -> None:
    """The key of a study without a UID holds the folder it was found below, not only its name."""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    for key, path in connection.execute(PATHS).fetchall():
        if new := _rooted(key, os.fsdecode(path)):
            for statement in ROOTED.split(";"):
                connection.execute(statement, {"old": key, "new": new})


def _rooted(key: str, path: str) -> str:
    """A key with the mark of its root; "" where the file's path does not tell the root."""
    from screener.digest import name_of_folder  # its hashes would slow the start of every reader

    name, _, rest = key.partition("/")
    for below in (path, str(Path(path).parent)):
        root = below.removesuffix(f"/{rest}")
        if root != below and Path(root).name == name.rpartition(":")[2]:
            return f"{name_of_folder(root)}/{rest}"
    return ""


PATHS = """
SELECT key, min(path) FROM study JOIN file ON study_key = key WHERE key LIKE '%/%' GROUP BY key
"""
ROOTED = """
UPDATE file SET study_key = :new WHERE study_key = :old;
UPDATE review SET study_key = :new WHERE study_key = :old;
UPDATE study SET key = :new, place = substr(place, 1, length(place) - length(:old)) || :new
WHERE key = :old
"""


def m006_keyed(connection: sqlite3.Connection) -> None:
    """A StudyInstanceUID can hold a patient's number: the keyed hash of it is the study's key."""
    from screener.results.pseudonym import keyed, load_key, pseudonym

    studies = connection.execute("SELECT key, pseudonym FROM study").fetchall()
    secret = load_key() if studies else b""
    connection.execute("PRAGMA defer_foreign_keys = ON")
    for key, named in studies:
        if "/" in key:  # a path, which is kept in clear
            continue
        is_nameless = named == pseudonym(key, secret)
        new = keyed(key, "" if is_nameless else named, secret)
        named = pseudonym(new, secret) if is_nameless else named
        for statement in KEYED.split(";"):
            connection.execute(statement, {"old": key, "new": new, "pseudonym": named})


KEYED = """
UPDATE file SET study_key = :new WHERE study_key = :old;
UPDATE review SET study_key = :new WHERE study_key = :old;
UPDATE study SET key = :new, pseudonym = :pseudonym,
    place = CASE WHEN substr(place, -length(key)) = key
        THEN substr(place, 1, length(place) - length(key)) || :new ELSE place END
WHERE key = :old
"""


def m007_assessment(connection: sqlite3.Connection) -> None:
    """Draws for a site's own figures, what readers said blind, and thresholds taken over."""
    for statement in ASSESSMENT.split(";"):
        connection.execute(statement)


ASSESSMENT = """
CREATE TABLE draw (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    seed INTEGER NOT NULL,
    weights_digest TEXT NOT NULL REFERENCES weights(digest),
    pipeline TEXT NOT NULL,
    thresholds TEXT NOT NULL, -- the bands it was drawn from
    drawn_at TEXT NOT NULL
);
CREATE TABLE drawn (
    draw INTEGER NOT NULL REFERENCES draw(id) ON DELETE CASCADE,
    study_key TEXT NOT NULL REFERENCES study(key) ON DELETE CASCADE,
    band TEXT NOT NULL,
    chance REAL NOT NULL, -- of being drawn, the inverse of its weight
    drawn_at TEXT NOT NULL,
    PRIMARY KEY (draw, study_key)
) WITHOUT ROWID;
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    draw INTEGER NOT NULL REFERENCES draw(id) ON DELETE CASCADE,
    study_key TEXT NOT NULL REFERENCES study(key) ON DELETE CASCADE,
    reviewer TEXT NOT NULL,
    finding TEXT,
    comment TEXT NOT NULL,
    reviewed_at TEXT NOT NULL
);
CREATE INDEX finding_by_study ON finding(study_key);
CREATE TABLE adoption (
    id INTEGER PRIMARY KEY,
    weights_digest TEXT NOT NULL REFERENCES weights(digest),
    pipeline TEXT NOT NULL,
    priority REAL NOT NULL,
    elevated REAL NOT NULL,
    intercept REAL NOT NULL,
    source TEXT NOT NULL,
    adopted_at TEXT NOT NULL,
    taken_back_at TEXT
)
"""


def m008_lungs(connection: sqlite3.Connection) -> None:
    """Outlines of the lungs, and what a study's say in words."""
    for statement in LUNGS.split(";"):
        connection.execute(statement)


LUNGS = """
ALTER TABLE result ADD COLUMN lungs TEXT;
ALTER TABLE study ADD COLUMN lung_marks TEXT
"""
"""``lungs`` is an object of polygons, confidence, marks and map_inside; NULL: not looked for."""


def m009_named(connection: sqlite3.Connection) -> None:
    """Studies are sorted by what they are shown as: those of nameless files by their path."""
    for statement in NAMED.split(";"):
        connection.execute(statement)


NAMED = """
DROP INDEX study_by_patient;
ALTER TABLE study ADD COLUMN named TEXT NOT NULL GENERATED ALWAYS AS (
    CASE WHEN patient_name <> '' OR patient_id <> '' THEN patient
         WHEN key LIKE '%/%' AND key NOT LIKE '% P-__________' THEN key
         ELSE pseudonym END) VIRTUAL;
CREATE INDEX study_by_name ON study(named, place, band, reviewed, flagged)
"""


def m010_other(connection: sqlite3.Connection) -> None:
    """What is no chest radiograph stands last, not among the films that could not be scored."""
    for statement in BEHIND.split(";"):
        connection.execute(statement)
    reasons: dict[str, list[bool]] = {}
    for key, outcome, reason in connection.execute(SCORELESS):
        reasons.setdefault(key, []).append(is_other(outcome, reason))
    keys = [(key,) for key, others in reasons.items() if all(others)]
    connection.executemany(OTHER, keys)


BEHIND = """
DROP INDEX study_backwards;
ALTER TABLE study DROP COLUMN waits;
ALTER TABLE study ADD COLUMN waits INTEGER NOT NULL
    GENERATED ALWAYS AS (band IN ('WAITING', 'OTHER')) VIRTUAL;
CREATE UNIQUE INDEX study_backwards ON study(waits, place DESC, band, reviewed, flagged)
"""
"""``waits``: stands behind the ranking whichever way it is read."""
SCORELESS = """
SELECT key, outcome, reason FROM study JOIN file ON study_key = key WHERE band = 'UNSCORED'
"""
OTHER = "UPDATE study SET band = 'OTHER', place = '5' || substr(place, 2) WHERE key = ?"


def m011_since(connection: sqlite3.Connection) -> None:
    """A file keeps the run that found it first; of earlier ones only the last is known."""
    connection.execute("ALTER TABLE file ADD COLUMN first INTEGER NOT NULL DEFAULT 0")
    connection.execute("UPDATE file SET first = (SELECT min(id) FROM run)")


def m012_reasons(connection: sqlite3.Connection) -> None:
    """A verdict has a reason, and an entry the seconds its study was looked at."""
    for statement in REASONS.split(";"):
        connection.execute(statement)


REASONS = """
ALTER TABLE review ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE review ADD COLUMN seconds REAL;
ALTER TABLE study ADD COLUMN verdict_reason TEXT NOT NULL DEFAULT ''
"""


TABLES = frozenset({"weights", "run", "file", "result", "study", "review"})
"""By these, which every version has, a database of ours is known."""

MIGRATIONS: tuple[Migration, ...] = (
    m001_first, m002_waiting, m003_proof, m004_options, m005_roots, m006_keyed, m007_assessment,
    m008_lungs, m009_named, m010_other, m011_since, m012_reasons,
)  # fmt: skip
