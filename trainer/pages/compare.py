"""Several runs beside each other: what they reached, how, and in what their recipes differ.

All figures are of the validation split, which is of the sources that a run learnt from: which
recipe to take is for ``trainer unseen`` to say.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from screener.card import parse
from screener.errors import ConfigurationError
from trainer.pages.card import NO_EVALUATION, no_evaluation
from trainer.pages.page import Page
from trainer.pages.run import spent
from trainer.run import Run

HEAD = (
    "run", "recipe", "epochs", "run time", "images judged", "accuracy",
    "AUC, COVID-19 against rest", "AUC, COVID-19 against normal",
)  # fmt: skip
SEEN = (
    "Of the validation split, from sources that the runs learnt from: they say nothing of other "
    "hospitals. Which recipe to take there is for 'trainer unseen' to say."
)
CURVES = "Loss on the validation split over the epochs of each run."
COLOURS = ("#1f4e79", "#b3541e", "#228833", "#7a3b8f", "#8a94a3", "#ccaa22")
DASHES = ("-", "--", "-.", ":")


def write(runs: Sequence[Run], path: Path) -> Path:
    """Write one page of several runs and return its path.

    Raises:
        ConfigurationError: a run is not finished, or is judged on other images than the first.
    """
    judged = {_name(run, runs): _evaluation(run) for run in runs}
    _check_same(judged)
    page = Page("Runs beside each other", ", ".join(judged))
    page.verdict(SEEN)
    page.table(HEAD, (_row(name, run, judged[name]) for name, run in _named(runs)))
    page.figure(_curves(runs), CURVES)
    page.heading("In what their recipes differ")
    recipes = {name: _settings(run) for name, run in _named(runs)}
    rows = list(differences(recipes))
    if rows:
        page.table(("setting", *recipes), rows)
    else:
        page.text("In nothing.")
    page.write(path)
    return path


def differences(recipes: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    """Each setting that is not the same in all recipes, with what it is in each."""
    for setting in dict.fromkeys(key for recipe in recipes.values() for key in recipe):
        values = [recipe.get(setting, "–") for recipe in recipes.values()]
        if len(set(values)) > 1:
            yield setting, *values


def _named(runs: Sequence[Run]) -> Iterator[tuple[str, Run]]:
    return ((_name(run, runs), run) for run in runs)


def _name(run: Run, runs: Sequence[Run]) -> str:
    """The folder's name, or its path where two have one name."""
    alike = sum(other.folder.name == run.folder.name for other in runs)
    return run.folder.name if alike == 1 else str(run.folder)


def _evaluation(run: Run) -> dict[str, Any]:
    run.recipe()
    path = run.evaluation / "evaluation.json"
    try:
        found: dict[str, Any] = parse(path.read_text(encoding="utf-8"))["evaluations"][0]
        found["manifest_digest"], _judged(found)  # all that is made of it is there
    except FileNotFoundError:
        raise ConfigurationError(
            f"{run.folder}: not finished; go on with 'trainer fit --resume {run.folder}'"
        ) from None
    except NO_EVALUATION as error:
        raise no_evaluation(path, error) from None
    return found


def _check_same(judged: Mapping[str, Mapping[str, Any]]) -> None:
    """Figures of other images are not set beside each other."""
    (first, of), *others = ((name, found["manifest_digest"]) for name, found in judged.items())
    for name, digest in others:
        if digest != of:
            raise ConfigurationError(
                f"{name}: judged on other images than {first}; judge both on the same with "
                "'trainer evaluate'"
            )


def _row(name: str, run: Run, found: Mapping[str, Any]) -> tuple[object, ...]:
    return (name, run.recipe().name, len(run.log()), spent(run) or "–", *_judged(found))


def _judged(found: Mapping[str, Any]) -> tuple[object, ...]:
    overall = found["overall"]
    return (
        found["used"],
        _measured(overall["accuracy"], 100, " %"),
        _measured(overall["against_rest"]),
        _measured(overall["against_normal"]),
    )


def _measured(figure: Mapping[str, Any], scale: int = 1, unit: str = "") -> str:
    if figure["value"] is None:
        return "–"
    digits = 1 if scale > 1 else 3
    value, low, high = (scale * (figure[key] or 0.0) for key in ("value", "low", "high"))
    return f"{value:.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})"


def _settings(run: Run) -> dict[str, str]:
    content = tomllib.loads(run.recipe_file.read_text(encoding="utf-8"))
    return dict(_flat(content, ""))


def _flat(content: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Settings by their paths; parts of a list are named by their own name."""
    for key, value in content.items():
        where = f"{path}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{where}.")
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for number, part in enumerate(value):
                yield from _flat(part, f"{part.get('name', number)}.")
        else:
            yield where, str(value)


def _curves(runs: Sequence[Run]) -> bytes:
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for number, (name, run) in enumerate(_named(runs)):
        losses = [float(row["valid_loss"]) for row in run.log()]
        axes.plot(
            range(1, len(losses) + 1), losses, label=name, marker=".",
            color=COLOURS[number % len(COLOURS)], linestyle=DASHES[number % len(DASHES)],
        )  # fmt: skip
    axes.set(xlabel="epoch", ylabel="validation loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")
    axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
    return out.getvalue()
