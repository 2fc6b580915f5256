"""Labels from outside, such as PCR results, out of a CSV and on to the studies they belong to.

A row names its study by accession number, study key, pseudonym or file. A row that fits no study,
or more than one, or says neither yes nor no, is passed over, counted and named; none is guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import ConfigurationError
from screener.results.records import path_of
from screener.text import plain

if TYPE_CHECKING:
    from screener.results.store import Store

KEYS = {
    "accession": ("accession", "accession_number", "accessionnumber"),
    "study": ("study", "study_key", "key"),
    "pseudonym": ("pseudonym", "patient"),
    "file": ("file", "path", "filename", "file_name"),
}
"""Names of the column that says which study is meant, by what it holds."""
LABELS = ("label", "result", "pcr", "suspicious", "verdict", "finding")
YES = frozenset({"1", "yes", "y", "true", "pos", "positive", "suspicious", "detected", "+"})
NO = frozenset({"0", "no", "n", "false", "neg", "negative", "not suspicious", "not detected", "-"})
LARGEST = 50_000_000
"""Bytes of a file that is still read."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file of labels says of the studies of a list."""

    name: str
    """Of the file."""
    suspicious: dict[str, bool]
    """By study key."""
    unmatched: tuple[str, ...]
    """Rows that were passed over, each with the reason."""


def read(path: Path, store: Store) -> Labels:
    """Read a file of labels.

    Raises:
        ConfigurationError: it cannot be read, or lacks a column.
    """
    known = _Known(store)
    found: dict[str, set[bool]] = {}
    unmatched = []
    for line, kind, name, said in _rows(path):
        where = f"line {line}: {name or '(empty)'}"
        answer = said.casefold()
        if answer not in YES | NO:
            unmatched.append(f"{where}: {said or 'nothing'} is neither yes nor no")
            continue
        keys = known.keys(kind, name)
        if len(keys) != 1:
            unmatched.append(f"{where}: {known.complaint(kind, len(keys))}")
            continue
        found.setdefault(keys[0], set()).add(answer in YES)
    torn = [key for key, answers in found.items() if len(answers) > 1]
    unmatched += [f"{key}: both yes and no are said of it" for key in torn]
    kept = {key: True in answers for key, answers in found.items() if key not in torn}
    return Labels(path.name, kept, tuple(unmatched))


def _rows(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """Line, kind of name, name and label of each row."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path}: too large for labels; give a CSV of two columns")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; name another file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8; save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        titles = [title.strip().casefold() for title in next(rows, [])]
        kind, name_at = _named(titles, KEYS)
        _, label_at = _named(titles, {"label": LABELS})
        if name_at is None or label_at is None:
            raise ConfigurationError(
                f"{path}: needs a first line that names its columns: {', '.join(KEYS)} for the "
                f"study, {', '.join(LABELS)} for the label"
            )
        for row in rows:
            if any(cell.strip() for cell in row):
                cells = [cell.strip() for cell in row] + [""] * len(titles)
                yield rows.line_num, kind, cells[name_at], cells[label_at]
    except csv.Error as error:
        raise ConfigurationError(f"{path}: not CSV ({error}); save it anew") from None


def _named(titles: list[str], wanted: Mapping[str, Iterable[str]]) -> tuple[str, int | None]:
    """The first kind that a column is named for, and that column."""
    for kind, names in wanted.items():
        for name in names:
            if name in titles:
                return kind, titles.index(name)
    return "", None


class _Known:
    """Studies of the results by what a row may call them."""

    def __init__(self, store: Store) -> None:
        self._by: dict[str, dict[str, set[str]]] = {kind: {} for kind in KEYS}
        for row in store.query("SELECT key, pseudonym, accession FROM study"):
            self._add("study", row["key"], row["key"])
            self._add("pseudonym", row["pseudonym"], row["key"])
            self._add("accession", row["accession"], row["key"])
        for row in store.query("SELECT path, study_key FROM file WHERE study_key <> ''"):
            path = path_of(row["path"])
            self._add("file", str(path), row["study_key"])
            self._add("file", path.name, row["study_key"])

    def _add(self, kind: str, name: str, key: str) -> None:
        if name:
            self._by[kind].setdefault(name, set()).add(key)

    def keys(self, kind: str, name: str) -> list[str]:
        """Studies of this name."""
        return sorted(self._by[kind].get(plain(name), ()))

    def complaint(self, kind: str, found: int) -> str:
        """Why a name is of no use."""
        if found:
            return f"{found} studies have this {kind}; give the study key"
        if kind == "accession" and not self._by[kind]:
            return "these results keep no accession number; scan with --identify id"
        return f"no study has this {kind}"
