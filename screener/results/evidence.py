"""What is known of a site's studies beside their scores: joins draw, findings and labels with them.

Reads the store and computes nothing. Whatever does not count in the figures is counted here: drawn
and not read, cannot tell, without a score, labels without a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from screener.errors import StoreError
from screener.results import blind
from screener.results.blind import Draw, Finding, Reading
from screener.study import RANKED, Band

if TYPE_CHECKING:
    from screener.results.labels import Labels
    from screener.results.store import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """A study of the list that has a score."""

    key: str
    patient: str
    """Pseudonym."""
    band: Band
    """Today's."""
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Judged studies of a list, and how they came to be judged."""

    source: str
    """In words: which draw or file."""
    drawn_at: datetime | None
    """None for labels."""
    drawn_from: dict[str, float]
    """Least score of the upper strata."""
    listed: tuple[Listed, ...]
    suspicious: dict[str, float]
    """By study key; halves where readers differ."""
    findings: dict[str, dict[str, bool]]
    """By reader (or file of labels) and study key; those who cannot tell left out."""
    chances: dict[str, float] = field(default_factory=dict)
    """Of being drawn, by study key; empty for labels."""
    entries: tuple[Reading, ...] = ()
    unsure: int = 0
    """Studies of which every reader says that they cannot be told."""
    unread: int = 0
    """Drawn studies that nobody judged."""
    gone: int = 0
    """Judged studies that have no score now."""
    since: int = 0
    """Studies of the list that were not there when it was drawn."""
    unmatched: tuple[str, ...] = ()
    """Rows of labels that were passed over."""

    @property
    def readers(self) -> tuple[str, ...]:
        """Who judged."""
        return tuple(sorted(self.findings))

    def strata(self) -> dict[Band, int]:
        """Studies of the list by the band they were drawn from."""
        counts = dict.fromkeys(RANKED, 0)
        for study in self.listed:
            counts[Band.of(study.score, self.drawn_from)] += 1
        return counts


def listed(store: Store) -> tuple[Listed, ...]:
    """All studies that have a score, in the order of the list."""
    return tuple(
        Listed(row["key"], row["pseudonym"], Band(row["band"]), row["score"])
        for row in store.query(
            "SELECT key, pseudonym, band, score FROM study WHERE score IS NOT NULL ORDER BY place"
        )
    )


def of_draw(store: Store, draw: Draw) -> Evidence:
    """What readers found in a draw.

    Findings that were given of its studies in another draw count too: they were as blind.

    Raises:
        StoreError: the list shows the scores of other weights than were drawn from.
    """
    run = next(store.query("SELECT weights_digest, pipeline FROM run ORDER BY id DESC LIMIT 1"))
    if tuple(run) != (draw.weights_digest, draw.pipeline):
        raise StoreError(
            f"{draw.name}: drawn from the scores of other weights or settings than the list shows; "
            "draw anew (findings of studies that are drawn again count)"
        )
    entries = tuple(entry for entry in blind.readings(store) if entry.study_key in draw.chances)
    studies = listed(store)
    told = {
        reader: {key: f is Finding.SUSPICIOUS for key, f in said.items() if f is not Finding.UNSURE}
        for reader, said in blind.standing(entries).items()
    }
    scored = {study.key for study in studies}
    seen = {key for said in blind.standing(entries).values() for key in said}
    suspicious = _shares(told)
    return Evidence(
        f"blind reading of {len(draw.chances)} studies drawn as {draw.name}",
        draw.drawn_at,
        draw.thresholds,
        studies,
        {key: share for key, share in suspicious.items() if key in scored},
        told,
        draw.chances,
        entries,
        unsure=len(seen - suspicious.keys()),
        unread=len(draw.chances.keys() - seen),
        gone=len(suspicious.keys() - scored),
        since=max(0, len(studies) - _population(draw)),
    )


def _population(draw: Draw) -> int:
    """Studies of the list when it was drawn: each drawn one stands for so many."""
    return round(sum(1 / chance for chance in draw.chances.values()))


def of_labels(store: Store, labels: Labels, today: Mapping[str, float]) -> Evidence:
    """What a file of labels says. Within a band the labelled count as drawn by lot."""
    studies = listed(store)
    scored = {study.key for study in studies}
    return Evidence(
        f"labels of {labels.name}",
        None,
        dict(today),
        studies,
        {key: float(said) for key, said in labels.suspicious.items() if key in scored},
        {labels.name: labels.suspicious},
        gone=len(labels.suspicious.keys() - scored),
        unmatched=labels.unmatched,
    )


def _shares(told: Mapping[str, Mapping[str, bool]]) -> dict[str, float]:
    """Share of the readers who call each study suspicious, of those who can tell."""
    said: dict[str, list[bool]] = {}
    for findings in told.values():
        for key, suspicious in findings.items():
            said.setdefault(key, []).append(suspicious)
    return {key: sum(answers) / len(answers) for key, answers in said.items()}
