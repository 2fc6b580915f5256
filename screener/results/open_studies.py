"""Studies of which not every radiograph is settled yet, while a scan is under way.

Holds what is known of each until the last of its radiographs has a score or a refusal, and gives it
up then. It ranks nothing and stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from screener.results.ranking import study_result
from screener.study import RadiographScore, Refusal, Study, StudyResult

Settled = RadiographScore | Refusal


@dataclass(slots=True)
class _Open:
    """A study in work."""

    study: Study
    settled: list[Settled]
    missing: int
    """Radiographs that are not settled."""


class OpenStudies:
    """The studies in work, of all that a walk has found."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[str, _Open] = {}

    def open(self, study: Study, refusals: Iterable[Refusal], known: Sequence[Settled]) -> None:
        """Take in a study with radiographs that are still to be settled.

        Args:
            study: as it was found.
            refusals: of its files, by their headers.
            known: the results of the others of its radiographs.
        """
        missing = len(study.radiographs) - len(known)
        self._open[study.key] = _Open(study, [*refusals, *known], missing)

    def settle(self, result: Settled) -> StudyResult | None:
        """Add a radiograph's result; returns the study's once it is complete."""
        key = result.study_key if isinstance(result, Refusal) else result.radiograph.study_key
        one = self._open[key]
        one.settled.append(result)
        one.missing -= 1
        if one.missing:
            return None
        del self._open[key]
        return complete(one.study, one.settled)


def complete(study: Study, settled: Iterable[Settled]) -> StudyResult:
    """A study of which everything is settled."""
    settled = list(settled)
    scores = [one for one in settled if isinstance(one, RadiographScore)]
    return study_result(study, scores, [one for one in settled if isinstance(one, Refusal)])
