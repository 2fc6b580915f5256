"""Opening the database: to read without a trace, from a medium, and what it says of damage."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sample_data.results import build_results
from screener.errors import StoreError
from screener.results import migrations, opening
from screener.results.files import DATABASE
from screener.results.store import Store
from screener.results.worklist import StudyRow, Worklist
from tests.conftest import REPOSITORY


@pytest.fixture
def results(tmp_path):
    return build_results(tmp_path / "results", studies=12)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_reader_leaves_the_folder_as_it_was(results):
    before = content(results)
    with Store.reading(results) as store:
        assert len(list(Worklist(store).rows())) == 12
    assert content(results) == before


def test_a_reader_cannot_write(results):
    with Store.reading(results) as store, pytest.raises(StoreError, match="readonly"):
        store.forget(None)


def test_a_reader_sees_what_a_scan_writes_meanwhile(results):
    with Store.reading(results) as reader, Store.open(results) as writer:
        writer.forget(Worklist(writer).find("1"))
        assert Worklist(reader).count() == 11


def as_version_one(folder: Path) -> None:
    """Take the database back to the schema that was first."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        for number in range(len(migrations.MIGRATIONS), 1, -1):
            connection.executescript(BACK[number])
        connection.execute("PRAGMA user_version = 1")


BACK = {
    12: """
    ALTER TABLE review DROP COLUMN reason; ALTER TABLE review DROP COLUMN seconds;
    ALTER TABLE study DROP COLUMN verdict_reason;
    """,
    11: "ALTER TABLE file DROP COLUMN first;",
    10: """
    DROP INDEX study_backwards; ALTER TABLE study DROP COLUMN waits;
    ALTER TABLE study ADD COLUMN waits INTEGER NOT NULL
        GENERATED ALWAYS AS (band = 'WAITING') VIRTUAL;
    CREATE UNIQUE INDEX study_backwards ON study(waits, place DESC, band, reviewed, flagged);
    UPDATE study SET band = 'UNSCORED', place = '0' || substr(place, 2) WHERE band = 'OTHER';
    """,
    9: """
    DROP INDEX study_by_name; ALTER TABLE study DROP COLUMN named;
    CREATE INDEX study_by_patient ON study(patient, place, band, reviewed, flagged);
    """,
    8: "ALTER TABLE result DROP COLUMN lungs; ALTER TABLE study DROP COLUMN lung_marks;",
    7: "DROP TABLE drawn; DROP TABLE finding; DROP TABLE draw; DROP TABLE adoption;",
    6: "",  # a key cannot be taken back out of its hash
    5: "",
    4: "ALTER TABLE run DROP COLUMN options",
    2: """
    DROP INDEX study_backwards; DROP INDEX file_waiting; DROP INDEX file_refused;
    CREATE INDEX file_refused ON file(path) WHERE outcome <> 'scored';
    ALTER TABLE study DROP COLUMN waits; ALTER TABLE study DROP COLUMN waiting;
    """,
    3: "ALTER TABLE result DROP COLUMN proof; ALTER TABLE study DROP COLUMN explained;",
}


def unproven(store: Store) -> list[StudyRow]:
    """The rows without what an older schema does not have: no proof of a map, no keyed key."""
    return [replace(row, marks=(), key="") for row in Worklist(store).rows()]


def test_a_reader_brings_an_older_schema_up_to_date_in_a_copy(results):
    with Store.reading(results) as store:
        rows = unproven(store)
    as_version_one(results)
    before = content(results)
    with Store.reading(results) as store:
        assert unproven(store) == rows
    assert content(results) == before
    Store.open(results).close()
    with closing(sqlite3.connect(results / DATABASE)) as connection:
        assert migrations.schema_version(connection) == len(migrations.MIGRATIONS)


LIST = """
import sys
from pathlib import Path
from screener.results.store import Store
from screener.results.worklist import Worklist
with Store.reading(Path(sys.argv[1])) as store:
    print(Worklist(store).count())
"""
ON_A_MEDIUM = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -c "$3" "$1"
"""


def can_mount() -> bool:
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode
    )


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount")
@pytest.mark.parametrize("left", ["nothing", "an empty log", "a log", "a log and its index"])
def test_a_medium_that_cannot_be_written_is_read(results, left):
    """What a scan leaves when it ends, when it is killed, and what copying that leaves."""
    copied = results.with_name("medium")
    if left in ("a log", "a log and its index"):
        with Store.open(results) as store:
            store.add_weights(Worklist(store).card())
            with store.transaction() as connection:
                connection.execute("UPDATE study SET comment = 'in the log'")
            shutil.copytree(results, copied)
        if left == "a log":
            (copied / f"{DATABASE}-shm").unlink()
        assert (copied / f"{DATABASE}-wal").stat().st_size
    else:
        shutil.copytree(results, copied)
    if left == "an empty log":
        (copied / f"{DATABASE}-wal").touch()
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ON_A_MEDIUM, "sh", copied, sys.executable, LIST],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert (done.stdout, done.stderr) == ("12\n", "")


DAMAGES = {
    "a band that does not exist": "UPDATE study SET band = 'PURPLE'",
    "probabilities that are no JSON": "UPDATE study SET probabilities = '[0.1,'",
    "probabilities of other labels": "UPDATE study SET probabilities = '[0.5, 0.5]'",
    "probabilities that are no list": "UPDATE study SET probabilities = '7'",
    "a score that is no number": "UPDATE study SET score = 'high' WHERE score IS NOT NULL",
    "a time that is none": "UPDATE study SET taken_at = 'yesterday'",
    "an age that is no number": "UPDATE study SET age = x'00'",
    "a text that is no Unicode": "UPDATE study SET sex = CAST(x'ff' AS TEXT)",
    "a projection that does not exist": "UPDATE study SET projections = 'UP'",
    "an outcome that does not exist": "UPDATE file SET outcome = 'lost'",
    "a reason that is no text": "UPDATE file SET reason = x'00'",
    "a card that is no JSON": "UPDATE weights SET card = 'card'",
    "a card that is no object": "UPDATE weights SET card = '[]'",
    "no card": "DELETE FROM weights",
    "folders that are no JSON": "UPDATE run SET folders = 'here'",
    "options that are none": "UPDATE run SET options = '7'",
    "a policy that does not exist": "UPDATE run SET identify = 'some'",
    "a start that is no time": "UPDATE run SET started_at = ''",
    "a verdict that does not exist": "UPDATE review SET verdict = 'maybe'",
    "a review without a time": "UPDATE review SET reviewed_at = ''",
    "a map of another size": "UPDATE result SET map = x'00'",
    "a table without a column": "ALTER TABLE study RENAME COLUMN comment TO remark",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_value_is_told_with_the_cure(results, damage):
    with closing(sqlite3.connect(results / DATABASE, isolation_level=None)) as connection:
        connection.execute(DAMAGES[damage])
    with pytest.raises(StoreError) as caught, Store.reading(results) as store:
        read_all(Worklist(store))
    message = str(caught.value)
    assert message.startswith(f"{results / DATABASE}: ")
    assert message.endswith(f"; {opening.AWAY}")
    assert "\n" not in message


def read_all(worklist: Worklist) -> None:
    worklist.counts()
    for row in worklist.rows():
        worklist.study(row.key)
    list(worklist.refusals())
    list(worklist.files())
    worklist.histogram()
    worklist.alarm()
    worklist.card()
    worklist.runs()
