"""What an importer hands on, and the gate every image passes: the screener's own header check.

An importer reads names and tables; it decodes nothing, changes nothing and guesses no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from screener.errors import ConfigurationError
from screener.reading import folder, header
from screener.reading.folder import FoundFile
from screener.study import Radiograph, Refusal
from trainer.manifest import Entry


@dataclass(slots=True)
class Import:
    """The entries of a dataset, their images still where they were found."""

    name: str
    expected: int
    """Images the dataset should have."""
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """One line each: a missing file, a name or label that does not fit, a refused image."""
    left_aside: dict[str, int] = field(default_factory=dict)
    """Images not asked for, such as lateral views, by the reason."""

    def leave_aside(self, reason: str) -> None:
        """Count an image that is not asked for."""
        self.left_aside[reason] = self.left_aside.get(reason, 0) + 1


def radiographs(root: Path, problems: list[str]) -> Iterator[Radiograph]:
    """The radiographs below a folder, in stable order; refusals become problems.

    A training image passes the same view and modality gate as a user's.
    """
    for finding in folder.walk([root]):
        read = header.read(finding) if isinstance(finding, FoundFile) else finding
        if isinstance(read, Refusal):
            problems.append(f"{read.path}: {read.reason}")
        elif isinstance(read, Radiograph):
            yield read


def by_name(paths: Iterable[Path], problems: list[str]) -> dict[str, Path]:
    """Files by their name; one that several files have tells none of them, and is a problem."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.name, []).append(path)
    problems += [
        f"{name}: the name of {len(same)} files ({', '.join(map(str, same))}); keep one"
        for name, same in found.items()
        if len(same) > 1
    ]
    return {name: same[0] for name, same in found.items() if len(same) == 1}


def existing(path: Path, dataset: str) -> Path:
    """A folder or file that has to be there.

    Raises:
        ConfigurationError: it is not.
    """
    if not path.exists():
        raise ConfigurationError(f"{path}: not there; is this the folder of {dataset}?")
    return path
