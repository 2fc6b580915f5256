"""What changes in some folders, and which of it stands still: for a scan that is never over.

Tells come from the file system through watchdog, or from looking at all of it every few seconds
where it tells nobody, as network shares do. A file has settled when its size and time of change
stand still and its header can be read; one whose header cannot is waited for longer, and then
taken all the same, so that its refusal stands in the list.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from screener.reading import headers
from screener.reading.decode import Limits
from screener.reading.folder import listed
from screener.study import Refusal

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

POLL = 10.0
"""Seconds between two looks where nothing tells of a change."""
UNREADABLE_FOR = 10
"""Times the seconds of standing still after which a file that cannot be read is taken."""

SHARES = frozenset(
    (
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3",
        "smbfs", "vboxsf", "virtiofs",
    )
)  # fmt: skip
"""File systems that do not tell here what others change in them."""
_MOUNTS = Path("/proc/self/mounts")

Say = Callable[[str], None]


@dataclass(slots=True)
class _State:
    """Of a file in motion, when it was last looked at."""

    size: int
    mtime_ns: int
    since: float
    """When it was first seen so."""


class Settling:
    """Files that came or changed, until they stand still.

    Args:
        quiet: seconds that a file must stand still.
        clock: in seconds; only goes forward.
    """

    def __init__(self, quiet: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet, self._clock = quiet, clock
        self._moving: dict[Path, _State] = {}

    def touch(self, path: Path) -> None:
        """A file came, changed or went."""
        self._moving.setdefault(path, _State(-1, -1, self._clock()))

    def is_moving(self, path: Path) -> bool:
        """Whether a file is not to be read yet."""
        return path in self._moving

    def settled(self) -> list[Path]:
        """Files that have come to stand still since the last call, or are gone."""
        now = self._clock()
        found = [path for path, state in self._moving.items() if self._stands(path, state, now)]
        for path in found:
            del self._moving[path]
        return found

    def _stands(self, path: Path, state: _State, now: float) -> bool:
        try:
            status = path.stat()
        except OSError:
            return True
        if (status.st_size, status.st_mtime_ns) != (state.size, state.mtime_ns):
            state.size, state.mtime_ns, state.since = status.st_size, status.st_mtime_ns, now
        still = now - state.since
        return still >= self._quiet and (still >= UNREADABLE_FOR * self._quiet or _parses(path))


def _parses(path: Path) -> bool:
    return not any(isinstance(headers.read(one, Limits()), Refusal) for one in listed([path]))


class Watcher:
    """Tells of changes in some folders until it is stopped.

    Args:
        folders: which are there.
        apart: a folder whose changes are our own.
        poll: seconds between two looks; None for the file system's own tells, where it has them.
        say: tells in a line why something is not as asked for.
    """

    def __init__(
        self, folders: Sequence[Path], apart: Path, *, poll: float | None, say: Say
    ) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._apart, self._poll, self._say = apart.absolute(), poll, say
        self._tells: SimpleQueue[FileSystemEvent] = SimpleQueue()
        self._disks = [_disk(folder) for folder in self._folders]
        share = next((folder for folder in self._folders if is_share(folder)), None)
        if poll is None and share:
            self._poll = POLL
            say(f"{share}: a network share tells of no change; looked at every {POLL:.0f} s")
        self._observer = self._started()

    def changed(self) -> Iterator[Path]:
        """Files that came, changed or went since the last call; one may come up twice."""
        while not self._tells.empty():
            event = self._tells.get()
            for path in (
                Path(os.fsdecode(one)) for one in (event.src_path, event.dest_path) if one
            ):
                if path != self._apart and self._apart not in path.parents:
                    yield from _files(event, path)

    def missing(self) -> Path | None:
        """A folder that is not there now, or another disk in its place; watched anew once back."""
        for folder, disk in zip(self._folders, self._disks, strict=True):
            if _disk(folder) != disk:
                self.stop()
                return folder
        if not self._observer.is_alive():
            self._observer = self._started()
        return None

    def stop(self) -> None:
        """Watch no more."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def _started(self) -> BaseObserver:
        from watchdog.observers import Observer
        from watchdog.observers.polling import PollingObserver

        if self._poll is None:
            try:
                return self._watching(Observer())
            except OSError as error:  # more folders than the system lets one user watch
                self._poll = POLL
                why = error.strerror or type(error).__name__
                self._say(f"no tells of changes ({why}); looked at every {POLL:.0f} s")
        return self._watching(PollingObserver(timeout=self._poll))

    def _watching(self, observer: BaseObserver) -> BaseObserver:
        from watchdog.events import FileSystemEventHandler

        handler = FileSystemEventHandler()
        handler.on_any_event = self._tells.put  # type: ignore[method-assign, assignment]
        for folder in self._folders:
            observer.schedule(handler, str(folder), recursive=True)
        observer.start()
        return observer


def is_share(folder: Path) -> bool:
    """Whether a folder lies on a network share, as far as this system says it."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    real = Path(os.path.realpath(folder))
    mounts = [
        (Path(where.replace("\\040", " ")), kind) for _, where, kind, *_ in map(str.split, lines)
    ]
    holding = [(where, kind) for where, kind in mounts if where == real or where in real.parents]
    return max(holding, key=lambda one: len(one[0].parts), default=(real, ""))[1] in SHARES


def _disk(folder: Path) -> int | None:
    """The device that a folder is on; a share that is gone leaves an empty folder of another."""
    try:
        return folder.stat().st_dev
    except OSError:
        return None


def _files(event: FileSystemEvent, path: Path) -> Iterable[Path]:
    """The files that a tell is of. One about a folder's list says nothing of its files."""
    if event.event_type not in ("created", "modified", "moved", "closed", "deleted"):
        return ()
    if not event.is_directory or event.event_type == "deleted":
        return (path,)
    if event.event_type == "modified":
        return ()
    return [Path(place, name) for place, _, names in os.walk(path) for name in names]
