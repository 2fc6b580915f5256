"""How the database of a results folder is opened, and what can be wrong with it.

A reader changes nothing: it needs no permission to write, reads a medium that cannot be written,
and brings an older schema up to date in a copy. Refuses, in one line, what is no database, another
program's database and a newer version's; none of these is touched.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from screener.errors import StoreBusyError, StoreError, StoreNotFoundError
from screener.results.files import DATABASE
from screener.results.migrations import MIGRATIONS, TABLES, migrate, schema_version

WAIT_SECONDS = 5.0
"""How long a statement waits for another process's transaction."""

SETTINGS = (
    "journal_mode = WAL",  # readers and a writer at once
    "synchronous = FULL",  # a review outlives a power cut
    "foreign_keys = ON",
    "secure_delete = ON",  # what is forgotten is overwritten
)
SETTINGS_OF_A_SCAN = (
    "synchronous = NORMAL",  # what a power cut takes of the last scores, the next scan makes again
    "wal_autocheckpoint = 8000",  # scores come in no order: pages are written once for many
)

AWAY = "move the file away and scan again"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SYSTEM = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)
"""What is no fault of the database."""


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: a lost entry must never look like success."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a mistake of ours
    except sqlite3.DatabaseError as error:
        raise _told(path, error) from None


def _told(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    fact = str(error).partition(" with text ")[0]  # the text itself may be a patient's
    if code in _BUSY:
        return StoreBusyError(f"{path}: locked by another program; try again")
    if code in _SYSTEM:
        return StoreError(f"{path}: {fact}; check the folder and its free space")
    return StoreError(f"{path}: {fact}; {AWAY}")


@contextmanager
def intact(path: Path, what: str) -> Iterator[None]:
    """Say which value is damaged where one that was read cannot be.

    Raises:
        StoreError: it is not of the type, or not one of the values, that were stored.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise StoreError(f"{path}: damaged {what} ({error}); {AWAY}") from None


def is_there(folder: Path) -> bool:
    """Whether a folder has a database; what is in it is not looked at.

    Raises:
        StoreError: that cannot be told, or what has its name is no file.
    """
    path = folder / DATABASE
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; ask for permission to read it") from None
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{path}: not a file; move it away and scan again")
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path}: no permission to read it; ask for it")
    return True


def to_write(folder: Path, cure: str) -> sqlite3.Connection:
    """A connection that writes; the database is made if it is missing, and brought up to date.

    Args:
        folder: of the results.
        cure: what to do where it cannot be written.

    Raises:
        StoreError: it cannot be used.
    """
    path = folder / DATABASE
    there = is_there(folder)
    needed = [folder, path] if there else [folder]
    if not all(os.access(one, os.W_OK) for one in needed):
        raise StoreError(f"{folder}: cannot be written; {cure}")
    if not there:
        _begin(path, cure)
    with reported(path):
        connection = _connect(path)
        try:
            check(path, connection)
            for setting in SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def to_read(folder: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Raises:
        StoreNotFoundError: there is no database, or an empty one.
        StoreError: it cannot be used.
    """
    path = folder / DATABASE
    if not is_there(folder):
        raise nothing_in(folder)
    with reported(path):
        connection = _reader(path)
        try:
            if not check(path, connection):
                raise nothing_in(folder)
            if schema_version(connection) == len(MIGRATIONS):
                return connection
            return _up_to_date(connection)
        except BaseException:
            connection.close()
            raise


def nothing_in(folder: Path) -> StoreNotFoundError:
    """Nobody has scanned into this folder."""
    return StoreNotFoundError(
        f"{folder}: no results here; run 'screener scan' or name another folder"
    )


def check(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether a database holds results; an empty one does not.

    Raises:
        StoreError: it is another program's or a newer version's.
    """
    version = schema_version(connection)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not version and not tables:
        return False
    if not version or not tables >= TABLES:
        raise StoreError(f"{path}: a database of another program; name another folder")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: has schema {version}, this version knows {len(MIGRATIONS)}; "
            "use a newer screener"
        )
    return True


def _begin(path: Path, cure: str) -> None:
    """Make an empty database: SQLite's own would be closed to a group that may write."""
    try:
        path.touch()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; {cure}") from None


def _connect(path: Path, mode: str = "") -> sqlite3.Connection:
    name: str | Path = f"{path.absolute().as_uri()}?{mode}" if mode else path
    connection = sqlite3.connect(name, WAIT_SECONDS, isolation_level=None, uri=bool(mode))
    connection.row_factory = sqlite3.Row
    return connection


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads, whether or not others write and the folder can be written."""
    if os.access(path.parent, os.W_OK) and os.access(path, os.W_OK):
        connection = _connect(path, "mode=rw")  # with a log of its own beside other processes
        connection.execute("PRAGMA query_only = ON")
        return connection
    log, shared = (path.with_name(f"{DATABASE}-{suffix}") for suffix in ("wal", "shm"))
    if not log.exists() or not log.stat().st_size:
        return _connect(path, "immutable=1")
    if shared.exists():
        return _connect(path, "mode=ro")
    return _recovered(path, log)


def _recovered(path: Path, log: Path) -> sqlite3.Connection:
    """What a killed scan left of a log on a medium that cannot be written, read from a copy."""
    with tempfile.TemporaryDirectory() as name:
        try:
            for file in (path, log):
                shutil.copyfile(file, Path(name) / file.name)
        except OSError as error:
            raise StoreError(
                f"{path}: {error.strerror}; copy the folder to a place you can write"
            ) from None
        with closing(_connect(Path(name) / path.name)) as source:
            return _in_memory(source)


def _in_memory(source: sqlite3.Connection) -> sqlite3.Connection:
    copy = _connect(Path(":memory:"))
    source.backup(copy)
    return copy


def _up_to_date(old: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of an older database in the newest schema."""
    with closing(old):
        copy = _in_memory(old)
    migrate(copy)
    return copy
