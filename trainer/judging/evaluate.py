"""What weights reach on a manifest: every figure with its interval, beside the shortcuts'.

The paper's Tables 1 to 4 and its Figure 4 for any weights on any labelled images. It counts each
image that was listed, and says which could not be read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screener.card import WeightsCard
from screener.errors import ConfigurationError
from screener.study import LABELS, TARGET, TARGET_LABEL
from screener.whole import replace_rows, replace_text
from trainer.judging import lungs, shortcuts, statistics
from trainer.judging.judgement import Judgement, judge, judge_by, of_classes, truth
from trainer.judging.predict import Predictions, predict
from trainer.judging.published import Published, comparable
from trainer.judging.statistics import Calibration, ClassFigures, Estimate
from trainer.judging.temperature import held_out_scores
from trainer.manifest import Entry, manifest_digest, select, speaks_of

Array = npt.NDArray[Any]

SCHEMA = 1
"""Version of the JSON's layout."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one set of weights reaches on one split."""

    weights: str
    weights_digest: str
    recipe: str
    epochs: int | None
    parameters: int
    data: tuple[str, ...]
    """Names of the manifests' folders."""
    manifest_digest: str
    split: str
    listed: int
    used: int
    refusals: tuple[str, ...]
    overall: Judgement
    confusion: Array
    """Rows the true class, columns the predicted one, in the order of LABELS."""
    classes: dict[str, ClassFigures]
    auc: dict[str, Estimate]
    """Each class against the others."""
    calibration: Calibration
    """Of the suspicion score for COVID-19; by halves where the card's temperature is of these."""
    by_manifest: tuple[Judgement, ...]
    by_source: tuple[Judgement, ...]
    by_view: tuple[Judgement, ...]


def evaluate(
    weights: Path,
    entries: Sequence[Entry],
    split: str,
    *,
    device: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[Evaluation, Predictions]:
    """Score one split of some manifests and judge the scores.

    Raises:
        ConfigurationError: the split is empty, or no image of it can be read.
        WeightsError: the weights cannot be used.
        DeviceError: the device is not on this machine.
    """
    listed = chosen(entries, split)
    predictions = predict(weights, listed, device=device, progress=progress)
    if not predictions.entries:
        raise ConfigurationError(
            f"{listed[0].image}: not one image of split {split!r} can be read; "
            f"the first: {predictions.refusals[0].reason}"
        )
    return assess(predictions, listed, split), predictions


def chosen(entries: Sequence[Entry], split: str) -> list[Entry]:
    """The entries of a split that has to be there.

    Raises:
        ConfigurationError: it is empty.
    """
    listed = select(entries, split)
    if not listed:
        present = sorted({entry.split for entry in entries})
        raise ConfigurationError(f"no image has split {split!r}; there are {', '.join(present)}")
    return listed


def assess(predictions: Predictions, listed: Sequence[Entry], split: str) -> Evaluation:
    """Everything that is to be known of scores that have been computed."""
    card, used, shares = predictions.card, predictions.entries, predictions.probabilities
    classed = predictions.only(of_classes(used))
    labels, known = truth(classed.entries), classed.probabilities
    called_as = known.argmax(axis=1)
    counts = statistics.confusion(labels, called_as, len(LABELS))
    patients = np.array([entry.person for entry in classed.entries], str)
    return Evaluation(
        weights=f"{card.name} {card.version}",
        weights_digest=card.digest,
        recipe=card.recipe,
        epochs=_epochs(card),
        parameters=predictions.parameters,
        data=tuple(sorted({entry.manifest.name for entry in listed})),
        manifest_digest=manifest_digest(listed),
        split=split,
        listed=len(listed),
        used=len(used),
        refusals=tuple(
            f"{refused.path.name}: {refused.reason}" for refused in predictions.refusals
        ),
        overall=judge("all", used, shares),
        confusion=counts,
        classes={
            label: statistics.class_figures(labels, called_as, patients, i)
            for i, label in enumerate(LABELS)
        },
        auc={
            label: statistics.auc(labels == i, known[:, i], patients.tolist())
            for i, label in enumerate(LABELS)
        },
        calibration=statistics.calibration(labels == TARGET, _calibrated(predictions, classed)),
        by_manifest=tuple(judge_by(_set_of, used, shares)),
        by_source=tuple(judge_by(lambda entry: entry.source, used, shares)),
        by_view=tuple(judge_by(lambda entry: entry.view, used, shares)),
    )


def _calibrated(predictions: Predictions, classed: Predictions) -> Array:
    """(N,) scores of images of classes; none at a temperature that was measured with them."""
    told, said = predictions.card.metrics.get("validation"), predictions.entries
    speaking = [entry for entry in said if speaks_of(entry.label, TARGET_LABEL)]
    if not isinstance(told, dict) or told.get("manifest") != manifest_digest(speaking):
        scores: Array = classed.probabilities[:, TARGET]
        return scores
    labels, people = truth(classed.entries), [entry.person for entry in classed.entries]
    return held_out_scores(classed.logits, labels, people, labels == TARGET)


def _epochs(card: WeightsCard) -> int | None:
    epochs = card.metrics.get("epochs")
    return epochs if isinstance(epochs, int) else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an accuracy is to be read beside."""

    shortcuts: tuple[Judgement, ...] = ()
    published: tuple[Published, ...] = ()
    looks: tuple[Judgement, ...] = ()
    """The network with the lungs greyed, and with all outside them greyed, where that was asked."""
    shortcuts_by_manifest: tuple[Judgement, ...] = ()
    """The same models on each manifest apart, as "manifest: model"; empty where there is one."""


def look(
    weights: Path,
    entries: Sequence[Entry],
    split: str,
    *,
    device: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[Judgement, ...]:
    """The weights with the lungs greyed, and with all outside them greyed.

    Raises:
        ConfigurationError: the split is empty.
        WeightsError: the weights, or those of the lungs, cannot be used.
    """
    found = []
    for name, change in lungs.changes().items():
        predictions = predict(
            weights, chosen(entries, split), device=device, change=change, progress=progress
        )
        found.append(judge(name, predictions.entries, predictions.probabilities))
    return tuple(found)


def compare(entries: Sequence[Entry], split: str) -> Comparison:
    """Shortcut models taught on the splits before, and published figures where there are any."""
    judged = select(entries, split)
    teach = shortcuts.thumbnails(shortcuts.teachers(entries, split))
    thumbs = shortcuts.thumbnails(judged)
    models = shortcuts.models(teach, thumbs)
    several = len({entry.manifest for entry in judged}) > 1
    return Comparison(
        shortcuts=tuple(judge(name, thumbs.entries, shares) for name, shares in models.items()),
        published=comparable(judged),
        shortcuts_by_manifest=tuple(
            replace(judged_apart, name=f"{judged_apart.name}: {name}")
            for name, shares in models.items()
            for judged_apart in judge_by(_set_of, thumbs.entries, shares)
            if several
        ),
    )


def _set_of(entry: Entry) -> str:
    return entry.manifest.name


def called(predictions: Predictions) -> dict[str, list[int]]:
    """How often each label, also one the network does not know, was called each class."""
    table: dict[str, list[int]] = {}
    for entry, index in zip(predictions.entries, predictions.logits.argmax(axis=1), strict=True):
        table.setdefault(entry.label, [0] * len(LABELS))[int(index)] += 1
    return table


def write_json(path: Path, evaluations: Sequence[Evaluation], comparison: Comparison) -> None:
    """All figures as one JSON document; what was not measured is null."""
    content = {
        "schema": SCHEMA,
        "labels": LABELS,
        "evaluations": [plain(evaluation) for evaluation in evaluations],
        **plain(comparison),
    }
    replace_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def plain(value: Any) -> Any:  # noqa: ANN401 (whatever JSON can hold)
    """Dataclasses, arrays and NaN as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_predictions(path: Path, predictions: Predictions) -> None:
    """One CSV row an image: its facts, the predicted class and every probability."""
    rows: list[list[object]] = [
        ["image", "label", "predicted", *LABELS, "patient_id", "source", "view"]
    ]
    for entry, shares in zip(predictions.entries, predictions.probabilities, strict=True):
        scores = (f"{share:.6f}" for share in shares)
        called = LABELS[int(shares.argmax())]
        facts = (entry.patient_id, entry.source, entry.view)
        rows.append([entry.image.name, entry.label, called, *scores, *facts])
    replace_rows(path, rows)


def write_classes(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """One CSV row a network, class and figure, with its interval."""
    rows: list[list[object]] = [["weights", "class", "figure", "value", "low", "high", "n"]]
    for evaluation in evaluations:
        found = [("all", "accuracy", evaluation.overall.accuracy)]
        for label, figures in evaluation.classes.items():
            found += [(label, name, getattr(figures, name)) for name in CLASS_FIGURES]
            found.append((label, "auc", evaluation.auc[label]))
        for label, name, figure in found:
            values = (f"{x:.4f}" for x in (figure.value, figure.low, figure.high))
            rows.append([evaluation.weights, label, name, *values, figure.n])
    replace_rows(path, rows)


CLASS_FIGURES = ("sensitivity", "ppv", "f1")
