"""A run on one HTML page: curves, evaluation, log, data, versions and recipe."""

from __future__ import annotations

from pathlib import Path

from trainer.judging.evaluate import Comparison, Evaluation
from trainer.pages.evaluation import (
    FAILURES_FILE,
    FAILURES_SAID,
    accuracy_rows,
    captions,
    verdict,
)
from trainer.pages.page import Page
from trainer.run import Run

CURVES = (
    "Over the epochs: loss in training and on the validation split, accuracy and mean recall "
    "there, and the learning rates of the first and the last layers."
)
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
    if run_time := spent(run):
        page.text(f"Fitted in {run_time}, judging and pauses not counted.")
    if (curves := run.folder / "curves.png").is_file():
        page.figure(curves.read_bytes(), CURVES)
    for picture in sorted(run.folder.glob("lr-finder-*.png")):
        step = picture.stem.removeprefix("lr-finder-")
        page.figure(picture.read_bytes(), f"Learning rate finder of {step}: loss over the rate.")
    page.heading("Validation")
    page.table(
        ("network", "parameters", "epochs", "accuracy"), accuracy_rows([evaluation], comparison)
    )
    page.gallery(
        ((run.evaluation / f"{name}.png").read_bytes(), caption)
        for name, caption in captions(evaluation).items()
        if (run.evaluation / f"{name}.png").is_file()
    )
    page.link(f"{run.evaluation.name}/evaluation.html", "The evaluation, whole")
    page.link(f"{run.evaluation.name}/{FAILURES_FILE}", FAILURES_SAID)
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


def spent(run: Run) -> str:
    """How long the epochs of a run took, its members' included, in words; empty if unknown."""
    members = [
        Run(path.parent) for path in sorted(run.folder.glob(f"members/*/{run.times_file.name}"))
    ]
    seconds = sum(float(row["seconds"]) for each in (run, *members) for row in each.times())
    if not seconds:
        return ""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"


def _cell(text: str) -> str:
    """A number short enough to read; other text as it is."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text.strip()
