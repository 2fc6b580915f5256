"""What is in some folders: walk, read headers, group. The first half of every scan.

Headers are all it reads; nothing is decoded and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from screener.events import FilesFound
from screener.reading import folder, headers
from screener.reading.decode import Limits
from screener.reading.grouping import GroupBy, Named, group, in_clear
from screener.study import MAX_PIXELS, Outcome, Radiograph, Refusal, Study

FILES_AN_EVENT = 100
"""Files between two reports of the walk."""

Reader = Callable[[Iterable[folder.Finding], Limits], Iterator[headers.Read]]


def read_here(found: Iterable[folder.Finding], limits: Limits) -> Iterator[headers.Read]:
    """Headers one after another, in this process."""
    return headers.read_all(found, limits, workers=1)


@dataclass(frozen=True, slots=True)
class Survey:
    """The studies of some folders, and the files that are refused by their headers."""

    studies: list[Study]
    refusals: list[Refusal]
    skipped: int
    """Files passed over by name."""

    @property
    def radiographs(self) -> list[Radiograph]:
        """Every radiograph that is worth decoding, in the order of the studies."""
        return [radiograph for study in self.studies for radiograph in study.radiographs]

    def without(self, refused: Mapping[str, str]) -> Survey:
        """The same with some studies refused, by their keys; the values say why."""
        studies = [study for study in self.studies if study.key not in refused]
        refusals = [
            Refusal(one.path, Outcome.UNREADABLE, refused[study.key])
            for study in self.studies
            if study.key in refused
            for one in study.radiographs
        ]
        kept = [
            replace(one, study_key="") if one.study_key in refused else one for one in self.refusals
        ]
        return Survey(studies, kept + refusals, self.skipped)

    @property
    def found(self) -> int:
        """Radiographs and refusals."""
        return sum(len(study.radiographs) for study in self.studies) + len(self.refusals)


@dataclass(slots=True)
class _Findings:
    """What the walk has come upon so far."""

    radiographs: list[Radiograph] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    skipped: int = 0

    def add(self, found: headers.Read) -> None:
        """Put what the walk found where it belongs."""
        if isinstance(found, folder.SkippedFile):
            self.skipped += 1
        elif isinstance(found, Radiograph):
            self.radiographs.append(found)
        elif isinstance(found, Refusal):
            self.refusals.append(found)

    def event(self, *, studies: int = 0, complete: bool = False) -> FilesFound:
        """How far the walk has come."""
        radiographs = len(self.radiographs)
        files = radiographs + len(self.refusals)
        return FilesFound(files, self.skipped, radiographs, studies, complete)


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
) -> Generator[FilesFound, None, Survey]:
    """Find every file, read its header and group the radiographs into studies.

    Args:
        folders: where to look.
        mode: what is one study where no header says it.
        max_pixels: most rows x columns that a header may declare.
        read: reads the headers of what the walk finds, in its order.
        ours: which names in a folder are results of an earlier scan, to be passed over.
        not_yet: which files are to be passed over this time.
        named: gives a study its key, from its UID and its person, which go no further.
        stop: asked at every file; once true, the walk ends where it is.

    Yields:
        How far it has come; the last is complete unless it was stopped.
    """
    findings = _Findings()
    limits = Limits(max_pixels=max_pixels)
    read_files = read(folder.walk(folders, ours, not_yet), limits)
    for number, found in enumerate(read_files, start=1):
        if stop():
            break
        findings.add(found)
        if number % FILES_AN_EVENT == 0:
            yield findings.event()
    grouping = group(findings.radiographs, findings.refusals, mode, named)
    if not stop():
        yield findings.event(studies=len(grouping.studies), complete=True)
    return Survey(grouping.studies, grouping.refusals, findings.skipped)
