"""Files that are whole or not there: a kill, or a full disk, cuts none.

The name that a file has meanwhile is the same at each try, so that no rest piles up.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """The path to write to, which takes the place of ``path`` at the end, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    yield unfinished
    os.replace(unfinished, path)  # noqa: PTH105 (the name says that it overwrites)


def replace_file(path: Path, content: bytes) -> None:
    """Write bytes whole or not at all."""
    with in_place_of(path) as unfinished:
        unfinished.write_bytes(content)


def replace_text(path: Path, text: str) -> None:
    """Write text whole or not at all, its lines as they are."""
    replace_file(path, text.encode())


def replace_rows(path: Path, rows: Iterable[Sequence[object]], end: str = "\n") -> None:
    """Write rows as CSV whole or not at all."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    replace_text(path, text.getvalue())
