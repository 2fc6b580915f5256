"""What a walk has found, and the studies that it makes up, in a database of its own.

A million headers would fill the memory of a small machine. The database lives as long as the scan,
in a temporary file that has no name and that no other program can open; few files never leave
memory. Nothing of it is kept: what may be kept of a patient, the results say.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from screener.errors import ConfigurationError
from screener.reading.grouping import GroupBy, Named, folder_of, group, root_of, roots_by_folder
from screener.study import Outcome, Radiograph, Refusal, Study

CACHE = 4_000
"""Of the database in memory, in kilobytes."""
REFUSED = 1 << 40
"""Is added to the numbers of refusals: in a study they come after its radiographs."""

SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE found (number INTEGER PRIMARY KEY, place BLOB NOT NULL, item BLOB NOT NULL);
CREATE TABLE study (number INTEGER PRIMARY KEY, item BLOB NOT NULL);
CREATE TABLE refusal (number INTEGER PRIMARY KEY, item BLOB NOT NULL);
CREATE TABLE pending (number INTEGER PRIMARY KEY);
BEGIN;
"""
BY_PLACE = """
SELECT place, number, item FROM (
    SELECT place, number, item, min(number) OVER (PARTITION BY place) AS first
    FROM found WHERE place <> x''
) ORDER BY first, number
"""
OF_NO_STUDY = "INSERT INTO refusal SELECT number, item FROM found WHERE place = x''"
FOLDERS = """
SELECT folder(place), count(*) FROM found WHERE number < ? AND instr(place, x'2f') GROUP BY 1
"""
TO_FOLDERS = """
UPDATE found SET place = folder(place) WHERE instr(place, x'2f') AND root(place) = ?
"""


class Packed(NamedTuple):
    """A radiograph or a refusal as bytes: made by the process that read the header."""

    place: bytes
    """The study UID or the label that its header gave, by which studies are made."""
    is_refused: bool
    item: bytes

    @classmethod
    def of(cls, found: Radiograph | Refusal) -> Packed:
        """Pack it."""
        return cls(_bytes(found.study_key), isinstance(found, Refusal), pickle.dumps(found))

    @property
    def unpacked(self) -> Radiograph | Refusal:
        """What was packed."""
        found: Radiograph | Refusal = pickle.loads(self.item)  # noqa: S301 (our own process's)
        return found


class Member(NamedTuple):
    """A study as it is gathered, and what of its files was refused by their headers."""

    number: int
    study: Study
    refusals: tuple[Refusal, ...]


class Gathered:
    """The findings of a walk; after :meth:`make_studies` also the studies."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.number_of_radiographs = self.number_of_studies = self.refused = self.skipped = 0
        self._database = sqlite3.connect("", isolation_level=None)
        with _room():
            self._database.execute(f"PRAGMA cache_size = -{CACHE}")
            self._database.executescript(SCHEMA)

    @property
    def found(self) -> int:
        """Radiographs and refusals."""
        return self.number_of_radiographs + self.refused

    def close(self) -> None:
        """Give up everything."""
        self._database.close()

    def add(self, packed: Packed) -> None:
        """Take in a file."""
        number = self.found + (REFUSED if packed.is_refused else 0)
        self.refused += packed.is_refused
        self.number_of_radiographs += not packed.is_refused
        with _room():
            self._database.execute(
                "INSERT INTO found VALUES (?, ?, ?)", (number, packed.place, packed.item)
            )

    def make_studies(self, mode: GroupBy, named: Named) -> None:
        """Put what was found into studies, in the order in which they were found.

        Args:
            mode: what is one study, where no header says it.
            named: gives a study its key.
        """
        database = self._database
        for name, function in (("folder", folder_of), ("root", root_of)):
            database.create_function(name, 1, function, deterministic=True)
        with _room():
            for root in roots_by_folder(database.execute(FOLDERS, (REFUSED,)), mode):
                database.execute(TO_FOLDERS, (root,))
            database.execute(OF_NO_STUDY)
            together = groupby(database.execute(BY_PLACE), key=lambda row: row[0])
            for place, rows in together:
                self._make(place, {row[1]: row[2] for row in rows}, named)
            database.execute("DELETE FROM found")

    def _make(self, place: bytes, packed: Mapping[int, bytes], named: Named) -> None:
        """The studies of one place, which has one for each person."""
        files = [pickle.loads(item) for item in packed.values()]  # noqa: S301 (our own)
        grouped = group(place.decode(errors="surrogatepass"), files, named)
        refused = [number for number in packed if number >= REFUSED]
        self._put_refusals(zip(refused, grouped.refusals, strict=True))
        for study in grouped.studies:
            own = tuple(one for one in grouped.refusals if one.study_key == study.key)
            self._database.execute(
                "INSERT INTO study (item) VALUES (?)", (pickle.dumps((study, own)),)
            )
        self.number_of_studies += len(grouped.studies)

    @property
    def studies(self) -> Iterator[Study]:
        """Every study."""
        return (member.study for member in self.members())

    @property
    def radiographs(self) -> Iterator[Radiograph]:
        """Every radiograph that is worth decoding, in the order of the studies."""
        return (one for study in self.studies for one in study.radiographs)

    @property
    def refusals(self) -> Iterator[Refusal]:
        """What was refused by its header, in the order of the walk."""
        return (one for _, one in self._refused())

    def members(self, *, pending: bool = False) -> Iterator[Member]:
        """Every study with its refusals; or those only that were put off."""
        only = "WHERE number IN (SELECT number FROM pending)" if pending else ""
        with _room():
            for number, item in self._database.execute(
                f"SELECT number, item FROM study {only} ORDER BY number"
            ):
                yield Member(number, *pickle.loads(item))  # noqa: S301

    def put_off(self, numbers: Iterable[int]) -> None:
        """Keep some studies in mind as pending."""
        with _room():
            self._database.executemany(
                "INSERT INTO pending VALUES (?)", ((number,) for number in numbers)
            )

    def refuse(self, why: Mapping[str, str]) -> None:
        """Refuse the radiographs of some studies, which are no more; the values say why."""
        if not why:
            return
        gone = [member for member in self.members() if member.study.key in why]
        told = [one for one in self._refused() if one[1].study_key in why]
        refused = [
            Refusal(one.path, Outcome.UNREADABLE, why[member.study.key])
            for member in gone
            for one in member.study.radiographs
        ]
        with _room():
            self._database.executemany(
                "DELETE FROM study WHERE number = ?", [(member.number,) for member in gone]
            )
        self._put_refusals((number, replace(one, study_key="")) for number, one in told)
        self._put_refusals((None, one) for one in refused)
        self.number_of_studies -= len(gone)
        self.number_of_radiographs -= len(refused)
        self.refused += len(refused)

    def _refused(self) -> Iterator[tuple[int, Refusal]]:
        with _room():
            for number, item in self._database.execute("SELECT * FROM refusal ORDER BY number"):
                yield number, pickle.loads(item)  # noqa: S301

    def _put_refusals(self, refusals: Iterable[tuple[int | None, Refusal]]) -> None:
        with _room():
            self._database.executemany(
                "REPLACE INTO refusal VALUES (?, ?)",
                [(number, pickle.dumps(one)) for number, one in refusals],
            )


@contextmanager
def _room() -> Iterator[None]:
    """Say in words that there is no room for temporary files."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"no room for temporary files ({error}); free some, or name another folder in TMPDIR"
        ) from None


def _bytes(text: str) -> bytes:
    """Of any text: a path's need not be Unicode."""
    return text.encode(errors="surrogatepass")
