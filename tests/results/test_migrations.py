import sqlite3

import pytest

from screener.errors import StoreError
from screener.results import migrations
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


def test_a_newer_schema_is_refused(tmp_path):
    with Store.create(tmp_path) as store:
        store.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"schema 99.*newer screener"):
        Store.open(tmp_path)
