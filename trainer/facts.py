"""What a run folder tells in text, ``run.json`` and the CSV logs, believed where it can be.

A run folder lies about for months, is copied, mended by hand and cut by disks. What is not what a
run writes is told in one line, before anything is made of it. Writes nothing.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from screener.errors import ConfigurationError

CURE = "start a new run, or bring the file back"
RATES = ("paper", "auto", "ask")
"""How a fit's learning rates are chosen."""
WORDS = frozenset({"step", "kept"})
"""Columns of a log that hold words; all others hold numbers."""

Row = dict[str, str]


class Facts(dict[str, Any]):
    """Facts by name; one that is not there ends the command in one line."""

    def __init__(self, file: Path, content: Mapping[str, Any]) -> None:
        """The facts that a file held."""
        super().__init__(content)
        self.file = file

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 (never gives a value)
        """Say which fact is not there.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(f"{self.file}: lacks {name!r}; {CURE}")


def read_facts(file: Path) -> Facts:
    """The facts of a run, each of its kind.

    Raises:
        ConfigurationError: the file is not JSON, or all that is wrong with it in one line.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not a run's facts ({error}); {CURE}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file}: not a run's facts (no JSON object); {CURE}")
    wrong = [
        f"{name} must be {words}"
        for name, (good, words) in _RULES.items()
        if name in content and not good(content[name])
    ]
    if wrong:
        raise ConfigurationError(f"{file}: {'; '.join(wrong)}; {CURE}")
    return Facts(file, content)


def read_rows(file: Path) -> list[Row]:
    """The rows of a log, whose cells are numbers except for :data:`WORDS`; none without a file.

    Raises:
        ConfigurationError: it is not what a run writes.
    """
    if not file.is_file():
        return []
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream, strict=True))
        for row in rows:
            _check(row)
    except (ValueError, TypeError, csv.Error) as error:
        raise ConfigurationError(f"{file}: damaged ({error}); {CURE}") from None
    return rows


def _check(row: Row) -> None:
    """Refuse a row that no run wrote.

    Raises:
        TypeError: it has more or fewer cells than the head, or is of no step or epoch.
        ValueError: a cell that has to be a number is none.
    """
    if not {"step", "epoch"} <= row.keys() or None in row or None in row.values():
        raise TypeError("a row is not like the head")
    int(row["epoch"])
    for column, cell in row.items():
        if column not in WORDS:
            float(cell)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_rate(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value) and value > 0


def _list_of(kind: Callable[[object], bool], least: int = 0) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(kind, value))


def _table_of(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(kind, value.values()))


def _is_films(value: object) -> bool:
    """A number an epoch, as ``unseen`` has it; or those of each split, as the lungs' fit has."""
    both = isinstance(value, dict) and value.keys() == {"train", "val"}
    return _is_count(value) or (both and _table_of(_is_count)(value))


_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "manifests": (_list_of(_is_text, least=1), "a list of paths"),
    "backbone": (_is_text, "a text"),
    "lr": (lambda value: value in RATES, f"one of {', '.join(RATES)}"),
    "rates": (_table_of(_list_of(_is_rate, least=1)), "a list of rates for each step"),
    "manifest_digest": (_is_text, "a text"),
    "versions": (_table_of(_is_text), "a table of texts"),
    "teachers": (_table_of(_is_text), "a table of digests"),
    "left_out": (_list_of(_is_text), "a list of sources"),
    "groups": (_list_of(_is_text), "a list of texts"),
    "films": (_is_films, "a number, or one for train and val"),
    "rounds": (lambda value: _is_count(value) and value != 0, "a number above 0"),
}
