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
from screener.reading.decode import Limits, bound, context
from screener.reading.folder import Finding, FoundFile
from screener.study import Outcome, Radiograph, Refusal

ALONE = 1000
"""Files that are read in this process before others are started."""
HANDFUL = 200
"""Files that a process reads at a time."""
AHEAD = 3
"""Handfuls that wait for each process."""

Read = Finding | Radiograph
"""What was found; of files to read, what their headers say."""


def read_all(findings: Iterable[Finding], limits: Limits, workers: int) -> Iterator[Read]:
    """Read the header of every file that was found, in order.

    Args:
        findings: of a walk.
        limits: most pixels that a header may declare, and memory of a process.
        workers: number of processes; with one, all is read in this one.

    Yields:
        Radiographs and refusals in the place of files; what else was found as it is.
    """
    queue = iter(findings)
    for found in queue if workers < 2 else islice(queue, ALONE):
        yield read(found, limits)
    handful = list(islice(queue, HANDFUL))
    if not handful:
        return
    settings = (limits.memory,)
    with ProcessPool(workers, initializer=bound, initargs=settings, context=context()) as pool:
        waiting: deque[tuple[list[Finding], Future[list[Read]]]] = deque()
        try:
            while handful or waiting:
                if handful:
                    waiting.append((handful, pool.schedule(read_handful, (handful, limits))))
                if len(waiting) > AHEAD * workers or not handful:
                    yield from _handed_on(*waiting.popleft(), limits, pool)
                handful = handful and list(islice(queue, HANDFUL))
        finally:
            pool.stop()  # type: ignore[no-untyped-call]


def read(found: Finding, limits: Limits) -> Read:
    """What the header of a file says, if it is one to read."""
    if isinstance(found, FoundFile):
        return header.read(found, max_pixels=limits.max_pixels)
    return found


def read_handful(handful: list[Finding], limits: Limits) -> list[Read]:
    """What the headers of some files say, one after another."""
    return [read(found, limits) for found in handful]


def ended(found: Finding) -> Refusal:
    """The refusal of a file over whose header its process died."""
    return Refusal(found.path, Outcome.UNREADABLE, "reading its header ended the process")


def _handed_on(
    handful: list[Finding], task: Future[list[Read]], limits: Limits, pool: ProcessPool
) -> Iterator[Read]:
    try:
        yield from task.result()
    except (ProcessExpired, MemoryError):
        for found in handful:
            yield _read_apart(found, limits, pool)


def _read_apart(found: Finding, limits: Limits, pool: ProcessPool) -> Read:
    task: Future[list[Read]] = pool.schedule(read_handful, ([found], limits))
    try:
        return task.result()[0]
    except (ProcessExpired, MemoryError):
        return ended(found)
