"""Files that are whole or not there: a kill, a full disk, a lost current cut none.

The name that a file has meanwhile is the same at each try, so that no rest piles up. Knows nothing
of what is written.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def in_place_of(path: Path, name: str = "") -> Iterator[Path]:
    """The path to write to, which takes the place of ``path`` at the end, or not at all.

    Args:
        path: a link stays one, its target is replaced; a device or a pipe is written to as it is.
        name: of the file meanwhile; one that each try has in common unless given.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        yield path
        return
    meanwhile = place.with_name(name) if name else unfinished(place)
    try:
        yield meanwhile
        _settle(meanwhile)
        os.replace(meanwhile, place)  # noqa: PTH105 (the name says that it overwrites)
    finally:
        with suppress(OSError):  # nothing was made where no file can be
            meanwhile.unlink()


def unfinished(path: Path) -> Path:
    """The name that a file has until it is whole."""
    return path.with_name(path.name + ".unfinished")


def _settle(path: Path) -> None:
    """Wait until the disk has it: a name may get there before what it stands for."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write bytes whole or not at all."""
    with in_place_of(path) as meanwhile:
        meanwhile.write_bytes(content)


def replace_text(path: Path, text: str) -> None:
    """Write text whole or not at all, its lines as they are."""
    replace_file(path, text.encode())


def replace_rows(path: Path, rows: Iterable[Sequence[object]], end: str = "\n") -> None:
    """Write rows as CSV whole or not at all."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    replace_text(path, text.getvalue())
