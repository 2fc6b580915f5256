"""Rows of the worklist by index, a page at a time, so that 100,000 studies cost no more than 100.

Holds a bounded number of pages. Knows nothing of SQL or widgets.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = TypeVar("Row")


class Pages(Generic[Row]):
    """A sequence that is fetched as it is looked at.

    Args:
        fetch: Called with (offset, limit); gives the rows there are.
        size: Rows a page.
        keep: Pages kept; the one used longest ago goes first.
    """

    def __init__(
        self, fetch: Callable[[int, int], Sequence[Row]], *, size: int = 64, keep: int = 16
    ) -> None:
        self._fetch = fetch
        self._size = size
        self._keep = keep
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def get(self, index: int) -> Row | None:
        """The row at an index, or None where there is none (any more)."""
        if index < 0:
            return None
        number, place = divmod(index, self._size)
        page = self._page(number)
        return page[place] if place < len(page) else None

    def clear(self) -> None:
        """Forget everything fetched; the store has changed."""
        self._pages.clear()

    def _page(self, number: int) -> Sequence[Row]:
        if number in self._pages:
            self._pages.move_to_end(number)
            return self._pages[number]
        page = self._pages[number] = self._fetch(number * self._size, self._size)
        if len(self._pages) > self._keep:
            self._pages.popitem(last=False)
        return page
