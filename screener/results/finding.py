"""Which study a person means: by rank, pseudonym, key or file, or the beginning of one.

Reads only. Refuses to guess: what means several studies is an error that names two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from screener.errors import StoreError
from screener.results import records
from screener.results.ranking import BEYOND_RANKS, FIRST_RANK
from screener.text import closest, plain

if TYPE_CHECKING:
    from screener.results.store import Store

RANK_DIGITS = 9
"""Of a rank, at most; what is longer is the beginning of a key."""
COMPARED = 20_000
"""Pseudonyms and files, at most, that a name which none has is compared with."""


def find(store: Store, text: str) -> str:
    """The key of the study that a text means.

    Args:
        store: the results.
        text: a rank; or a pseudonym, a key, a file's path, its name, or its last folder and name,
            or the beginning of any of these.

    Raises:
        StoreError: there is none, or more than one.
    """
    for meant in (_by_rank, _by_path, _by_key, _by_file) if text.strip("0") else ():
        keys = list(dict.fromkeys(meant(store, text)))
        if len(keys) == 1 or (keys and keys[0] == plain(text)):
            return keys[0]
        if keys:
            raise StoreError(f"{text!r}: more than one study, among them {keys[0]} and {keys[1]}")
    cure = closest(text, _names(store)) or "; give a rank, pseudonym, key or file"
    raise StoreError(f"{text!r}: no such study{cure}")


def _by_rank(store: Store, text: str) -> Iterator[str]:
    """A rank has no leading zero: what has one is the name of a file."""
    if not text.isdecimal() or len(text) > RANK_DIGITS or text.startswith("0"):
        return
    for row in store.query(
        "SELECT key FROM study WHERE place >= ? AND place < ? ORDER BY place LIMIT 1 OFFSET ?",
        (FIRST_RANK, BEYOND_RANKS, int(text) - 1),
    ):
        yield str(row["key"])


def _by_path(store: Store, text: str) -> Iterator[str]:
    sql = "SELECT study_key FROM file WHERE path = ? AND study_key <> ''"
    for row in store.query(sql, (records.path_bytes(text),)):
        yield str(row["study_key"])


def _by_key(store: Store, text: str) -> Iterator[str]:
    """Whole keys first: one may be the beginning of another."""
    for row in store.query(
        "SELECT key FROM study WHERE substr(key, 1, length(?1)) = ?1"
        " OR substr(pseudonym, 1, length(?1)) = upper(?1) ORDER BY key <> ?1, key LIMIT 3",
        (plain(text),),
    ):
        yield str(row["key"])


def _by_file(store: Store, text: str) -> list[str]:
    """The studies of files with this name, or else of those whose names begin so."""
    whole, begun = [], []
    typed = text.casefold()
    for name, key in _files(store):
        names = (name.casefold(), name.rpartition("/")[2].casefold())
        if any(typed in (one, one.rpartition(".")[0]) for one in names):
            whole.append(key)
        elif any(one.startswith(typed) for one in names):
            begun.append(key)
    return whole or begun


def _files(store: Store) -> Iterator[tuple[str, str]]:
    """The last folder and name of each file of a study, and the study's key."""
    sql = "SELECT path, study_key FROM file JOIN study ON key = study_key"
    for row in store.query(sql):
        yield "/".join(records.path_of(row["path"]).parts[-2:]), str(row["study_key"])


def _names(store: Store) -> Iterator[str]:
    """What a mistyped name may have meant."""
    for row in store.query("SELECT pseudonym FROM study LIMIT ?", (COMPARED,)):
        yield str(row["pseudonym"])
    for _, (name, _) in zip(range(COMPARED), _files(store), strict=False):
        yield name.rpartition("/")[2]
