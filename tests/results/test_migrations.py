import json
import sqlite3

import pytest

from screener.digest import name_of_folder
from screener.errors import StoreError
from screener.results import migrations
from screener.results.pseudonym import load_key, pseudonym, study_key
from screener.results.store import Store


@pytest.fixture
def connection():
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def test_an_empty_database_gets_every_step(connection):
    migrations.migrate(connection)
    assert migrations.schema_version(connection) == len(migrations.MIGRATIONS)


def test_steps_run_once(connection):
    migrations.migrate(connection)
    migrations.migrate(connection)


def test_a_step_that_fails_leaves_neither_itself_nor_its_record(connection, monkeypatch):
    def fails(connection):
        connection.execute("CREATE TABLE half (a)")
        raise ZeroDivisionError

    migrations.migrate(connection)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, fails))
    with pytest.raises(ZeroDivisionError):
        migrations.migrate(connection)
    assert migrations.schema_version(connection) == len(migrations.MIGRATIONS) - 1
    assert not connection.execute("SELECT * FROM sqlite_master WHERE name = 'half'").fetchall()


def test_files_that_waited_in_an_old_database_wait_on(connection):
    migrations.m001_first(connection)
    connection.executescript("""
        INSERT INTO weights VALUES ('w', '{}');
        INSERT INTO run (folders, weights_digest, pipeline, device, identify, started_at)
        VALUES ('[]', 'w', '1', 'cpu', 'none', '');
        INSERT INTO study (key, pseudonym, patient_id, patient_name, accession, taken_at, sex,
            phantom, place, band, projections, scored, refused, inverted)
        VALUES ('S', '', '', '', '', '', '', 0, '0ffff', 'UNSCORED', '', 0, 2, 0);
        INSERT INTO file (path, study_key, run, scorable, outcome, reason) VALUES
            (x'61', 'S', 1, 1, 'not_attempted', 'not scored yet with these weights'),
            (x'62', 'S', 1, 1, 'unreadable', 'cut off');
        PRAGMA user_version = 1
    """)
    migrations.migrate(connection)
    study = connection.execute("SELECT place, band, refused, waiting FROM study").fetchone()
    assert study == ("4ffff", "WAITING", 1, 1)
    outcomes = connection.execute("SELECT outcome FROM file ORDER BY path").fetchall()
    assert outcomes == [("waiting",), ("unreadable",)]


def test_runs_of_an_old_database_keep_what_their_pipeline_tells(connection):
    for step in migrations.MIGRATIONS[:3]:
        step(connection)
    connection.executescript("""
        INSERT INTO weights VALUES ('w', '{}');
        INSERT INTO run (folders, weights_digest, pipeline, device, identify, started_at)
        VALUES ('[]', 'w', '7+no-guard+tta4', 'cpu', 'id', ''), ('[]', 'w', '7', 'cpu', 'none', '');
        PRAGMA user_version = 3
    """)
    migrations.migrate(connection)
    rows = connection.execute("SELECT options FROM run ORDER BY id").fetchall()
    assert [json.loads(row[0]) for row in rows] == [
        {"identify": "id", "tta": 4, "no-guard": True, "fix-inverted": False},
        {"identify": "none", "tta": 1, "no-guard": False, "fix-inverted": False},
    ]


@pytest.mark.parametrize(("key", "file"), [("s/p1", "s/p1/a.png"), ("one:s/a.png", "s/a.png")])
def test_a_key_without_its_root_gets_it_and_keeps_its_review(connection, tmp_path, key, file):
    for step in migrations.MIGRATIONS[:4]:
        step(connection)
    connection.execute("PRAGMA user_version = 4")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT INTO weights VALUES ('w', '{}')")
    connection.execute(
        "INSERT INTO run (folders, weights_digest, pipeline, device, identify, started_at)"
        " VALUES ('[]', 'w', '', '', '', '')"
    )
    connection.execute(
        "INSERT INTO study (key, pseudonym, patient_id, patient_name, accession, taken_at, sex,"
        " phantom, place, band, projections, scored, refused, inverted)"
        " VALUES (?1, '', '', '', '', '', '', 0, '0ffff' || ?1, 'UNSCORED', '', 0, 0, 0)",
        (key,),
    )
    connection.execute(
        "INSERT INTO file (path, study_key, run, scorable, outcome, reason)"
        " VALUES (?, ?, 1, 1, 'scored', '')",
        (bytes(tmp_path / file), key),
    )
    connection.execute(
        "INSERT INTO review (study_key, reviewer, flagged, comment, reviewed_at)"
        " VALUES (?, 'ewa', 0, '', '')",
        (key,),
    )
    migrations.migrate(connection)
    [new] = connection.execute("SELECT key FROM study").fetchone()
    assert new == f"{name_of_folder(tmp_path / 's')}/{key.partition('/')[2]}"
    assert connection.execute("SELECT study_key FROM review").fetchall() == [(new,)]
    assert connection.execute("SELECT study_key FROM file").fetchall() == [(new,)]
    assert connection.execute("SELECT place FROM study").fetchone() == (f"0ffff{new}",)


def test_study_uids_of_an_old_database_become_the_keys_of_a_new_scan(connection):
    """So that its reviews stay with their studies, and no UID stays in it."""
    secret = load_key()
    connection.execute("PRAGMA foreign_keys = ON")
    for step in migrations.MIGRATIONS[:5]:
        step(connection)
    connection.execute("PRAGMA user_version = 5")
    old = {"1.2.3": pseudonym("A", secret), "1.2.4": pseudonym("1.2.4", secret), "r/a.png": "P-X"}
    connection.executescript("""
        INSERT INTO weights VALUES ('w', '{}');
        INSERT INTO run (folders, weights_digest, pipeline, device, identify, started_at)
        VALUES ('[]', 'w', '1', 'cpu', 'none', '');
    """)
    for key, name in old.items():
        connection.execute(
            "INSERT INTO study (key, pseudonym, patient_id, patient_name, accession, taken_at, sex,"
            " phantom, place, band, projections, scored, refused, inverted)"
            " VALUES (?1, ?2, '', '', '', '', '', 0, '0ffff' || ?1, 'UNSCORED', '', 0, 1, 0)",
            (key, name),
        )
        connection.execute(
            "INSERT INTO file (path, study_key, run, scorable, outcome, reason)"
            " VALUES (?1, ?1, 1, 0, 'unreadable', '')",
            (key,),
        )
        connection.execute(
            "INSERT INTO review (study_key, reviewer, flagged, comment, reviewed_at)"
            " VALUES (?, 'me', 0, '', '')",
            (key,),
        )
    migrations.migrate(connection)
    expected = [study_key("1.2.3", "A", secret), study_key("1.2.4", "", secret), "r/a.png"]
    in_order = sorted(expected, reverse=True)
    for query in ("key FROM study", "study_key FROM file", "study_key FROM review"):
        assert [row[0] for row in connection.execute(f"SELECT {query} ORDER BY 1 DESC")] == in_order
    places = [row[0] for row in connection.execute("SELECT place FROM study ORDER BY id")]
    assert places == [f"0ffff{key}" for key in expected]
    names = [row[0] for row in connection.execute("SELECT pseudonym FROM study ORDER BY id")]
    assert names == [old["1.2.3"], pseudonym(expected[1], secret), "P-X"]


def test_a_newer_schema_is_refused(tmp_path):
    with Store.create(tmp_path) as store:
        store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"schema 99.*newer screener"):
        Store.open(tmp_path)
