"""The read model that the list, the review screen, the report and the exports share.

Filters, order and pages are SQL over indexes, so that a page of a hundred thousand studies costs
milliseconds and no memory. Reads only: scans and reviews write through
:mod:`screener.results.store`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener import marks, rates
from screener.errors import StoreError, StoreNotFoundError
from screener.results import adoption, finding, lock, opening, records, selection
from screener.results.adoption import Adoption
from screener.results.identity import Identify, lesser
from screener.results.ranking import FIRST_RANK
from screener.results.rows import (
    Counts,
    RadiographRow,
    StudyDetail,
    StudyRow,
    radiograph_row,
    refusal_row,
    run_row,
    study_row,
)
from screener.results.selection import ALL, Filter
from screener.study import GONE, OTHER_REASONS, Band, Outcome, Refusal, ScanRun
from screener.text import plain

if TYPE_CHECKING:
    from screener.card import WeightsCard
    from screener.results.agreement import Agreements
    from screener.results.store import Store

__all__ = ["ALL", "Counts", "Filter", "RadiographRow", "StudyDetail", "StudyRow", "Worklist"]

CHUNK = 500
"""Studies that are read at a time where all are."""
_FIRST = (FIRST_RANK, 0)
"""A place above all that have ranks, and the rank before theirs."""


class Worklist:
    """The studies of a results folder as its latest run's weights see them."""

    def __init__(self, store: Store, identify: Identify = "full") -> None:
        """Read from an open store, showing of patients at most what ``identify`` allows."""
        self.store = store
        self._allowed = identify

    # Pages

    def page(self, wanted: Filter = ALL, offset: int = 0, limit: int = 50) -> list[StudyRow]:
        """The rows from ``offset`` on, at most ``limit``."""
        where, values = selection.where(wanted)
        order = selection.order(wanted)
        rows = self.store.query(
            f"WITH page AS (SELECT id FROM study {where} {order} LIMIT ? OFFSET ?)"
            f" SELECT study.* FROM page CROSS JOIN study USING (id) {order}",
            (*values, limit, offset),
        )
        found = list(rows)
        return self._study_rows(found, self._ranks(found))

    def rows(self, wanted: Filter = ALL) -> Iterator[StudyRow]:
        """All rows, in bounded memory, as they were when the first was read."""
        where, values = selection.where(wanted)
        found = self.store.query(f"SELECT * FROM study {where} {selection.order(wanted)}", values)
        counted = _FIRST
        for chunk in records.chunks(found, CHUNK):
            ranks = self._ranks(chunk, counted)
            yield from self._study_rows(chunk, ranks)
            counted = next(reversed(ranks.items()), counted)

    def with_radiographs(
        self, wanted: Filter = ALL
    ) -> Iterator[tuple[StudyRow, list[RadiographRow]]]:
        """All rows, each with its scored radiographs, in bounded memory."""
        for chunk in records.chunks(self.rows(wanted), CHUNK):
            files: dict[str, list[sqlite3.Row]] = {plain(row.key): [] for row in chunk}
            for file in self.store.query(_SCORED_OF_STUDIES, (json.dumps(list(files)),)):
                files[file["study_key"]].append(file)
            for row in chunk:
                yield row, list(self._radiographs(files[plain(row.key)]))

    def count(self, wanted: Filter = ALL) -> int:
        """How many studies a filter lets through."""
        where, values = selection.where(wanted)
        return self._number(f"SELECT count(*) FROM study {where}", values)

    def offset_of(self, key: str, wanted: Filter = ALL) -> int | None:
        """Where a study stands among the rows of a filter, from 0; None if it is not there."""
        where, values = selection.where(wanted, "key = ?", plain(key))
        for row in self.store.query(f"SELECT * FROM study {where}", values):
            where, values = selection.where(wanted, *selection.before(wanted, row))
            return self._number(f"SELECT count(*) FROM study {where}", values)
        return None

    def next_unreviewed(self, after_key: str | None = None, wanted: Filter = ALL) -> str | None:
        """The next study without a verdict in a filter's order, from the top again at its end.

        The one to go on from need not be in the filter: it may have left it by its review.
        """
        for row in self.store.query("SELECT * FROM study WHERE key = ?", (plain(after_key or ""),)):
            condition, *position = selection.after(wanted, row)
            if key := self._first_unreviewed(wanted, f" AND {condition}", *position):
                return key
        return self._first_unreviewed(wanted)

    def _first_unreviewed(
        self, wanted: Filter, condition: str = "", *values_of: str | int
    ) -> str | None:
        where, values = selection.where(wanted, f"NOT reviewed{condition}", *values_of)
        sql = f"SELECT key FROM study {where} {selection.order(wanted)} LIMIT 1"
        return next((str(row["key"]) for row in self.store.query(sql, values)), None)

    # One study

    def study(self, key: str) -> StudyDetail:
        """A study with its radiographs, refusals and reviews.

        Raises:
            StoreError: there is no such study.
        """
        key = plain(key)
        found = list(self.store.query("SELECT * FROM study WHERE key = ?", (key,)))
        if not found:
            raise StoreError(f"{key}: no such study in {self.store.folder}; see 'screener list'")
        files = list(self.store.query(_FILES, (key,)))
        refusals = self._refusals(row for row in files if row["outcome"] not in _HOPEFUL)
        waiting = self._refusals(row for row in files if row["outcome"] == Outcome.WAITING)
        row = self._study_rows(found, self._ranks(found))[0]
        return StudyDetail(
            row,
            tuple(self._radiographs(row for row in files if row["outcome"] == Outcome.SCORED)),
            tuple(refusals),
            tuple(waiting),
            tuple(self.store.reviews(key)),
            None if row.score is None else rates.alike(self.card(), row.score),
        )

    def radiographs(self, key: str) -> list[RadiographRow]:
        """The scored radiographs of a study."""
        files = self.store.query(_FILES, (plain(key),))
        return list(self._radiographs(row for row in files if row["outcome"] == Outcome.SCORED))

    def keys_below(self, folders: Iterable[Path]) -> list[str]:
        """Keys of the studies with a file in one of some folders."""
        sql = "SELECT DISTINCT study_key FROM file WHERE path > ? AND path < ? ORDER BY study_key"
        found: dict[str, None] = {}
        for folder in folders:
            _, first, beyond, _ = records.below(str(folder), 0)
            found |= {str(row[0]): None for row in self.store.query(sql, (first, beyond))}
        return list(found)

    def files_of(self, key: str) -> list[Path]:
        """The files of a study, scored or not."""
        sql = "SELECT path FROM file WHERE study_key = ? ORDER BY path"
        return [records.path_of(row["path"]) for row in self.store.query(sql, (plain(key),))]

    def of_same_patient(self, key: str) -> list[str]:
        """Keys of the patient's other studies, the newest first; none where nobody is named."""
        sql = """
            SELECT other.key FROM study JOIN study AS other USING (pseudonym)
            WHERE study.key = ? AND other.key <> study.key
            ORDER BY other.taken_at DESC, other.place
        """
        return [str(row["key"]) for row in self.store.query(sql, (plain(key),))]

    def find(self, text: str) -> str:
        """The key of the study that a text means; see :func:`screener.results.finding.find`.

        Raises:
            StoreError: there is none, or more than one.
        """
        return finding.find(self.store, text)

    # The whole

    def counts(self, wanted: Filter = ALL) -> Counts:
        """Files by outcome, of the whole store or ``since``; studies and bands within a filter."""
        new = f"first >= {wanted.since}" if wanted.since else "1"
        by_outcome = f"SELECT outcome, count(*) AS n FROM file WHERE {new} GROUP BY outcome"
        outcomes = {row["outcome"]: row["n"] for row in self.store.query(by_outcome)}
        where, values = selection.where(wanted)
        with self._intact("band or outcome"):
            outcomes = {Outcome(outcome): n for outcome, n in outcomes.items()}
            bands = {
                Band(row["band"]): (row["n"], row["reviewed"])
                for row in self.store.query(
                    "SELECT band, count(*) AS n, sum(reviewed) AS reviewed"
                    f" FROM study {where} GROUP BY band",
                    values,
                )
            }
        return Counts(
            found=sum(outcomes.values()),
            scored=outcomes.get(Outcome.SCORED, 0),
            unsuitable=outcomes.get(Outcome.UNSUITABLE, 0),
            unreadable=outcomes.get(Outcome.UNREADABLE, 0),
            not_attempted=outcomes.get(Outcome.NOT_ATTEMPTED, 0),
            waiting=outcomes.get(Outcome.WAITING, 0),
            studies=sum(number for number, _ in bands.values()),
            skipped=self._number("SELECT skipped FROM run ORDER BY id DESC LIMIT 1"),
            reviewed=sum(reviewed for _, reviewed in bands.values()),
            by_band={band: bands.get(band, (0, 0))[0] for band in Band},
            other=self._number(f"SELECT count(*) FROM file WHERE {_OTHER} AND {new}"),
            gone=self._number(f"SELECT count(*) FROM file WHERE {_GONE} AND {new}"),
        )

    def refusals(self, limit: int = -1, since: int = 0) -> Iterator[Refusal]:
        """Every file that was found and refused: first what may be a chest film, each by path.

        Args:
            limit: at most so many; -1 for all.
            since: only those that this run or a later one found first.
        """
        return self._refused("1", limit, since)

    def unscored(self, limit: int = -1, since: int = 0) -> Iterator[Refusal]:
        """Refused files that may be chest films, by path: for a person to look at first."""
        return self._refused(f"NOT ({_OTHER})", limit, since)

    def other(self, limit: int = -1, since: int = 0) -> Iterator[Refusal]:
        """Refused files that are no chest radiographs, by path."""
        return self._refused(_OTHER, limit, since)

    def _refused(self, which: str, limit: int, since: int) -> Iterator[Refusal]:
        return self._refusals(self.store.query(_REFUSED.format(which), (since, limit)))

    def waiting(self, since: int = 0) -> Iterator[Refusal]:
        """Every file that is not scored yet, by path: refused so far, for no fault of its own."""
        sql = "SELECT * FROM file WHERE outcome = 'waiting' AND first >= ? ORDER BY path"
        return self._refusals(self.store.query(sql, (since,)))

    def files(self) -> Iterator[tuple[str, RadiographRow]]:
        """Every scored radiograph with its study's key, by path."""
        for row in self.store.query(_SCORED_FILES):
            yield row["study_key"], next(self._radiographs([row]))

    def histogram(self, bins: int = 20) -> list[int]:
        """Number of studies by suspicion score, in equal bins from 0 to 1."""
        numbers = [0] * bins
        with self._intact("score"):
            for row in self.store.query(
                "SELECT min(CAST(score * ?1 AS INTEGER), ?1 - 1) AS bin, count(*) AS n"
                " FROM study WHERE score IS NOT NULL GROUP BY bin",
                (bins,),
            ):
                numbers[row["bin"]] = row["n"]
        return numbers

    def alarm(self) -> str | None:
        """What is amiss with the scan as a whole, if anything: a warning above every ranking."""
        scores = self.store.query("SELECT score FROM study WHERE score IS NOT NULL")
        distances = self.store.query(_DISTANCES)
        with self._intact("score, distance or weights card"):
            metrics = json.loads(self._card_text())["metrics"]
            return marks.alarm((row[0] for row in scores), (row[0] for row in distances), metrics)

    def unexplained(self) -> int:
        """Studies of the upper bands with a scored radiograph that has no proven map."""
        upper = Filter(bands=(Band.PRIORITY, Band.ELEVATED))
        keys = [row.key for row in self.rows(upper)]
        return sum(any(map(_lacks_map, self.radiographs(key))) for key in keys)

    def runs(self) -> list[ScanRun]:
        """All runs, oldest first."""
        return list(map(self._run, self.store.query("SELECT * FROM run ORDER BY id")))

    def latest_run(self) -> ScanRun:
        """The run whose weights the worklist shows.

        Raises:
            StoreNotFoundError: nothing was scanned yet.
        """
        for row in self.store.query("SELECT * FROM run ORDER BY id DESC LIMIT 1"):
            return self._run(row)
        raise StoreNotFoundError(f"{self.store.folder}: nothing scanned yet; run 'screener scan'")

    @property
    def pipeline(self) -> str:
        """Pixel path and settings of the latest run, as its results are keyed by."""
        rows = self.store.query("SELECT pipeline FROM run ORDER BY id DESC LIMIT 1")
        return next((str(row["pipeline"]) for row in rows), "")

    def card(self) -> WeightsCard:
        """The card of the latest run's weights, with the thresholds that the bands go by."""
        from screener.card import from_json

        with self._intact("weights card"):
            card = from_json(json.loads(self._card_text()))
        if adopted := self.adoption():
            return replace(card, thresholds=adopted.thresholds, threshold_source=adopted.words)
        return card

    def adoption(self) -> Adoption | None:
        """What this site took over from its own reading for these weights."""
        with self._intact("adopted thresholds"):
            return adoption.of_rows(self.store.query(adoption.CURRENT))

    def agreements(self) -> Agreements:
        """How far reviewers agree with the model's label and with one another."""
        from screener.results.agreement import agreements  # numpy would slow every start

        reviewed = self.rows(Filter(review="reviewed"))
        labels = {row.key: row.label for row in reviewed if row.label}
        return agreements(self.store.reviews(), labels)

    @property
    def identify(self) -> Identify:
        """What the rows show of patients: the lesser of what is stored and what is allowed."""
        for row in self.store.query("SELECT identify FROM run ORDER BY id DESC LIMIT 1"):
            with self._intact("identification policy"):
                return lesser(row["identify"], self._allowed)
        return "none"

    @property
    def scanning(self) -> bool:
        """Whether a scan is writing to the store now."""
        return lock.is_held(self.store.folder)

    # From SQL to values

    def _card_text(self) -> str:
        digest = self.latest_run().weights_digest
        for row in self.store.query("SELECT card FROM weights WHERE digest = ?", (digest,)):
            return str(row["card"])
        raise StoreError(f"{self.store.path}: lacks the card of its weights; {opening.AWAY}")

    def _number(self, sql: str, values: Sequence[Any] = ()) -> int:
        row = next(self.store.query(sql, values), None)
        return int(row[0]) if row else 0

    def _study_rows(self, rows: Sequence[sqlite3.Row], ranks: Mapping[str, int]) -> list[StudyRow]:
        identify = self.identify
        shown = []
        for row in rows:
            with self._intact(f"study {row['key']}"):
                found = study_row(row, ranks.get(row["place"]), identify)
            shown.append(self._refused_of(found) if found.refused else found)
        return shown

    def _refused_of(self, row: StudyRow) -> StudyRow:
        """A row with what its refused files say."""
        gone = self._number(_GONE_OF_STUDY, (plain(row.key),))
        return replace(row, gone=gone, reason=self._why(row) if row.score is None else "")

    def _why(self, row: StudyRow) -> str:
        """Why a study has no score; "" where it is still to come."""
        found = self.store.query(_WHY, (row.key,)) if row.refused and not row.waiting else ()
        return next((str(one["reason"]) for one in found), "")

    def _radiographs(self, rows: Iterable[sqlite3.Row]) -> Iterator[RadiographRow]:
        for row in rows:
            with self._intact(f"radiograph of study {row['study_key']}"):
                radiograph = radiograph_row(row)
            yield radiograph

    def _refusals(self, rows: Iterable[sqlite3.Row]) -> Iterator[Refusal]:
        for row in rows:
            with self._intact(f"file of study {row['study_key']}"):
                refusal = refusal_row(row)
            yield refusal

    def _run(self, row: sqlite3.Row) -> ScanRun:
        with self._intact(f"run {row['id']}"):
            return run_row(row)

    def _intact(self, what: str) -> AbstractContextManager[None]:
        return opening.intact(self.store.path, what)

    def _ranks(
        self, rows: Iterable[sqlite3.Row], counted: tuple[str, int] = _FIRST
    ) -> dict[str, int]:
        """Ranks by place, upwards. Counts between neighbours: one walk over the index is enough.

        Args:
            rows: of ``study``; those without a score have no rank.
            counted: a place and its rank, from which to count where it is above all of them.
        """
        ranks: dict[str, int] = {}
        ordered = sorted(row["place"] for row in rows if row["score"] is not None)
        if not ordered:
            return ranks
        last, rank = counted if counted[0] < ordered[0] else _FIRST
        if self._between(ordered[0], ordered[-1]) < len(ordered):
            rank += self._between(last, ordered[0])  # no other study stands among them
            return {place: rank + number for number, place in enumerate(ordered)}
        for place in ordered:
            rank += self._between(last, place)
            ranks[place], last = rank, place
        return ranks

    def _between(self, last: str, place: str) -> int:
        """How many studies stand behind one place, up to another."""
        return self._number(
            "SELECT count(*) FROM study WHERE place > ? AND place <= ?", (last, place)
        )


_OTHER = "outcome = 'unsuitable' AND ({})".format(
    " OR ".join(f"instr(reason, '{words}')" for words in OTHER_REASONS)
)
_REFUSED = f"""
SELECT * FROM file WHERE outcome <> 'scored' AND outcome <> 'waiting' AND {{}}
AND first >= ? ORDER BY {_OTHER}, path LIMIT ?
"""
_GONE = f"outcome = 'not_attempted' AND reason = '{GONE}'"
_GONE_OF_STUDY = f"SELECT count(*) FROM file WHERE study_key = ? AND +{_GONE}"
"""The "+" keeps SQLite from going by outcome, through every file that is gone."""
_WHY = """
SELECT reason FROM file WHERE study_key = ? AND outcome <> 'scored' AND outcome <> 'waiting'
ORDER BY outcome = 'unsuitable', path LIMIT 1
"""
"""A damaged file says more of its study than a lateral beside it."""
_HOPEFUL = (Outcome.SCORED, Outcome.WAITING)
_COLUMNS = """
SELECT file.*, probabilities, map_rows, map_columns, map, proof, border_share, lungs,
    distance, spread, inverted
"""
_FILES = (
    _COLUMNS
    + """
FROM run JOIN file LEFT JOIN result ON file.outcome = 'scored' AND result.digest = file.digest
    AND result.weights_digest = run.weights_digest AND result.pipeline = run.pipeline
WHERE run.id = (SELECT max(id) FROM run) AND study_key = ? ORDER BY path
"""
)
_SCORED_FILES = (
    _COLUMNS
    + """
FROM run JOIN file JOIN result ON result.digest = file.digest
    AND result.weights_digest = run.weights_digest AND result.pipeline = run.pipeline
WHERE run.id = (SELECT max(id) FROM run) AND file.outcome = 'scored' ORDER BY path
"""
)
_SCORED_OF_STUDIES = (
    _COLUMNS
    + """
FROM run JOIN json_each(?) AS wanted CROSS JOIN file INDEXED BY file_by_study
    ON study_key = wanted.value
JOIN result ON result.digest = file.digest
    AND result.weights_digest = run.weights_digest AND result.pipeline = run.pipeline
WHERE run.id = (SELECT max(id) FROM run) AND file.outcome = 'scored' ORDER BY file.path
"""
)
_DISTANCES = """
SELECT distance FROM run JOIN file JOIN result ON result.digest = file.digest
    AND result.weights_digest = run.weights_digest AND result.pipeline = run.pipeline
WHERE run.id = (SELECT max(id) FROM run) AND file.outcome = 'scored' AND distance IS NOT NULL
"""


def _lacks_map(shown: RadiographRow) -> bool:
    return shown.activation is None or shown.activation.proof is None
