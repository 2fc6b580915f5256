"""Studies of which not every radiograph is settled yet, while a scan is under way.

Holds what is known of each until the last of its radiographs has a score or a refusal, and gives it
up then. It ranks nothing and stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from screener.results.ranking import study_result
from screener.study import RadiographScore, Refusal, Study, StudyResult

Settled = RadiographScore | Refusal


class OpenStudies:
    """What a walk has found, study by study."""

    def __init__(self, studies: Sequence[Study], refusals: Iterable[Refusal]) -> None:
        """Take the studies, and what was refused by its header."""
        self._studies = {study.key: study for study in studies}
        self._missing = {study.key: len(study.radiographs) for study in studies}
        self._settled: defaultdict[str, list[Settled]] = defaultdict(list)
        for refusal in refusals:
            self._settled[refusal.study_key].append(refusal)

    def settle(self, result: Settled) -> StudyResult | None:
        """Add a radiograph's result; returns the study's once it is complete."""
        key = result.study_key if isinstance(result, Refusal) else result.radiograph.study_key
        self._settled[key].append(result)
        self._missing[key] -= 1
        return None if self._missing[key] else self.result(key)

    def result(self, key: str) -> StudyResult:
        """Close a study."""
        settled = self._settled.pop(key, [])
        return study_result(
            self._studies.pop(key),
            [one for one in settled if isinstance(one, RadiographScore)],
            [one for one in settled if isinstance(one, Refusal)],
        )
