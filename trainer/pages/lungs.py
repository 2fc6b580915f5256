"""A fit of the lungs' outline for people: one page, one model card, one JSON. Shows no film."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from screener.card import MODEL_CARD_FILE
from screener.network.lungs import LungsCard
from screener.study import RESEARCH_ONLY
from screener.whole import replace_text
from trainer.judging.evaluate import SCHEMA, plain
from trainer.judging.lungs import LungFigures
from trainer.pages.page import Page
from trainer.run import Run

HEADS = ("films of", "films", "patients", "Dice", "median", "lowest", "outline given")
_COLUMNS = ("step", "image_size", "epoch", "lr_first", "lr_last", "train_loss", "valid_loss",
            "valid_dice", "seconds")  # fmt: skip
_INTERVALS = (
    "95 % intervals; those of Dice resample patients. The two teams of annotators agree with each "
    "other at a median Dice of 0.95."
)
_LIMITS = (
    "Nearly every film it was fitted to is of an ill adult; healthy films of four other archives "
    "and of children were looked at by eye only. A lung that is white all over is outlined where "
    "it would be expected. It outlines the lungs, not disease. CT slices can be outlined with "
    "confidence: gate and guard refuse them before."
)


def rounded(found: LungFigures) -> dict[str, Any]:
    """Figures as the card keeps them."""
    kept = json.loads(json.dumps(plain(found)), parse_float=lambda text: round(float(text), 4))
    return {key: value for key, value in kept.items() if key != "name"}


def write(run: Run, card: LungsCard, judged: Sequence[LungFigures]) -> Path:
    """Write ``index.html``, ``evaluation.json`` and the model card; the page's path."""
    run.evaluation.mkdir(exist_ok=True)
    content = {"schema": SCHEMA, "weights": card.digest, "sets": plain(list(judged))}
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    replace_text(run.evaluation / "evaluation.json", text)
    replace_text(run.weights / MODEL_CARD_FILE, model_card(card, judged))
    page = Page(f"Run {run.folder.name}", f"{card.name} {card.version}: {card.recipe}")
    page.heading("Curves")
    page.figure((run.folder / "curves.png").read_bytes(), "curves")
    page.heading("Films of patients not trained on")
    page.table(HEADS, rows(judged), "95 % intervals; those of Dice resample patients")
    page.heading("Log")
    log = [
        [row[c] if c == "step" else f"{float(row[c]):.4g}" for c in _COLUMNS]
        for row in run.timed_log()
    ]
    page.table([column.replace("_", " ") for column in _COLUMNS], log, "An epoch a row")
    page.heading("Recipe")
    page.code(run.recipe_file.read_text(encoding="utf-8"))
    page.write(run.folder / "index.html")
    return run.folder / "index.html"


def rows(judged: Sequence[LungFigures]) -> list[tuple[object, ...]]:
    """A set of films a row, under HEADS."""
    return [
        (f.name, f.films, f.patients, f.dice, f"{f.median:.3f}", f"{f.lowest:.3f}", f.shown.percent)
        for f in judged
    ]


def model_card(card: LungsCard, judged: Sequence[LungFigures]) -> str:
    """The card in Markdown."""
    table = [" | ".join(str(cell) for cell in row) for row in [HEADS, *rows(judged)]]
    table.insert(1, " | ".join("---" for _ in HEADS))
    facts = {
        "architecture": card.architecture, "input": f"{card.input_size} x {card.input_size} pixels",
        "file": f"{card.size:,} bytes, {card.digest}", "recipe": card.recipe,
        "trained on": card.trained_on,
        "least confidence": f"{card.least_confidence}: {card.confidence_source}",
        "licence": card.licence,
    }  # fmt: skip
    return "\n".join(
        [f"# {card.name} {card.version}: the outline of both lungs", "", RESEARCH_ONLY, ""]
        + [f"- **{name}**: {fact}" for name, fact in facts.items()]
        + ["", "## Films of patients not trained on", ""]
        + [f"| {line} |" for line in table]
        + ["", _INTERVALS, "", "## Limits", "", _LIMITS, ""]
    )  # fmt: skip
