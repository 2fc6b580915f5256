"""Which pictures a study has to show, and which of them first. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.study import deciding

if TYPE_CHECKING:
    from screener.results.worklist import RadiographRow, StudyDetail
    from screener.study import Refusal


def images(study: StudyDetail) -> tuple[RadiographRow | Refusal, ...]:
    """What can be looked at: scored radiographs, refused files, those not scored yet."""
    return (*study.radiographs, *study.refusals, *study.waiting)


def shown_first(study: StudyDetail) -> int:
    """The radiograph that gave the study its score; 0 where none was scored."""
    return deciding(study.radiographs) if study.radiographs else 0
