"""Radiographs of an archive, fetched study by study into a spool and scanned in rounds.

A spool that is full is emptied from the end of the ranking on before the next round: those studies
keep their scores, and lose their pictures. What was fetched once is not fetched again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dicomweb_client import DICOMwebClient
from pydicom import dcmwrite

from screener.pacs import web
from screener.pacs.spool import Arrived, Spool, name_of
from screener.reading import dicom
from screener.whole import replace_text

FETCHED = ".fetched"
"""In the folder of a study: names of the objects that were in it."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """How far the fetching has come."""

    studies: int
    of: int
    ready: tuple[Arrived, ...] = ()
    """What is to be scanned before going on: the spool is full, or this is all."""


class Cache:
    """The fetched radiographs of an archive, of bounded size.

    Args:
        folder: made where it is missing.
        most: bytes that stay there between two rounds; a round fetches as much again at most.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.spool = Spool(Path(os.path.abspath(folder)))  # noqa: PTH100 (as results name files)
        self._most = most
        self._size = sum(path.stat().st_size for path in self.spool.studies.glob("*/*.dcm"))

    def keep(self, content: bytes, wanted: web.Found) -> None:
        """Keep a fetched object, as :meth:`Spool.keep` does."""
        if self.spool.keep(content, wanted.study, wanted.instance):
            self._size += len(content)

    def missing(self, study: str, found: Sequence[web.Found]) -> list[web.Found]:
        """Which objects of a study to fetch: none if each was here, else those that are not now."""
        place = self.spool.place(study)
        here = _objects(place.glob("*.dcm"))
        names = {one: name_of(one.instance.encode()) for one in found}
        if set(names.values()) <= here | _names(place / FETCHED):
            return []
        return [one for one, name in names.items() if name not in here]

    def is_full(self) -> bool:
        """Whether there is more than may stay."""
        return self._size > self._most

    def size(self) -> int:
        """Bytes of all radiographs."""
        return self._size

    def make_room(self, last_first: Iterable[Path]) -> int:
        """Empty folders of studies until half of what may stay is left; how many were emptied.

        Args:
            last_first: folders of studies; those that are not of this cache are left alone.
        """
        emptied = 0
        for place in last_first:
            if self._size <= self._most / 2:
                break
            if place.parent != self.spool.studies:
                continue
            files = list(place.glob("*.dcm"))
            names = _names(place / FETCHED) | _objects(files)
            replace_text(place / FETCHED, "\n".join(sorted(names)))
            for path in files:
                self._size -= path.stat().st_size
                path.unlink()
            emptied += bool(files)
        return emptied


def _objects(files: Iterable[Path]) -> set[str]:
    """Of which objects files are; two may be of one."""
    return {path.name.partition("-")[0] for path in files}


def _names(path: Path) -> set[str]:
    return set(path.read_text(encoding="ascii").split()) if path.exists() else set()


def fetch(
    client: DICOMwebClient,
    wanted: Sequence[str],
    cache: Cache,
    say: Say,
    stop: Callable[[], bool],
) -> Iterator[Fetched]:
    """Fetch the radiographs of studies; whoever asks scans what is ready in between.

    Args:
        client: of the archive.
        wanted: UIDs of studies.
        cache: where they go; what waits there from before is ready, too.
        say: tells in a line of an object that could not be had; the others are fetched.
        stop: asked at every object.

    Raises:
        AnswerError: the archive cannot be searched, or is gone; the same call goes on from there.
        OSError: the cache has no room, or cannot be written.
    """
    yield Fetched(0, len(wanted))
    for number, study in enumerate(wanted, 1):
        for failure in _fetch_study(client, study, cache, stop):
            say(f"study {number:,} of {len(wanted):,}: an object is missing: {failure}")
        if stop():
            return
        is_due = number == len(wanted) or cache.is_full()
        ready = tuple(cache.spool.quiet(0)) if is_due else ()
        yield Fetched(number, len(wanted), ready)


def _fetch_study(
    client: DICOMwebClient, study: str, cache: Cache, stop: Callable[[], bool]
) -> Iterator[web.AnswerError]:
    """Fetch what of a study is not here; what goes wrong with one object ends no other."""
    for one in cache.missing(study, web.radiographs(client, study)):
        if stop():
            return
        try:
            cache.keep(_encoded(client, one), one)
        except web.AnswerError as error:
            if not error.status:  # nobody is there any more
                raise
            yield error


def _encoded(client: DICOMwebClient, wanted: web.Found) -> bytes:
    content = BytesIO()
    with dicom.quiet():
        dcmwrite(content, web.retrieved(client, wanted), enforce_file_format=True)
    return content.getvalue()
