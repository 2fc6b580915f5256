"""What a recipe reaches in hospitals that it has not seen, as one page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from screener.whole import replace_text
from trainer.judging.evaluate import plain
from trainer.judging.statistics import Estimate
from trainer.judging.unseen import FIGURES_FILE, SENSITIVITIES, Figures, Fold
from trainer.pages.page import Page

SCHEMA = 1


def write(
    folder: Path,
    recipe: str,
    folds: Sequence[Fold],
    found: Sequence[Figures],
    facts: dict[str, Any],
) -> Path:
    """Write ``unseen.json`` and ``index.html`` into a folder and return the page's path.

    Args:
        folder: of the run.
        recipe: its text.
        folds: what was left out.
        found: figures of each variant.
        facts: rounds, films an epoch, manifests: what the figures depend on besides.
    """
    content = {
        "schema": SCHEMA,
        "folds": {fold.name: list(fold.sources) for fold in folds},
        "facts": facts,
        "variants": {figures.variant: document(figures) for figures in found},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace_text(folder / FIGURES_FILE, text)
    page = _page(recipe, folds, found, facts)
    page.write(folder / "index.html")
    return folder / "index.html"


def document(figures: Figures) -> dict[str, Any]:
    """The figures of one variant as what JSON can hold."""
    found: dict[str, Any] = plain(asdict(figures) | {"mean": figures.mean})
    return found


def _page(
    recipe: str, folds: Sequence[Fold], found: Sequence[Figures], facts: dict[str, Any]
) -> Page:
    page = Page("In a hospital that was not seen", "One fit for each group of sources left out.")
    best = max(found, key=lambda figures: figures.mean)
    page.verdict(
        f"{best.variant} is best: mean area {best.mean:.3f}; of all unseen COVID-19 against all "
        f"unseen normals {best.pooled}. At the score that {_aim()} of unseen COVID-19 reaches, "
        f"{best.priority['all normal'].percent} of unseen normals stand in PRIORITY."
    )
    page.heading("Area under the ROC curve, COVID-19 against normal")
    page.table(*areas(found), _note(found))
    page.heading(f"Share in PRIORITY where {_aim()} of unseen COVID-19 is")
    page.table(*shares(found), "Intervals resample patients; the threshold is drawn anew each time")
    page.heading("What was left out")
    page.table(("fold", "sources"), [(fold.name, ", ".join(fold.sources)) for fold in folds])
    page.table(("fact", "value"), list(facts.items()))
    page.heading("Recipe")
    page.code(recipe)
    return page


def _aim() -> str:
    return f"{next(iter(SENSITIVITIES.values())):.0%}"


def _note(found: Sequence[Figures]) -> str:
    controlled = found[0].controlled
    if not controlled:
        return "Intervals resample patients. Both kinds of each fold are of sources left out"
    return (
        f"Intervals resample patients. {', '.join(controlled)}: one kind only was left out, the "
        "other is a fixed control group, the validation patients of sources that were seen"
    )


def areas(found: Sequence[Figures]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows: the areas of each variant, within each fold and over all."""
    folds = list(found[0].within)
    head = ("weights", *(f"within {fold} (n)" for fold in folds), "all unseen (n)", "mean")
    rows = [
        (
            figures.variant,
            *(_with_n(figures.within[fold]) for fold in folds),
            _with_n(figures.pooled),
            f"{figures.mean:.3f}",
        )
        for figures in found
    ]
    return head, rows


def shares(found: Sequence[Figures]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows: who reaches PRIORITY, a source and label a row, the weights side by side."""
    groups = list(dict.fromkeys(group for figures in found for group in figures.priority))
    head = ("source and label", "images", *(figures.variant for figures in found))
    return head, [
        (
            group,
            str(found[0].priority[group].n),
            *(figures.priority[group].percent for figures in found),
        )
        for group in groups
    ]


def _with_n(estimate: Estimate) -> str:
    return f"{estimate} ({estimate.n})"
