"""What a reader keeps for again: lines of a text file beside the settings, the newest last.

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

MOST = 50
"""Lines; the oldest goes first."""
USUAL_REASONS = (
    "another disease explains it",
    "old or chronic change",
    "poor film: rotation, breath or exposure",
    "device, dressing or marker",
    "too subtle for the network",
    "better seen on another view",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept lines of a user.

    Args:
        path: of the file, which need not exist.
        usual: what there is as long as it does not.
    """

    path: Path
    usual: tuple[str, ...] = ()

    @classmethod
    def filters(cls) -> Kept:
        """Filters of the worklist."""
        return cls(locations.config_dir() / "filters.txt")

    @classmethod
    def reasons(cls) -> Kept:
        """Reasons of verdicts."""
        return cls(locations.config_dir() / "reasons.txt", USUAL_REASONS)

    def lines(self) -> list[str]:
        """What is kept, each once.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return list(self.usual)
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
            raise StoreError(f"{self.path}: {error.strerror}; the line is not kept") from None
