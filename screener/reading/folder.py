"""Find the files of some folders and say by content what each is: DICOM, PNG, JPEG or none.

Extensions are never believed. Nothing is dropped in silence: what is skipped by name is yielded
as skipped; what is of no readable kind or cannot be opened is yielded as a refusal.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from screener.digest import name_of_folder
from screener.reading.sniff import HEAD, Kind, sniff
from screener.study import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read."""

    path: Path
    """Absolute, through the root as given; links are not resolved."""
    kind: Kind
    label: str
    """The root's name with a mark of where it really lies, and the path below it, with "/".

    Tells apart roots of one name, in one scan and over the scans of one results folder."""
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder passed over by its name or nature. Counted, not refused."""

    path: Path
    why: str


Finding = FoundFile | SkippedFile | Refusal


Ours = Callable[[Collection[str]], Collection[str]]
"""Which of the names in one folder are results of an earlier scan."""


def none_ours(_: Collection[str]) -> Collection[str]:
    """No name is: for folders that hold no results."""
    return ()


NotYet = Callable[[Path], bool]
"""Whether a file is still being written, and to be passed over this time."""


def all_written(_: Path) -> bool:
    """No file is: for folders that nobody watches."""
    return False


def walk(
    roots: Sequence[Path], ours: Ours = none_ours, not_yet: NotYet = all_written
) -> Iterator[Finding]:
    """Find every file below some folders, each once, in the order of names.

    Args:
        roots: folders, or single files. They may overlap.
        ours: which names in a folder are results of an earlier scan, to be passed over.
        not_yet: which files are to be passed over this time.

    Yields:
        What is found: files to read, skipped ones, and refusals of what cannot be read.
    """
    walker = _Walker(ours, not_yet)
    for root in (Path(os.path.normpath(root.absolute())) for root in roots):
        if os.path.isdir(root):  # noqa: PTH112  (Path.is_dir raises where it may not look)
            yield from walker.below(root, name_of_folder(root))
        else:
            label = f"{name_of_folder(root.parent)}/{root.name}"
            yield from walker.file(root, label, os.path.realpath(root))


@dataclass(slots=True)
class _Walker:
    """Remembers the real folders and files it has met, over all roots."""

    ours: Ours
    not_yet: NotYet
    seen: set[tuple[int, int] | str] = field(default_factory=set)

    def below(self, root: Path, name: str) -> Iterator[Finding]:
        """Everything below a root, depth first; no tree is too deep."""
        waiting = [(root, name, os.path.realpath(root), True)]
        while waiting:
            path, label, real, is_folder = waiting.pop()
            if not is_folder:
                yield from self.file(path, label, real)
                continue
            findings, entries = self._open(path)
            yield from findings
            for entry in reversed(entries):
                inner = path / entry.name
                target = os.path.realpath(inner) if entry.is_symlink() else f"{real}/{entry.name}"
                waiting.append((inner, f"{label}/{entry.name}", target, _is_folder(entry)))

    def _open(self, folder: Path) -> tuple[list[Finding], list[os.DirEntry[str]]]:
        """What is to be said of a folder, and what is to be looked at in it."""
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            return [Refusal(folder, Outcome.UNREADABLE, _words(error, "folder"))], []
        if self._met((status.st_dev, status.st_ino)):  # a loop of links, or overlapping roots
            return [], []
        names = [entry.name for entry in entries]
        skipped = {name: why for name in names if (why := _skip_by_name(name))}
        skipped |= dict.fromkeys(self.ours(names), "a result of an earlier scan")
        kept = [entry for entry in entries if entry.name not in skipped]
        return [SkippedFile(folder / name, why) for name, why in skipped.items()], kept

    def file(self, path: Path, label: str, target: str) -> Iterator[Finding]:
        """One file, unless it was met before, itself or through a link."""
        if self._met(target):
            return
        if self.not_yet(path):
            yield SkippedFile(path, "still being written")
            return
        try:
            yield _look_into(path, label)
        except OSError as error:
            yield Refusal(path, Outcome.UNREADABLE, _words(error, "file"))

    def _met(self, identity: tuple[int, int] | str) -> bool:
        if identity in self.seen:
            return True
        self.seen.add(identity)
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):  # a link to itself: looked at as a file, it tells why
        return entry.is_dir()
    return False


def _skip_by_name(name: str) -> str:
    if name.startswith("."):
        return "hidden"
    if name.upper() == "DICOMDIR":
        return "a DICOMDIR, an index of other files"
    return ""


def _look_into(path: Path, label: str) -> Finding:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        return SkippedFile(path, "a device, pipe or socket")
    if status.st_size == 0:
        return Refusal(path, Outcome.UNREADABLE, "the file is empty")
    with path.open("rb", buffering=0) as file:
        kind = sniff(file.read(HEAD))
    if kind is None:
        return Refusal(path, Outcome.UNSUITABLE, "not a DICOM, PNG or JPEG file")
    return FoundFile(path, kind, label, status.st_size, stamp(status))


def stamp(status: os.stat_result) -> int:
    """A file's time of change in ns, within the 64 bits that databases keep: to the year 2262."""
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))


def _words(error: OSError, thing: str) -> str:
    """An error of the file system in words that need no errno."""
    if isinstance(error, PermissionError):
        return f"no permission to read this {thing}"
    if isinstance(error, FileNotFoundError):
        return f"this {thing} is not there, or a link to nothing"
    return f"this {thing} cannot be read: {error.strerror or 'input/output error'}"
