"""What is in some folders: walk, read headers, group. The first half of every scan.

Headers are all it reads; nothing is decoded and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path

from screener.events import FilesFound
from screener.reading import folder, headers
from screener.reading.decode import Limits
from screener.reading.gathered import Gathered
from screener.reading.grouping import GroupBy, Named, in_clear
from screener.study import MAX_PIXELS

FILES_AN_EVENT = 100
"""Files between two reports of the walk."""

Reader = Callable[[Iterable[folder.Listed], Limits], Iterator[headers.Read]]


def read_here(listed: Iterable[folder.Listed], limits: Limits) -> Iterator[headers.Read]:
    """Headers one after another, in this process."""
    return headers.read_all(listed, limits, workers=1)


def survey(
    folders: Sequence[Path],
    *,
    mode: GroupBy = GroupBy.AUTO,
    max_pixels: int = MAX_PIXELS,
    read: Reader = read_here,
    ours: folder.Ours = folder.none_ours,
    not_yet: folder.NotYet = folder.all_written,
    named: Named = in_clear,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[FilesFound, None, Gathered]:
    """Find every file, read its header and group the radiographs into studies.

    Args:
        folders: where to look.
        mode: what is one study where no header says it.
        max_pixels: most rows x columns that a header may declare.
        read: reads the headers of what is listed, in its order.
        ours: which names in a folder are results of an earlier scan, to be passed over.
        not_yet: which files are to be passed over this time.
        named: gives a study its key, from its UID and its person, which go no further.
        stop: asked at every file; once true, the walk ends where it is.

    Yields:
        How far it has come; the last is complete unless it was stopped.

    Returns:
        What was found, which the caller closes.
    """
    gathered = Gathered()
    limits = Limits(max_pixels=max_pixels)
    read_files = read(folder.listed(folders, ours, not_yet), limits)
    try:
        for number, found in enumerate(read_files, start=1):
            if stop():
                break
            if isinstance(found, folder.SkippedFile):
                gathered.skipped += 1
            else:
                gathered.add(found)
            if number % FILES_AN_EVENT == 0:
                yield _event(gathered)
        gathered.make_studies(mode, named)
        if not stop():
            yield _event(gathered, complete=True)
    except BaseException:
        gathered.close()
        raise
    return gathered


def _event(gathered: Gathered, *, complete: bool = False) -> FilesFound:
    """How far the walk has come."""
    return FilesFound(
        gathered.found,
        gathered.skipped,
        gathered.number_of_radiographs,
        gathered.number_of_studies,
        complete,
    )
