"""The evaluation as a folder: one HTML page, its figures as PNG, JSON and CSV.

The page holds figures only and can be passed on; the images that were taken for another class go
into ``failures.html``, which stays on the machine that has the images.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from screener.reading.pixels import PIPELINE
from screener.study import LABEL_NAMES, LABELS, Refusal
from screener.whole import replace_file
from trainer.judging import evaluate
from trainer.judging.evaluate import CLASS_FIGURES, Comparison, Evaluation
from trainer.judging.judgement import Judgement, of_classes, truth
from trainer.judging.predict import Predictions, Square, read_squares
from trainer.pages import plots
from trainer.pages.page import Page

FAILURES = 24
FAILURES_FILE = "failures.html"
FAILURES_SAID = "The images most surely taken for another class (shows patients' images)"
_FAILURE_SIZE = 192
JUDGED = ("images", "accuracy", "balanced", "AUC COVID-19 / rest", "AUC COVID-19 / normal")
_TITLES = {"sensitivity": "Sensitivity", "ppv": "Positive predictive value", "f1": "F1 score"}


def write(
    folder: Path,
    evaluations: Sequence[Evaluation],
    predictions: Predictions,
    comparison: Comparison,
    called: dict[str, list[int]] | None = None,
) -> Path:
    """Write everything into a folder and return the page's path.

    Args:
        folder: made if it is not there.
        evaluations: of the weights in question first, then of any others on the same images.
        predictions: those of the first.
        comparison: shortcuts and published figures.
        called: what images outside the network's classes were called, if they were scored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    classed = predictions.only(of_classes(predictions.entries))
    figures = _figures(evaluations[0], classed)
    for name, (png, _) in figures.items():
        replace_file(folder / f"{name}.png", png)
    evaluate.write_json(folder / "evaluation.json", evaluations, comparison)
    evaluate.write_classes(folder / "classes.csv", evaluations)
    evaluate.write_predictions(folder / "predictions.csv", predictions)
    _failures(classed).write(folder / FAILURES_FILE)
    page = _page(evaluations, comparison, called or {}, figures.values())
    page.write(folder / "evaluation.html")
    return folder / "evaluation.html"


def _figures(evaluation: Evaluation, predictions: Predictions) -> dict[str, tuple[bytes, str]]:
    """PNG and caption of each figure by file name."""
    labels, shares = truth(predictions.entries), predictions.probabilities
    drawn = {
        "confusion": plots.confusion(evaluation.confusion),
        "roc": plots.roc(labels, shares),
        "precision-recall": plots.precision_recall(labels, shares),
        "calibration": plots.calibration(evaluation.calibration),
    }
    said = captions(evaluation)
    return {name: (png, said[name]) for name, png in drawn.items()}


def captions(evaluation: Evaluation) -> dict[str, str]:
    """What each figure of an evaluation shows, by file name."""
    fit = evaluation.calibration
    return {
        "confusion": "Confusion table: images, and their share of the true class.",
        "roc": "ROC curve of each class against the others.",
        "precision-recall": "Precision and recall of each class, average precision in brackets.",
        "calibration": f"Calibration of the suspicion score: expected error {fit.error:.3f}, "
        f"slope {_number(fit.slope)} and intercept {_number(fit.intercept)} "
        "(right: 0, 1 and 0). The area of a dot is its number of images.",
    }


def _page(
    evaluations: Sequence[Evaluation],
    comparison: Comparison,
    called: dict[str, list[int]],
    figures: Iterable[tuple[bytes, str]],
) -> Page:
    main = evaluations[0]
    where = f"{', '.join(main.data)}, split {main.split}"
    page = Page(
        f"{main.weights} on {where}", f"{main.used} images used of {main.listed} that are listed."
    )
    page.verdict(verdict(main, comparison))
    page.heading("Accuracy")
    page.table(
        ("network", "parameters", "epochs", "accuracy"),
        accuracy_rows(evaluations, comparison),
        "95 % intervals, by patient: where patients have several images, of as many images as say "
        "independently what these say. Published ones by image, as their patients are not known.",
    )
    for figure in CLASS_FIGURES:
        page.heading(f"{_TITLES[figure]} by class")
        page.table(("network", *plots.SHORT.values()), class_rows(figure, evaluations, comparison))
    page.heading("Curves")
    page.gallery(figures)
    page.link(FAILURES_FILE, FAILURES_SAID)
    page.heading("Area under the ROC curve")
    page.table(
        ("class against the others", "AUC"),
        [(LABEL_NAMES[label], area) for label, area in main.auc.items()],
        "Intervals from resampling patients with all of their images.",
    )
    by_set = sorted((*main.by_manifest, *comparison.shortcuts_by_manifest), key=lambda j: j.name)
    for title, first, groups in (
        ("What can be had without medicine", "shortcut", comparison.shortcuts),
        ("What is kept of the network's figures", "what it sees", comparison.looks),
        ("By set", "set", by_set),
        ("By source", "source", main.by_source),
        ("By view", "view", main.by_view),
    ):
        if groups:
            page.heading(title)
            page.table((first, *JUDGED), map(judgement_row, groups))
    if called:
        page.heading("What images outside the four classes were called")
        page.table(("label", *plots.SHORT.values()), _called_rows(called))
    if main.refusals:
        page.heading("Not read")
        page.table(("image",), [(refusal,) for refusal in main.refusals])
    page.heading("How this was measured")
    page.table(("fact", "value"), _facts(main))
    return page


def verdict(evaluation: Evaluation, comparison: Comparison) -> str:
    """The accuracy in one paragraph, with what it has to be read beside."""
    overall = evaluation.overall
    said = f"Accuracy {overall.accuracy.percent} over {overall.accuracy.n} images."
    if others := evaluation.used - overall.accuracy.n:
        said += f" {others} more name no class of the network; they count as not COVID-19 at most."
    floor = [f"{model.name} {model.accuracy.percent}" for model in comparison.shortcuts]
    if floor:
        said += f" Without any medicine: {'; '.join(floor)}."
    if overall.against_normal.n:
        said += f" COVID-19 against normal: AUC {overall.against_normal}"
        easy = [f"{model.name} {model.against_normal}" for model in comparison.shortcuts]
        said += f"; without medicine: {'; '.join(easy)}." if easy else "."
    if any(m.against_normal.value >= overall.against_normal.value for m in comparison.shortcuts):
        said += " A shortcut does as well, so this set cannot show that the network sees disease."
    return said


def accuracy_rows(
    evaluations: Sequence[Evaluation], comparison: Comparison
) -> list[tuple[object, ...]]:
    """The paper's Table 1 with the published and the shortcut figures below the measured ones."""
    return [
        *(
            (e.weights, f"{e.parameters / 1e6:.1f} M", e.epochs or "–", e.overall.accuracy.percent)
            for e in evaluations
        ),
        *((p.name, p.parameters, p.epochs, p.accuracy.percent) for p in comparison.published),
        *((f"shortcut: {s.name}", "–", "–", s.accuracy.percent) for s in comparison.shortcuts),
    ]


def class_rows(
    figure: str, evaluations: Sequence[Evaluation], comparison: Comparison
) -> list[tuple[str, ...]]:
    """One of the paper's Tables 2 to 4: a network a row, a class a column."""
    networks = [(e.weights, e.classes) for e in evaluations]
    networks += [(p.name, p.classes) for p in comparison.published if p.classes]
    return [
        (name, *(getattr(classes[label], figure).percent for label in LABELS))
        for name, classes in networks
    ]


def judgement_row(judged: Judgement) -> tuple[object, ...]:
    """A group, shortcut or network with its figures."""
    return (
        judged.name,
        judged.accuracy.n,
        judged.accuracy.percent,
        "–" if math.isnan(judged.balanced) else f"{100 * judged.balanced:.1f} %",
        judged.against_rest,
        judged.against_normal,
    )


def _called_rows(called: dict[str, list[int]]) -> list[tuple[object, ...]]:
    return [
        (label, *(f"{n} ({100 * n / sum(counts):.0f} %)" for n in counts))
        for label, counts in sorted(called.items())
    ]


def _facts(evaluation: Evaluation) -> list[tuple[str, object]]:
    return [
        ("weights", evaluation.weights_digest),
        ("recipe", evaluation.recipe or "–"),
        ("manifest", evaluation.manifest_digest),
        ("pixel pipeline", f"version {PIPELINE}, the screener's own"),
        ("intervals", "95 %"),
    ]


def _failures(predictions: Predictions) -> Page:
    """The images most surely taken for another class."""
    shares, labels = predictions.probabilities, truth(predictions.entries)
    guessed = shares.argmax(axis=1)
    wrong = sorted(np.flatnonzero(guessed != labels), key=lambda i: -shares[i].max())
    worst = wrong[:FAILURES]
    page = Page(
        f"Images that {predictions.card.name} {predictions.card.version} took for another class",
        f"{len(worst)} of {len(wrong)}, the surest first. Shows patients' images: leave it on "
        "the machine that has them.",
    )
    batches = read_squares([predictions.entries[i] for i in worst], _FAILURE_SIZE, FAILURES)
    squares = [square for batch in batches for _, square in batch]
    page.gallery(
        (
            (
                _thumbnail(square),
                f"{LABEL_NAMES[LABELS[labels[i]]]}, taken for {LABEL_NAMES[LABELS[guessed[i]]]} "
                f"at {shares[i].max():.2f}; {predictions.entries[i].source}",
            )
            for i, square in zip(worst, squares, strict=True)
            if not isinstance(square, Refusal)
        ),
        width="9.5rem",
    )
    return page


def _thumbnail(square: Square) -> bytes:
    out = io.BytesIO()
    Image.fromarray(square).save(out, "PNG", optimize=True)
    return out.getvalue()


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
