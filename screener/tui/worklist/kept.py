"""Filters that a reader keeps: lines of a text file beside the settings, the newest last.

Knows nothing of what they mean; whoever reads one decides. Every change is a whole new file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from screener import locations
from screener.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "filters.txt"
MOST = 50
"""Lines; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class KeptFilters:
    """The kept filters of a user.

    Args:
        path: of the file, which need not exist.
    """

    path: Path

    @classmethod
    def of_user(cls) -> KeptFilters:
        """Those of whoever runs the review."""
        return cls(locations.config_dir() / FILE)

    def lines(self) -> list[str]:
        """What is kept, each once.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{self.path}: cannot be read ({error}); correct or remove it"
            ) from None
        return list(dict.fromkeys(filter(None, map(str.strip, text.splitlines()))))

    def keep(self, line: str) -> None:
        """Keep a line, as the newest.

        Raises:
            StoreError: it cannot be written.
        """
        self._write([*(one for one in self.lines() if one != line), line][-MOST:])

    def drop(self, line: str) -> None:
        """Keep a line no longer.

        Raises:
            StoreError: it cannot be written.
        """
        self._write(one for one in self.lines() if one != line)

    def _write(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        new = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(text, encoding="utf-8")
            new.replace(self.path)
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}; the filter is not kept") from None
