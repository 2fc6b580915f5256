"""The audit as one table, one page and one JSON file. Shows figures and file names, no image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from screener.whole import replace_text
from trainer.judging.audit import Audit, verdict
from trainer.judging.evaluate import SCHEMA, plain
from trainer.judging.judgement import Judgement
from trainer.pages.evaluation import JUDGED, judgement_row
from trainer.pages.page import Page

LISTED = 30
"""Patients, pairs and files that are spelt out; the JSON has all."""


def write(folder: Path, found: Audit) -> Path:
    """Write ``audit.html`` and ``audit.json`` and return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"schema": SCHEMA, "verdict": verdict(found), **plain(found)}
    content["twins"] = [
        {"images": str(pair), "across": pair.across, "correlation": round(pair.correlation, 4)}
        for pair in found.twins
    ]
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    replace_text(folder / "audit.json", text)
    page(found).write(folder / "audit.html")
    return folder / "audit.html"


def rows(found: Audit) -> list[Judgement]:
    """The one table: shortcuts, then the network on whole and on changed images."""
    return [*found.shortcuts, *found.looks]


def page(found: Audit) -> Page:
    """The audit for people."""
    document = Page(
        f"Audit of {', '.join(found.data)}" + (f" and {found.weights}" if found.weights else ""),
        f"{found.listed} images, judged on split {found.split}. The outer frame is an eighth of "
        "the image on each side; the centre is all inside it.",
    )
    for sentence in verdict(found):
        document.verdict(sentence)
    document.heading("What is reached without medicine" + (", and with" if found.looks else ""))
    document.table(("model", *JUDGED), map(judgement_row, rows(found)))
    if found.left_out:
        document.heading("Leave one source out")
        document.text(
            "A linear model on 32 x 32 thumbnails of all other sources, judged on all images of "
            "the source it has not seen. The network is not retrained for this: its figures by "
            "source, below, are of sources it may have been trained on."
        )
        document.table(("source left out", *JUDGED), map(judgement_row, found.left_out))
    if found.by_source:
        document.heading(f"{found.weights} by source")
        document.table(("source", *JUDGED), map(judgement_row, found.by_source))
    across = [pair for pair in found.twins if pair.across]
    _names(document, "Patients in more than one split", found.crossing)
    _names(document, "The same picture in two splits", [str(pair) for pair in across])
    within = [str(pair) for pair in found.twins if not pair.across]
    _names(document, "The same picture twice in one split", within)
    _names(document, "Not read", found.unread)
    _names(document, "Not what the manifest's hash says", found.altered)
    return document


def _names(document: Page, title: str, names: Sequence[str]) -> None:
    if not names:
        return
    document.heading(f"{title}: {len(names)}")
    more = len(names) - LISTED
    document.text("; ".join(names[:LISTED]) + (f"; and {more} more" if more > 0 else ""))
