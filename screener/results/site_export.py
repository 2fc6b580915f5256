"""A site's own figures as lines for a person, as JSON and as CSV. Every figure with interval and n.

The words of the lines and of the page are here once, so that they cannot differ.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

from screener.results.blind import standing
from screener.results.resampling import Figure
from screener.results.site import Site
from screener.study import RESEARCH_ONLY, Band
from screener.text import cell, visible

SCHEMA = 1
COLUMNS = (
    "kind",  # "figure", "study" or "unmatched"
    "figure",
    "band",
    "threshold",
    "value",
    "low",
    "high",
    "n",
    "study",
    "patient",
    "score",
    "drawn_from",  # the band a study was drawn from
    "chance",
    "weight",
    "suspicious",  # 1 or 0; between where readers differ
    "reader",
    "finding",
    "comment",
    "reviewed_at",
    "note",
)


def percent(figure: Figure) -> str:
    """A share as "87 % (71 to 95), n 43"; what is not known is said so."""
    if figure.value is None or figure.low is None or figure.high is None:
        return f"not known, n {figure.n}"
    return (
        f"{100 * figure.value:.0f} % ({100 * figure.low:.0f} to {100 * figure.high:.0f}), "
        f"n {figure.n}"
    )


def plain_number(figure: Figure, digits: int = 2) -> str:
    """A figure as "0.87 (0.80 to 0.93), n 200"."""
    if figure.value is None or figure.low is None or figure.high is None:
        return f"not known, n {figure.n}"
    low, high = f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"
    return f"{figure.value:.{digits}f} ({low} to {high}), n {figure.n}"


def remarks(found: Site) -> Iterator[str]:
    """What a reader of the figures must know of how they came about, a sentence each."""
    evidence, figures = found.evidence, found.figures
    if evidence.drawn_at is None:
        yield (
            "Labels come from whoever was tested, not from a draw: the figures hold only if in "
            "each band the tested are like the others."
        )
    yield (
        f"{figures.judged} of {figures.studies} studies judged, of {figures.patients} patients, "
        f"by {', '.join(map(visible, evidence.readers)) or 'nobody'}."
    )
    if figures.blank:
        yield (f"No study of {' and '.join(figures.blank)} is judged: what needs it is not known.")
    counts = (
        (evidence.unread, "drawn and not read yet; as good as left out by lot"),
        (evidence.unsure, "cannot be told by any reader, left out"),
        (evidence.gone, "judged and without a score now, left out"),
        (evidence.since, "came since the draw and had no chance; enlarge it to give them one"),
        (len(evidence.unmatched), "rows of labels that fit no study, left out"),
    )
    yield from (f"{number} {words}." for number, words in counts if number)
    yield (
        "Intervals are 95 %, for patients like those of this list; a bootstrap by patient, with "
        "half a study of either kind in each part of the list besides."
    )


def narrowing_words(found: Site) -> Iterator[str]:
    """What sample would narrow the intervals, a sentence each."""
    for narrowing in found.narrowings:
        if not narrowing.more:
            yield f"{narrowing.figure}: no study is left to read that would narrow it."
            continue
        more = " and ".join(f"{number} from {band}" for band, number in narrowing.more.items())
        effect = (
            "about halve the interval"
            if narrowing.factor <= 0.55
            else f"leave {100 * narrowing.factor:.0f} % of the interval"
        )
        yield f"{narrowing.figure} from ELEVATED up: {more} more would {effect}."


def band_rows(found: Site) -> list[tuple[str, ...]]:
    """Of each band: studies, judged, suspicious share, number in the list."""
    return [
        (b.band, str(b.studies), str(b.judged), percent(b.share), plain_number(b.number, 0))
        for b in found.figures.bands
    ]


BAND_TITLES = ("band", "studies", "judged", "a reader calls suspicious", "in the whole list")


def threshold_rows(found: Site) -> list[tuple[str, ...]]:
    """Of each threshold: what it does."""
    return [
        (
            f"{row.threshold:.3f}" + (f" {row.name}" if row.name else ""),
            str(row.above),
            *(percent(f) for f in (row.sensitivity, row.specificity, row.ppv, row.npv)),
        )
        for row in found.figures.thresholds
    ]


THRESHOLD_TITLES = ("score from", "studies", "sensitivity", "specificity", "PPV", "NPV")


def calibration_rows(found: Site) -> list[tuple[str, ...]]:
    """Of each interval of the score: what was said and what came."""
    return [
        (
            f"{b.least:.2f} to {b.below:.2f}",
            str(b.studies),
            f"{b.mean:.2f}",
            percent(b.share),
        )
        for b in found.figures.calibration
    ]


CALIBRATION_TITLES = ("score", "studies", "mean score", "suspicious")


def agreement_rows(found: Site) -> list[tuple[str, ...]]:
    """Of each two readers: how far they agree."""
    return [
        (
            f"{visible(a.first)} and {visible(a.second)}",
            f"{a.same} of {a.kappa.n}",
            plain_number(a.kappa),
        )
        for a in found.figures.agreements
    ]


AGREEMENT_TITLES = ("readers", "same", "Cohen's kappa")


def document(found: Site) -> dict[str, Any]:
    """Everything but the single studies, as JSON values."""
    evidence = found.evidence
    return {
        "schema": SCHEMA,
        "source": evidence.source,
        "drawn_at": evidence.drawn_at.isoformat() if evidence.drawn_at else None,
        "readers": list(evidence.readers),
        "thresholds": found.today,
        "adopted": adopted_json(found),
        "unread": evidence.unread,
        "unsure": evidence.unsure,
        "gone": evidence.gone,
        "since": evidence.since,
        "unmatched": list(evidence.unmatched),
        "figures": asdict(found.figures),
        "narrowing": [asdict(narrowing) for narrowing in found.narrowings],
        "remarks": list(remarks(found)),
        "note": RESEARCH_ONLY,
    }


def adopted_json(found: Site) -> dict[str, Any] | None:
    """What is taken over, as JSON values."""
    return found.adopted.as_json() if found.adopted else None


def write_csv(found: Site, stream: IO[bytes]) -> None:
    """Every figure, every judged or drawn study, every row that was passed over."""
    text = io.TextIOWrapper(
        stream, encoding="utf-8", errors="backslashreplace", newline="", write_through=True
    )
    try:
        rows = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
        rows.writeheader()
        for row in (*_figures(found), *_studies(found), *_unmatched(found)):
            rows.writerow({name: cell(value) for name, value in row.items()})
    finally:
        text.detach()


def _row(name: str, figure: Figure, **where: object) -> dict[str, object]:
    return {
        "kind": "figure",
        "figure": name,
        **where,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "n": figure.n,
        "note": RESEARCH_ONLY,
    }


def _figures(found: Site) -> Iterator[dict[str, object]]:
    figures = found.figures
    for band in figures.bands:
        yield _row("suspicious share", band.share, band=band.band)
        yield _row("suspicious studies", band.number, band=band.band)
    for row in figures.thresholds:
        for name in ("sensitivity", "specificity", "ppv", "npv"):
            yield _row(name, getattr(row, name), band=row.name, threshold=row.threshold)
    for part in figures.calibration:
        name = f"suspicious share of scores from {part.least:g} to {part.below:g}"
        yield _row(name, part.share, threshold=part.least)
    yield _row("prevalence", figures.prevalence)
    yield _row("auc", figures.auc)
    yield _row("intercept", figures.intercept)
    for pair in figures.agreements:
        yield _row(f"kappa of {pair.first} and {pair.second}", pair.kappa)


def _studies(found: Site) -> Iterator[dict[str, object]]:
    evidence = found.evidence
    said = standing(evidence.entries)
    last = {(e.study_key, e.reviewer): e for e in evidence.entries}
    for study in evidence.listed:
        chance = evidence.chances.get(study.key)
        if study.key not in evidence.suspicious and chance is None:
            continue
        facts: dict[str, object] = {
            "kind": "study",
            "study": study.key,
            "patient": study.patient,
            "band": study.band.value,
            "score": study.score,
            "drawn_from": Band.of(study.score, evidence.drawn_from).value,
            "chance": chance,
            "weight": 1 / chance if chance else None,
            "suspicious": evidence.suspicious.get(study.key),
            "note": RESEARCH_ONLY,
        }
        readers = [reader for reader in said if study.key in said[reader]]
        if not readers:
            yield facts
        for reader in readers:
            entry = last[study.key, reader]
            yield {
                **facts,
                "reader": reader,
                "finding": said[reader][study.key].value,
                "comment": entry.comment,
                "reviewed_at": entry.reviewed_at.isoformat(),
            }


def _unmatched(found: Site) -> Iterator[dict[str, object]]:
    for row in found.evidence.unmatched:
        yield {"kind": "unmatched", "comment": row, "note": RESEARCH_ONLY}
