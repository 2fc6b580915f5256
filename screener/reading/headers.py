"""Read the headers of many files on all cores, and hand on in the order they were found.

Few files are read here: processes would take longer to start. Many are read by handfuls in worker
processes; should one of those die, the files of its handful are read one by one, so that no more
than the file that it died of is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import islice

from pebble import ProcessExpired, ProcessPool

from screener.reading import header
from screener.reading.decode import Limits, processes
from screener.reading.folder import Listed, SkippedFile, look_into
from screener.reading.gathered import Packed
from screener.study import Outcome, Radiograph, Refusal

ALONE = 1000
"""Files that are read in this process before others are started."""
HANDFUL = 200
"""Files that a process reads at a time."""
AHEAD = 3
"""Handfuls that wait for each process."""

Read = Packed | SkippedFile
"""What was found: what the headers say, packed, and what was passed over."""


def read_all(listed: Iterable[Listed], limits: Limits, workers: int) -> Iterator[Read]:
    """Look into every file that was listed and read its header, in order.

    Args:
        listed: of some folders.
        limits: most pixels that a header may declare, and memory of a process.
        workers: number of processes; with one, all is read in this one.
    """
    queue = iter(listed)
    for one in queue if workers < 2 else islice(queue, ALONE):
        yield packed(one, limits)
    handful = list(islice(queue, HANDFUL))
    if not handful:
        return
    with processes(limits, workers) as pool:
        waiting: deque[tuple[list[Listed], Future[list[Read]]]] = deque()
        try:
            while handful or waiting:
                if handful:
                    waiting.append((handful, pool.schedule(read_handful, (handful, limits))))
                if len(waiting) > AHEAD * workers or not handful:
                    yield from _handed_on(*waiting.popleft(), limits, pool)
                handful = handful and list(islice(queue, HANDFUL))
        finally:
            pool.stop()  # type: ignore[no-untyped-call]


def read(listed: Listed, limits: Limits) -> Radiograph | Refusal | SkippedFile:
    """What a listed file is, and what its header says."""
    found = look_into(listed)
    if isinstance(found, Refusal | SkippedFile):
        return found
    return header.read(found, max_pixels=limits.max_pixels)


def packed(listed: Listed, limits: Limits) -> Read:
    """The same, on its way to the studies."""
    found = read(listed, limits)
    return found if isinstance(found, SkippedFile) else Packed.of(found)


def read_handful(handful: list[Listed], limits: Limits) -> list[Read]:
    """The same of some files, one after another."""
    return [packed(one, limits) for one in handful]


def ended(listed: Listed) -> Read:
    """The refusal of a file over whose header its process died."""
    reason = "reading its header ended the process"
    return Packed.of(Refusal(listed.path, Outcome.UNREADABLE, reason))


def _handed_on(
    handful: list[Listed], task: Future[list[Read]], limits: Limits, pool: ProcessPool
) -> Iterator[Read]:
    try:
        yield from task.result()
    except (ProcessExpired, MemoryError):
        for one in handful:
            yield _read_apart(one, limits, pool)


def _read_apart(one: Listed, limits: Limits, pool: ProcessPool) -> Read:
    task: Future[list[Read]] = pool.schedule(read_handful, ([one], limits))
    try:
        return task.result()[0]
    except (ProcessExpired, MemoryError):
        return ended(one)
