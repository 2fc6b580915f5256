"""What is kept: the store, its read model, reviews and exports. Knows no network.

The room itself can be called: ``screener.results(folder)`` is the public way to read results. A
function of that name beside the room would be there only until something imports the room.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screener.results.reader import Results


class _Room(ModuleType):
    def __call__(self, folder: str | Path) -> Results:
        """See :func:`screener.results.reader.results`."""
        from screener.results.reader import results

        return results(folder)


sys.modules[__name__].__class__ = _Room
