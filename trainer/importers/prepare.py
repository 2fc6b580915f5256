"""An import becomes a dataset: one folder with images, hashes and a manifest, checked before use.

What is wrong with a dataset is reported, never repaired: patients and pictures that are in more
than one split stay where their publishers put them.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from screener.digest import digest_of_file
from screener.errors import ConfigurationError
from trainer.importers.found import Import
from trainer.judging.audit import crossing
from trainer.judging.shortcuts import thumbnails
from trainer.judging.twins import twins
from trainer.manifest import MANIFEST_FILE, Entry, write_manifest

IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A dataset on disk."""

    manifest: Path
    entries: tuple[Entry, ...]
    expected: int
    problems: tuple[str, ...]


def prepare(imported: Import, folder: Path) -> Prepared:
    """Put an import's images and manifest into a folder, and check them.

    Images are linked where the file system can, copied otherwise; unreadable ones are left out.

    Raises:
        ConfigurationError: the folder already holds a manifest, or nothing was imported.
    """
    manifest = folder / MANIFEST_FILE
    if manifest.exists():
        raise ConfigurationError(f"{manifest}: already there; give another folder with -o")
    if not imported.entries:
        first = f"; the first problem: {imported.problems[0]}" if imported.problems else ""
        raise ConfigurationError(f"{imported.name}: no image found{first}")
    thumbs = thumbnails(imported.entries)
    folder.mkdir(parents=True, exist_ok=True)
    entries = _place(thumbs.entries, folder)
    write_manifest(manifest, entries)
    placed = replace(thumbs, entries=tuple(entries))
    problems = (
        *imported.problems,
        *(f"{refused.path.name}: left out, {refused.reason}" for refused in thumbs.refusals),
        *_crossing(entries),
        *(f"the same picture in two splits: {pair}" for pair in twins(placed) if pair.across),
    )
    return Prepared(manifest, tuple(entries), imported.expected, problems)


def _crossing(entries: Sequence[Entry]) -> list[str]:
    return [f"patient {patient}: in more than one split" for patient in crossing(entries)]


def _place(entries: Sequence[Entry], folder: Path) -> list[Entry]:
    """Link or copy every image below the folder; entries with their new place and hash."""
    taken = {_folded(entry.image.resolve()) for entry in entries}  # no image is written over
    placed = []
    for entry in entries:
        home = (folder / IMAGES / _folder_name(entry.source)).resolve()
        target = _free(home / entry.image.name, taken)
        home.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # of an earlier try, which has left no manifest
        _link(entry.image, target)
        digest = digest_of_file(target)
        image = folder / target.relative_to(folder.resolve())
        placed.append(replace(entry, image=image, sha256=digest, manifest=folder))
    return placed


def _free(wanted: Path, taken: set[str]) -> Path:
    """A path that no other image has, also where the file system knows no case; now taken."""
    numbered = (wanted.with_name(f"{wanted.stem}~{n}{wanted.suffix}") for n in count(2))
    free = next(path for path in chain([wanted], numbered) if _folded(path) not in taken)
    taken.add(_folded(free))
    return free


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _folder_name(source: str) -> str:
    """A source as the name of one folder, whatever is in it."""
    name = re.sub(r"[^\w.+ -]", "_", source)
    return name if name.strip(". ") else "_"


def _link(image: Path, target: Path) -> None:
    try:
        os.link(image.resolve(), target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(image, target)
