"""A run on one HTML page: curves, evaluation, log, data, versions and recipe."""

from __future__ import annotations

from pathlib import Path

from trainer.judging.evaluate import Comparison, Evaluation
from trainer.pages.evaluation import accuracy_rows, verdict
from trainer.pages.page import Page
from trainer.run import Run

COLUMNS = (
    "step", "image_size", "epoch", "lr_first", "lr_last", "train_loss", "valid_loss",
    "valid_accuracy", "valid_group_recall", "images_per_second", "kept",
)  # fmt: skip


def write_run_page(run: Run, evaluation: Evaluation, comparison: Comparison) -> Path:
    """Write ``index.html`` into the run folder and return its path.

    Args:
        run: with its curves and evaluation written.
        evaluation: of the kept weights on the validation split.
        comparison: what the same images give away without medicine.
    """
    recipe, facts, log = run.recipe(), run.facts(), run.log()
    page = Page(f"Run {run.folder.name}", f"{recipe.name}, {len(log)} of {recipe.epochs} epochs")
    kept = [row for row in log if row["kept"]]
    if kept:
        page.verdict(
            f"Kept are the weights of {kept[-1]['step']}, epoch {kept[-1]['epoch']}: mean recall "
            f"{float(kept[-1]['valid_group_recall']):.3f} over the labels and sources of the "
            "validation split. Everything below is of that split; the test split was not looked at."
        )
        page.text(verdict(evaluation, comparison))
    page.heading("Curves")
    for picture in (run.folder / "curves.png", *sorted(run.folder.glob("lr-finder-*.png"))):
        if picture.is_file():
            page.figure(picture.read_bytes(), picture.stem.replace("-", " "))
    page.heading("Validation")
    page.table(
        ("network", "parameters", "epochs", "accuracy"), accuracy_rows([evaluation], comparison)
    )
    page.gallery(
        (picture.read_bytes(), picture.stem) for picture in sorted(run.evaluation.glob("*.png"))
    )
    page.heading("Log")
    heads = [column.replace("_", " ") for column in COLUMNS]
    rows = [[_cell(row.get(column, "")) for column in COLUMNS] for row in run.timed_log()]
    page.table(heads, rows, "An epoch a row; * marks the best weights so far at their image size")
    page.heading("Data and versions")
    facts_rows = [("manifests", ", ".join(Path(m).name for m in facts["manifests"]))]
    facts_rows += [("manifest digest", facts["manifest_digest"]), ("backbone", facts["backbone"])]
    page.table(("fact", "value"), [*facts_rows, *facts["versions"].items()], "What decides it")
    page.heading("Recipe")
    page.code(run.recipe_file.read_text(encoding="utf-8"))
    path = run.folder / "index.html"
    page.write(path)
    return path


def _cell(text: str) -> str:
    """A number short enough to read; other text as it is."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text.strip()
