"""The results folder: one SQLite database that a scan writes and every front end reads.

A result is keyed by (digest of the file, identity of the weights, pipeline version), so a scan goes
on where the last one stopped and new weights never overwrite old scores. Every file that was
found keeps a row with its outcome. Refuses names and numbers of patients unless told to keep them.
Use a :class:`Store` in the thread that opened it; open another for another thread.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from screener.errors import StoreError
from screener.lungs import LungOutline
from screener.results import identity, lock, opening, orders, records, reviews, summaries
from screener.results.files import DATABASE
from screener.results.identity import Identify
from screener.results.records import path_bytes
from screener.results.rows import review_row
from screener.study import (
    ActivationMap,
    Option,
    Radiograph,
    RadiographScore,
    Refusal,
    Review,
    ScanRun,
    Study,
)
from screener.text import plain

if TYPE_CHECKING:
    from screener.card import WeightsCard


class Store:
    """An open results folder; a context manager."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Take over a connection; see :meth:`create`, :meth:`open` and :meth:`reading`."""
        self.folder = folder
        self.path = folder / DATABASE
        self.connection = connection

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Open a results folder to write into, making it if need be.

        Raises:
            StoreError: it cannot be written, or its database cannot be used.
        """
        cure = "choose a folder you can write with --output"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror}; {cure}") from None
        return cls(folder, opening.to_write(folder, cure))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a results folder that a scan has made, to write into.

        Raises:
            StoreNotFoundError: there are no results in it.
            StoreError: it cannot be written, or its database cannot be used.
        """
        cls.reading(folder).close()
        return cls(folder, opening.to_write(folder, "copy the results to a place you can write"))

    @classmethod
    def reading(cls, folder: Path) -> Self:
        """Open a results folder that a scan has made, and change nothing in it.

        Raises:
            StoreNotFoundError: there are no results in it.
            StoreError: its database cannot be used.
        """
        return cls(folder, opening.to_read(folder))

    @classmethod
    @contextmanager
    def writing(cls, folder: Path) -> Iterator[Self]:
        """Open a results folder for a scan, and keep other scans out until it is over.

        Raises:
            StoreBusyError: another scan is writing to it.
        """
        with cls.create(folder) as store, lock.held(folder):
            for setting in opening.SETTINGS_OF_A_SCAN:
                store.connection.execute(f"PRAGMA {setting}")
            store._restore_orders()  # a scan that was killed has left them aside
            try:
                yield store
            finally:
                with suppress(StoreError):  # no room: lists are slower until the next scan
                    store._restore_orders()

    def _restore_orders(self) -> None:
        with opening.reported(self.path):
            orders.restore(self.connection)

    def close(self) -> None:
        """Close the database; what was committed is safe with or without it."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end, rolls back on any exception.

        Raises:
            StoreBusyError: another process kept the database locked.
            StoreError: it could not be written.
        """
        with opening.reported(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk has ended it already
                    self.connection.execute("ROLLBACK")
                raise

    def query(self, sql: str, values: Sequence[Any] = ()) -> Iterator[sqlite3.Row]:
        """Rows of a SELECT, one at a time.

        Raises:
            StoreError: the database is damaged, or cannot be read.
        """
        with opening.reported(self.path):
            # "yield from" would close the cursor when its database may be closed already
            for row in self.connection.execute(sql, values):  # noqa: UP028
                yield row

    # Runs

    def add_weights(self, card: WeightsCard, key: str = "") -> None:
        """Keep the card of weights that a run will use; a new card may move studies' bands.

        Args:
            card: the weights' card.
            key: what results are told apart by, as :func:`screener.card.identity` makes it; the
                digest of the tensors where nothing else changes.
        """
        key = key or card.digest
        text = records.card_json(card)
        known = "SELECT card FROM weights WHERE digest = ?"
        with self.transaction() as connection:
            before = connection.execute(known, (key,)).fetchone()
            connection.execute(
                "INSERT INTO weights VALUES (?, ?) ON CONFLICT DO UPDATE SET card = excluded.card",
                (key, text),
            )
            if before and before["card"] != text:
                with opening.intact(self.path, "scores or weights card"):
                    summaries.refresh_all(connection)

    def begin_run(
        self,
        folders: Iterable[Path],
        weights_digest: str,
        *,
        device: str,
        pipeline: str,
        started_at: datetime,
        identify: Identify = "none",
        options: Mapping[str, Option] | None = None,
    ) -> ScanRun:
        """Record a scan's start and show the worklist as its weights see it from now on.

        What an earlier run kept of patients and this one's ``identify`` does not allow is erased.
        ``options`` are kept for whoever repeats the run.
        """
        names = tuple(str(folder.absolute()) for folder in folders)
        with self.transaction() as connection:
            previous = connection.execute(
                "SELECT weights_digest, pipeline FROM run ORDER BY id DESC LIMIT 1"
            ).fetchone()
            cursor = connection.execute(
                records.PUT_RUN,
                (
                    json.dumps(names),
                    weights_digest,
                    pipeline,
                    device,
                    identify,
                    str(started_at),
                    json.dumps(options or {}),
                ),
            )
            identity.erase(connection, identify)
            if previous and tuple(previous) != (weights_digest, pipeline):
                with opening.intact(self.path, "scores or weights card"):
                    summaries.resettle(connection, weights_digest, pipeline)
        return ScanRun(
            cursor.lastrowid or 0,
            names,
            weights_digest,
            device,
            started_at,
            finished_at=None,
            found=0,
            scored=0,
            refused=0,
            options=options or {},
        )

    def finish_run(self, run: int, finished_at: datetime, *, skipped: int = 0) -> None:
        """Record a run's end with the counts of the whole store; an interrupted one has no end."""
        self._restore_orders()
        with self.transaction() as connection:
            connection.execute(records.FINISH_RUN, (str(finished_at), skipped, run))
        self._checkpoint()

    def _checkpoint(self) -> None:
        """Fold the write-ahead log into the database, so that the file alone is the results.

        Room that was taken by what is gone is given back once it is a quarter of the file.
        """
        with opening.reported(self.path):
            if self._number("PRAGMA freelist_count") * 4 > self._number("PRAGMA page_count"):
                with suppress(sqlite3.OperationalError):  # others are reading, or no room to copy
                    self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _number(self, sql: str) -> int:
        return int(self.connection.execute(sql).fetchone()[0])

    # Files and studies

    def expect(self, files: int) -> None:
        """Before a walk's files are recorded: if very many wait for a score, make them cheap.

        Lists in other orders than the ranking are slow from now to the end of the run.
        """
        new = files - self._number("SELECT count(*) FROM file")
        waiting = self._number("SELECT count(*) FROM file WHERE outcome = 'waiting'")
        if max(new, waiting) >= orders.MANY:
            with self.transaction() as connection:
                orders.set_aside(connection)

    def put_studies(self, studies: Iterable[Study]) -> dict[str, str]:
        """Record studies and their radiographs as found by the latest run, in one transaction.

        Results that are already known for these files and the run's weights count at once.
        Returns the keys of studies that cannot be kept, and why: nothing of them is recorded.
        """
        from screener.results import found  # its hashes would slow the start of every reader

        with self.transaction() as connection:
            return found.put_studies(connection, studies, self._sum_up)

    def put_refusals(self, refusals: Iterable[Refusal]) -> list[Refusal]:
        """Record files that the latest run found and refused by their headers.

        Returns those that no earlier run had refused for the same reason.
        """
        from screener.results import found

        with self.transaction() as connection:
            return found.put_refusals(connection, refusals, self._sum_up)

    def close_walk(self, run: int) -> int:
        """After a whole walk is recorded: refuse files of its folders which it did not find.

        They were in an earlier scan, so they stay listed. Returns their number.
        """
        from screener.results import found

        with self.transaction() as connection:
            return found.close_walk(connection, run, self._sum_up)

    # Results

    def known(
        self, radiographs: Iterable[Radiograph], weights_digest: str, pipeline: str
    ) -> dict[Path, RadiographScore | Refusal]:
        """Results of earlier runs for files whose path, size and time of change are the same."""
        found: dict[Path, RadiographScore | Refusal] = {}
        for chunk in records.chunks(radiographs):
            asked = {path_bytes(radiograph.path): radiograph for radiograph in chunk}
            sql = records.KNOWN.format(", ".join("?" * len(asked)))
            for row in self.query(sql, (weights_digest, pipeline, *asked)):
                radiograph = asked[row["path"]]
                if (row["size"], row["mtime_ns"]) == (radiograph.size, radiograph.mtime_ns):
                    found[radiograph.path] = self._result(row, radiograph)
        return found

    def _result(self, row: sqlite3.Row, radiograph: Radiograph) -> RadiographScore | Refusal:
        with opening.intact(self.path, f"result of {row['digest']}"):
            return records.result_of(row, radiograph)

    def known_content(
        self, radiograph: Radiograph, digest: str, weights_digest: str, pipeline: str
    ) -> RadiographScore | Refusal | None:
        """The result of an identical file, whatever its path and time of change."""
        for row in self.query(
            "SELECT * FROM result WHERE digest = ? AND weights_digest = ? AND pipeline = ?",
            (digest, weights_digest, pipeline),
        ):
            return self._result(row, radiograph)
        return None

    def put_scores(
        self, results: Iterable[RadiographScore | Refusal], weights_digest: str, pipeline: str
    ) -> None:
        """Store a batch in one transaction: each radiograph's score, or why it has none.

        A refusal with a digest lasts as a score does; one without is tried again by the next
        scan. The worklist is in order when this returns: there is no ranking step.
        """
        with self.transaction() as connection:
            for chunk in records.chunks(results):
                connection.executemany(
                    records.PUT_RESULT,
                    [records.result_values(r, weights_digest, pipeline) for r in chunk if r.digest],
                )
                settled = [records.settled_values(result) for result in chunk]
                connection.executemany(records.SETTLE, settled)
                keys = dict.fromkeys(
                    row[0]
                    for values in settled
                    for row in connection.execute(
                        "SELECT study_key FROM file WHERE path = ?", values[-1:]
                    )
                )
                self._sum_up(connection, keys)

    def _sum_up(self, connection: sqlite3.Connection, keys: Iterable[str]) -> None:
        with opening.intact(self.path, "scores or weights card"):
            summaries.refresh(connection, keys)

    def put_map(
        self,
        digest: str,
        activation: ActivationMap,
        border_share: float,
        lungs: LungOutline | None = None,
    ) -> None:
        """Keep the map of a radiograph that the latest run has scored.

        Args:
            digest: of the file.
            activation: the map, with its proof.
            border_share: of the map's mass, 0 to 1.
            lungs: of the radiograph, where they were looked for.
        """
        values = records.map_values(activation, border_share, lungs)
        with self.transaction() as connection:
            connection.execute(records.PUT_MAP, (*values, digest))
            holding = connection.execute("SELECT study_key FROM file WHERE digest = ?", (digest,))
            summaries.refresh(connection, {row["study_key"] for row in holding.fetchall()})

    # Reviews

    def add_review(self, review: Review) -> None:
        """Append a reviewer's entry, once; it is safe on disk when this returns.

        Raises:
            StoreBusyError: the database stayed locked; the entry is not stored.
            ReviewRefusedError: there is no such study, or the entry contradicts itself.
            StoreError: the entry could not be stored.
        """
        with self.transaction() as connection:
            reviews.append(connection, review)

    def reviews(self, study_key: str | None = None) -> Iterator[Review]:
        """Entries of all reviewers, oldest first; of one study or of all."""
        for row in self.query(
            "SELECT * FROM review WHERE ?1 IS NULL OR study_key = ?1 ORDER BY id",
            (study_key if study_key is None else plain(study_key),),
        ):
            with opening.intact(self.path, f"review {row['id']}"):
                review = review_row(row)
            yield review

    def forget(self, study_key: str | None) -> int:
        """Remove a study, or all of them, with files, results and reviews; returns the studies.

        A result stays while a file of another study has the same content.
        """
        chosen, values = ("1", ()) if study_key is None else ("{} = ?", (plain(study_key),))
        with self.transaction() as connection:
            connection.execute(f"DELETE FROM file WHERE {chosen.format('study_key')}", values)
            connection.execute(
                "DELETE FROM result WHERE digest NOT IN"
                " (SELECT digest FROM file WHERE digest IS NOT NULL)"
            )
            studies = connection.execute(
                f"DELETE FROM study WHERE {chosen.format('key')}", values
            ).rowcount
        self._checkpoint()
        return studies
