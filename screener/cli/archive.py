"""``screener scan --dicomweb``: the radiographs of an archive, in rounds of what a cache holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screener import console
from screener.cli import options
from screener.errors import ConfigurationError, NothingFoundError, StoreNotFoundError
from screener.events import StudiesFetched
from screener.results.files import DATABASE
from screener.text import plural, visible

if TYPE_CHECKING:
    from screener.cli.progress import Show
    from screener.pacs.fetching import Cache

MOST_TOLD = 20
"""Missing objects that are told one by one; the others are counted."""


@dataclass
class Rounds:
    """Folders to scan, each time as many studies as the cache holds."""

    url: str
    query: str
    """Attributes of studies, as typed."""
    cache: Path
    megabytes: int
    """That may stay in the cache between two rounds."""
    results: Path
    """Whose ranking says what stays longest."""
    show: Show
    stop: Callable[[], bool]
    missing: int = 0
    """Objects that the archive has and did not give."""

    def __iter__(self) -> Iterator[tuple[Path, ...]]:
        """Fetch, and let scan what is there before going on.

        Raises:
            ConfigurationError: the address or the query is wrong, or the cache cannot be used.
            AnswerError: the archive refuses or is gone.
        """
        from screener import pacs

        pacs.check_web()
        from screener.pacs import web
        from screener.pacs.fetching import Cache, fetch

        is_empty = True
        client = web.connected(self.url)
        wanted = web.studies(client, web.parsed_query(self.query))
        cache = _made(self.cache, lambda: Cache(self.cache, self.megabytes << 20))
        for fetched in fetch(client, wanted, cache, self._say, self.stop):
            self.show(StudiesFetched(fetched.studies, fetched.of, self.missing))
            if fetched.ready:
                is_empty = False
                yield tuple(study.folder for study in fetched.ready)
            if self.stop():
                return
            for study in fetched.ready:
                cache.spool.done(study)
            if cache.is_full():
                self._make_room(cache)
        if is_empty and not (self.results / DATABASE).exists():
            raise NothingFoundError(f"{web.shown(self.url)}: no radiograph answers the query")
        if self.missing:
            missing = plural(self.missing, "object")
            console.note(f"{missing} of the archive missing; the same command asks again")

    def _make_room(self, cache: Cache) -> None:
        emptied = cache.make_room(_last_first(self.results))
        console.note(
            f"the cache is full: the pictures of {plural(emptied, 'study', 'studies')} at the end "
            "of the ranking were removed; --cache-size keeps more"
        )

    def _say(self, words: str) -> None:
        self.missing += 1
        if self.missing <= MOST_TOLD:
            console.note(visible(words))


def _made(folder: Path, make: Callable[[], Cache]) -> Cache:
    try:
        return make()
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}; give another --cache") from None


def _last_first(results: Path) -> list[Path]:
    """Folders of the studies, from the end of the ranking on."""
    try:
        with options.opened(results) as worklist:
            keys = [row.key for row in worklist.rows()]
            found = [path.parent for key in keys for path in worklist.files_of(key)]
    except StoreNotFoundError:
        return []
    return list(reversed(dict.fromkeys(found)))
