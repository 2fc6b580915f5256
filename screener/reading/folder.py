"""Find the files of some folders and say by content what each is: DICOM, PNG, JPEG or none.

Extensions are never believed. Nothing is dropped in silence: what is skipped by name is yielded
as skipped; what is of no readable kind or cannot be opened is yielded as a refusal. Folders are
listed in one place and files looked into wherever there is time: a share answers many at once.
What is remembered grows with folders and links, not with files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from screener.digest import name_of_folder
from screener.reading.sniff import HEAD, Kind, sniff
from screener.remote import Entry, RemotePath, Status, place
from screener.study import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a folder, of which nothing is known yet but its name."""

    path: Path
    """Absolute, through the root as given; links are not resolved."""
    label: str
    """The root's name with a mark of where it really lies, and the path below it, with "/".

    Tells apart roots of one name, in one scan and over the scans of one results folder."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read."""

    path: Path
    kind: Kind
    label: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder passed over by its name or nature. Counted, not refused."""

    path: Path
    why: str


Listed = ListedFile | SkippedFile | Refusal
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
    return map(look_into, listed(roots, ours, not_yet))


def listed(
    roots: Sequence[Path], ours: Ours = none_ours, not_yet: NotYet = all_written
) -> Iterator[Listed]:
    """As :func:`walk`, with the files not yet looked into."""
    walker = _Walker(ours, not_yet)
    for root in map(_absolute, roots):
        if _is_folder(root):
            yield from walker.below(root)
        else:
            label = f"{name_of_folder(root.parent)}/{root.name}"
            yield from walker.file(_Entry(root, label, _real(root), is_link=True))


Within = os.DirEntry[str] | Entry
"""What a folder says of something in it."""
Identity = tuple[int, int] | str
"""Of a folder: device and number, or the address of one far away."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something in a folder."""

    path: Path
    label: str
    real: str
    """Where it lies when links are resolved."""
    is_link: bool
    """Or may lie elsewhere for another reason."""
    is_folder: bool = False


@dataclass(slots=True)
class _Walker:
    """Remembers the real folders it has met, and what it reached by links, over all roots."""

    ours: Ours
    not_yet: NotYet
    folders: set[Identity] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)

    def below(self, root: Path) -> Iterator[Listed]:
        """Everything below a root, depth first; no tree is too deep."""
        whole = _Entry(root, name_of_folder(root), _real(root), is_link=True, is_folder=True)
        levels = [iter([whole])]
        while levels:
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
            elif entry.is_folder:
                findings, entries = self._open(entry.path)
                yield from findings
                levels.append(_inside(entry, entries))
            else:
                yield from self.file(entry)

    def _open(self, folder: Path) -> tuple[list[Listed], list[Within]]:
        """What is to be said of a folder, and what is to be looked at in it."""
        try:
            identity = _identity(folder)
            entries = sorted(_within(folder), key=lambda entry: entry.name)
        except OSError as error:
            return [Refusal(folder, Outcome.UNREADABLE, _words(error, "folder"))], []
        if identity in self.folders:
            return [], []  # a loop of links, or overlapping roots
        self.folders.add(identity)
        skipped = self._skipped([entry.name for entry in entries])
        kept = [entry for entry in entries if entry.name and entry.name not in skipped]
        said: list[Listed] = [SkippedFile(folder / name, why) for name, why in skipped.items()]
        if not all(entry.name for entry in entries):
            why = "objects in this folder have '//' in their keys, which no path has; rename them"
            said.append(Refusal(folder, Outcome.UNREADABLE, why))
        return said, kept

    def _skipped(self, names: Sequence[str]) -> dict[str, str]:
        """What of a folder is passed over, and why."""
        skipped = {name: why for name in names if (why := _skip_by_name(name))}
        return skipped | dict.fromkeys(self.ours(names), "a result of an earlier scan")

    def file(self, entry: _Entry) -> Iterator[Listed]:
        """One file, unless it is met elsewhere, itself or through a link."""
        if entry.real in self.linked or (entry.is_link and self._is_listed(entry.real)):
            return
        if entry.is_link:
            self.linked.add(entry.real)
        if self.not_yet(entry.path):
            yield SkippedFile(entry.path, "still being written")
        else:
            yield ListedFile(entry.path, entry.label)

    def _is_listed(self, real: str) -> bool:
        """Whether a file stands in a folder that was opened, and is not passed over there."""
        path = place(real)
        try:
            if _identity(path.parent) not in self.folders:
                return False
            names = [entry.name for entry in _within(path.parent)]
        except OSError:
            return False
        if os.path.islink(real):  # noqa: PTH114 (a loop of links: looked into, it tells why)
            return False
        return path.name in names and path.name not in self._skipped(names)


def _absolute(root: Path) -> Path:
    return root if isinstance(root, RemotePath) else Path(os.path.normpath(root.absolute()))


def _real(path: Path) -> str:
    """Where something lies when links are resolved; there are none far away."""
    return str(path) if isinstance(path, RemotePath) else os.path.realpath(path)


def _identity(folder: Path) -> Identity:
    """What is the same for a folder however it is reached."""
    if isinstance(folder, RemotePath):
        return str(folder)
    status = folder.stat()
    return status.st_dev, status.st_ino


def _within(folder: Path) -> Iterable[Within]:
    return folder.entries() if isinstance(folder, RemotePath) else os.scandir(folder)


def _inside(folder: _Entry, entries: Iterable[Within]) -> Iterator[_Entry]:
    for entry in entries:
        path = folder.path / entry.name
        is_link = entry.is_symlink()
        real = os.path.realpath(path) if is_link else f"{folder.real}/{entry.name}"
        yield _Entry(path, f"{folder.label}/{entry.name}", real, is_link, _is_folder(entry))


def _is_folder(something: Path | Within) -> bool:
    with suppress(OSError):  # a link to itself: looked at as a file, it tells why
        return something.is_dir()
    return False


def _skip_by_name(name: str) -> str:
    if name.startswith("."):
        return "hidden"
    if name.upper() == "DICOMDIR":
        return "a DICOMDIR, an index of other files"
    return ""


def look_into(listed: Listed) -> Finding:
    """What a listed file is; what else was listed as it is."""
    if not isinstance(listed, ListedFile):
        return listed
    try:
        return _look_into(listed.path, listed.label)
    except OSError as error:
        return Refusal(listed.path, Outcome.UNREADABLE, _words(error, "file"))


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


def stamp(status: os.stat_result | Status) -> int:
    """A file's time of change in ns, within the 64 bits that databases keep: to the year 2262."""
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))


def _words(error: OSError, thing: str) -> str:
    """An error of the file system in words that need no errno."""
    if isinstance(error, PermissionError):
        return f"no permission to read this {thing}"
    if isinstance(error, FileNotFoundError):
        return f"this {thing} is not there, or a link to nothing"
    return f"this {thing} cannot be read: {error.strerror or 'input/output error'}"
