"""The worklist as CSV, JSON and JSON lines: a study or a refused file at a time, in bounded memory.

Every format names each file that was not scored. Paths that are no text survive: CSV has their
bytes, JSON escapes them as Python's own ``json`` and ``os.fsencode`` read them back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from screener.marks import map_words
from screener.results import files
from screener.results.adoption import Adoption
from screener.results.files import atomically
from screener.results.said import agreement_json, entry, review
from screener.results.worklist import ALL, Filter, RadiographRow, StudyDetail, StudyRow, Worklist
from screener.study import (
    LABELS,
    RESEARCH_ONLY,
    ActivationMap,
    Band,
    Outcome,
    Refusal,
    deciding,
    is_other,
)
from screener.text import cell, json_line

SCHEMA = 1

RANKING = "ranking"
GROUPS = {
    Band.UNSCORED: "could not be scored",
    Band.WAITING: "not scored yet",
    Band.OTHER: "not a chest radiograph",
}
"""Of what is not in the ranking; the groups are never mixed."""

CSV_COLUMNS = (
    "kind",  # "study", "refusal" or "waiting"
    "rank",
    "study",
    "patient",
    "band",
    "score",
    "label",
    *LABELS,
    "taken_at",
    "age",
    "sex",
    "projections",
    "radiographs",
    "refused",
    "marks",
    "verdict",
    "own_label",
    "flagged",
    "comment",
    "reviewer",
    "reviewed_at",
    "path",  # of a study's scored radiographs, with " | " between, or of the refused file
    "outcome",
    "reason",
    "map_proof",  # of the deciding radiograph: score whole, marked tenth hidden, marks moved
    "waiting",  # how many files of a study are not scored yet
    "adopted",  # whence and when this site took its bands over; empty where they are the weights'
    "spread",  # of the deciding radiograph's score over moved views, with --tta
    "verdict_reason",
    "group",  # "ranking", "could not be scored", "not a chest radiograph", or "not scored yet"
    "gone",  # how many files of a study, or 1 for the refused file, are gone since an earlier scan
    "note",
)
"""Columns of the CSV, in a stable order: new ones will be added before ``note``."""


def write_csv(worklist: Worklist, stream: IO[bytes], wanted: Filter = ALL) -> None:
    """A header, a row for each study in order, each refused file, each not scored yet."""
    for _ in _while_writing_csv(worklist, stream, wanted):
        pass


Shown = tuple[StudyRow, Sequence[RadiographRow]]


def _while_writing_csv(worklist: Worklist, stream: IO[bytes], wanted: Filter) -> Iterator[Shown]:
    """Write a CSV, and hand on each of its studies once it is written."""
    text = io.TextIOWrapper(
        stream, encoding="utf-8", errors="surrogateescape", newline="", write_through=True
    )
    try:
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(CSV_COLUMNS)
        adopted = worklist.adoption()
        for row, radiographs in worklist.with_radiographs(wanted):
            rows.writerow(_cells(_study_cells(row, radiographs, adopted)))
            yield row, radiographs
        for refusal in worklist.refusals(since=wanted.since):
            rows.writerow(_cells(_refusal_cells("refusal", refusal)))
        for waiting in worklist.waiting(wanted.since):
            rows.writerow(_cells(_refusal_cells("waiting", waiting)))
    finally:
        text.detach()  # the stream is the caller's, and stays open whatever happened


def write_json(
    worklist: Worklist, stream: IO[bytes], wanted: Filter = ALL, *, maps: bool = False
) -> None:
    """One document: weights, counts of the whole store, studies in order, refusals, waiting.

    Args:
        worklist: of the results.
        stream: to write to.
        wanted: which studies.
        maps: give each radiograph's map as rows of numbers, and the outline of its lungs.
    """
    studies = (_study(*shown, maps=maps) for shown in worklist.with_radiographs(wanted))
    _write_document(worklist, stream, studies, wanted)


def write_json_with_reviews(worklist: Worklist, stream: IO[bytes], wanted: Filter = ALL) -> None:
    """The same document with each study's ``review``, all last entries, and agreement."""
    studies = _reviewed_studies(worklist, wanted)
    _write_document(worklist, stream, studies, wanted, agreement=agreement_json(worklist))


def write_jsonl(worklist: Worklist, stream: IO[bytes], wanted: Filter = ALL) -> None:
    """A line for the scan, each study in order with its review, each refusal, each waiting file."""
    scan = {"type": "scan", "schema": SCHEMA, **_head(worklist), "note": RESEARCH_ONLY}
    stream.write(_bytes({**scan, "agreement": agreement_json(worklist)}) + b"\n")
    for study in _reviewed_studies(worklist, wanted):
        stream.write(_bytes({"type": "study", **study}) + b"\n")
    for refusal in worklist.refusals(since=wanted.since):
        stream.write(_bytes({"type": "refusal", **_refusal(refusal)}) + b"\n")
    for waiting in worklist.waiting(wanted.since):
        stream.write(_bytes({"type": "waiting", **_refusal(waiting)}) + b"\n")


Writer = Callable[[Worklist, IO[bytes], Filter], None]

WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "json": write_json_with_reviews,
    "jsonl": write_jsonl,
}


def detail_json(detail: StudyDetail, adopted: Adoption | None = None) -> str:
    """All that is known of one study, activation maps left out.

    Args:
        detail: the study.
        adopted: what this site took over, if anything.
    """
    score = detail.row.score
    study = {
        "schema": SCHEMA,
        **_study(detail.row, detail.radiographs),
        "adopted": adopted.as_json() if adopted else None,
        "expected": None if adopted is None or score is None else adopted.expected(score),
        "alike": detail.alike.as_json() if detail.alike else None,
        "refusals": [_refusal(refusal) for refusal in detail.refusals],
        "waiting": [_refusal(waiting) for waiting in detail.waiting],
        "reviews": [entry(review) for review in detail.reviews],
        "note": RESEARCH_ONLY,
    }
    return _bytes(study).decode("utf-8")


def write_worklist(worklist: Worklist, folder: Path) -> None:
    """Write ``worklist.csv`` and ``worklist.json``, as a scan does at its end.

    Raises:
        StoreError: one of them cannot be written.
    """
    with (
        atomically(folder / files.WORKLIST_CSV) as table,
        atomically(folder / files.WORKLIST_JSON) as document,
    ):
        studies = (_study(*shown) for shown in _while_writing_csv(worklist, table, ALL))
        _write_document(worklist, document, studies, ALL)


def _write_document(
    worklist: Worklist,
    stream: IO[bytes],
    studies: Iterable[dict[str, Any]],
    wanted: Filter,
    **more: object,
) -> None:
    head = _bytes({"schema": SCHEMA, **_head(worklist), **more})
    stream.write(head[:-1] + b',\n"studies": [')
    _write_items(stream, studies)
    stream.write(b'],\n"refusals": [')
    _write_items(stream, map(_refusal, worklist.refusals(since=wanted.since)))
    stream.write(b'],\n"waiting": [')
    _write_items(stream, map(_refusal, worklist.waiting(wanted.since)))
    stream.write(b"]}\n")


def _write_items(stream: IO[bytes], items: Iterable[dict[str, Any]]) -> None:
    separator = b"\n"
    for item in items:
        stream.write(separator + _bytes(item))
        separator = b",\n"


def _bytes(value: object) -> bytes:
    """JSON in UTF-8; a byte of a path that is no text becomes the escape of its surrogate."""
    return json_line(value).encode("utf-8", "backslashreplace")


def _head(worklist: Worklist) -> dict[str, Any]:
    card = worklist.card()
    counts = worklist.counts()
    adopted = worklist.adoption()
    return {
        "weights": {"name": card.name, "digest": card.digest},
        "thresholds": card.thresholds,
        "adopted": adopted.as_json() if adopted else None,
        "counts": {
            "found": counts.found,
            "scored": counts.scored,
            "unsuitable": counts.unsuitable,
            "not_a_chest_radiograph": counts.other,
            "unreadable": counts.unreadable,
            "not_attempted": counts.not_attempted,
            "gone": counts.gone,
            "waiting": counts.waiting,
            "studies": counts.studies,
        },
    }


def _reviewed_studies(worklist: Worklist, wanted: Filter) -> Iterator[dict[str, Any]]:
    for row, radiographs in worklist.with_radiographs(wanted):
        entries = {one.reviewer: one for one in worklist.store.reviews(row.key)}
        said = {"review": review(row), "reviews": [entry(one) for one in entries.values()]}
        yield {**_study(row, radiographs), **said}


def _study(
    row: StudyRow, radiographs: Iterable[RadiographRow], *, maps: bool = False
) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "study": row.key,
        "patient": row.patient,
        "band": row.band,
        "group": GROUPS.get(row.band, RANKING),
        "reason": row.reason,
        "gone": row.gone,
        "score": row.score,
        "label": row.label,
        "probabilities": _by_label(row.probabilities),
        "marks": row.marks,
        "radiographs": [
            {
                "path": str(radiograph.path),
                "digest": radiograph.digest,
                "projection": radiograph.projection,
                "probabilities": _by_label(radiograph.probabilities),
                "spread": radiograph.spread,
                "map": map_json(radiograph.activation, whole=maps),
                "lungs": lungs_json(radiograph, whole=maps),
            }
            for radiograph in radiographs
        ],
    }


def map_json(activation: ActivationMap | None, *, whole: bool) -> dict[str, Any] | None:
    """What a map is worth, and its rows from 0 to 1 if wanted; None where there is none.

    One that was proven not to hold has no rows, so that nobody draws it.
    """
    if activation is None:
        return None
    proof = activation.proof
    measured = {**asdict(proof), "holds": proof.holds} if proof else None
    said: dict[str, Any] = {"proof": measured, "said": map_words(activation)}
    if not whole:
        return said
    if proof and not proof.holds:
        return {**said, "rows": None}
    levels = [round(value / 255, 4) for value in activation.values]
    starts = range(0, len(levels), activation.columns)
    return {**said, "rows": [levels[start : start + activation.columns] for start in starts]}


def lungs_json(radiograph: RadiographRow, *, whole: bool) -> dict[str, Any] | None:
    """How sure its lungs are, and their outline if wanted; None where they were not looked for."""
    lungs = radiograph.lungs
    if lungs is None:
        return None
    said = {"confidence": lungs.confidence, "map_inside": radiograph.map_inside}
    return {**said, "outline": lungs.polygons} if whole else said


def _by_label(probabilities: tuple[float, ...] | None) -> dict[str, float] | None:
    return dict(zip(LABELS, probabilities, strict=True)) if probabilities else None


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "path": str(refusal.path),
        "outcome": refusal.outcome,
        "reason": refusal.reason,
        "group": _group(refusal),
        "gone": refusal.gone,
    }


def _group(refusal: Refusal) -> str:
    if refusal.outcome is Outcome.WAITING:
        return GROUPS[Band.WAITING]
    return GROUPS[Band.OTHER if is_other(refusal.outcome, refusal.reason) else Band.UNSCORED]


def _study_cells(
    row: StudyRow, radiographs: Sequence[RadiographRow], adopted: Adoption | None
) -> dict[str, Any]:
    return {
        "kind": "study",
        "rank": row.rank,
        "study": row.key,
        "patient": row.patient,
        "band": row.band,
        "score": row.score,
        "label": row.label,
        **(_by_label(row.probabilities) or {}),
        "taken_at": row.taken_at.isoformat() if row.taken_at else "",
        "age": row.age,
        "sex": row.sex,
        "projections": " ".join(row.projections),
        "radiographs": row.radiographs,
        "refused": row.refused,
        "marks": "; ".join(row.marks),
        "verdict": row.verdict,
        "own_label": row.own_label,
        "flagged": "yes" if row.flagged else "",
        "comment": row.comment,
        "reviewer": row.reviewer,
        "reviewed_at": row.reviewed_at.isoformat() if row.reviewed_at else "",
        "path": " | ".join(str(radiograph.path) for radiograph in radiographs),
        "map_proof": _proof_cell(radiographs),
        "reason": row.reason,
        "waiting": row.waiting,
        "gone": row.gone or "",
        "spread": radiographs[deciding(radiographs)].spread if radiographs else None,
        "group": GROUPS.get(row.band, RANKING),
        "adopted": adopted.words if adopted else "",
        "verdict_reason": row.verdict_reason,
    }


def _proof_cell(radiographs: Sequence[RadiographRow]) -> str:
    if not radiographs:
        return ""
    activation = radiographs[deciding(radiographs)].activation
    proof = activation.proof if activation else None
    return f"{proof.whole:.4f} {proof.hidden:.4f} {proof.moved:.4f}" if proof else ""


def _refusal_cells(kind: str, refusal: Refusal) -> dict[str, Any]:
    gone = {"gone": 1 if refusal.gone else ""}
    return {"kind": kind, "study": refusal.study_key, **_refusal(refusal), **gone}


def _cells(values: dict[str, Any]) -> list[object]:
    """Cells in the order of the columns, with the warning."""
    values["note"] = RESEARCH_ONLY
    return [cell(values.get(name, "")) for name in CSV_COLUMNS]
