"""``trainer evaluate``: what weights reach on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer.cli.progress import progress_bar

if TYPE_CHECKING:
    from trainer.evaluate import Evaluation
    from trainer.manifest import Entry
    from trainer.predict import Predictions

SPLITS = ("test", "val", "train")
_FOLDER = click.Path(file_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, path_type=Path)


@click.command("evaluate")
@click.argument("weights", type=_EXISTING)
@click.option(
    "--data",
    "data",
    type=_EXISTING,
    multiple=True,
    required=True,
    help="A manifest or its folder; may be given several times.",
)
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True)
@click.option(
    "--also", type=_EXISTING, multiple=True, help="Other weights to put beside, on the same images."
)
@click.option("--aux", is_flag=True, help="Score images of other labels too, and show their calls.")
@click.option(
    "--fraction",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 0.5),
    help="Of the training patients, as validation where a manifest has none.",
)
@click.option("--seed", default=0, show_default=True, help="Of that validation split.")
@click.option("-o", "--output", type=_FOLDER, default=Path("evaluation"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def command(
    weights: Path,
    data: tuple[Path, ...],
    split: str,
    also: tuple[Path, ...],
    aux: bool,
    fraction: float,
    seed: int,
    output: Path,
    as_json: bool,
) -> None:
    """Judge WEIGHTS, a folder made by 'trainer export', on one split of labelled images.

    Writes tables, curves and calibration with 95 % intervals as HTML, PNG, JSON and CSV, beside
    what the image source and the outer frame of the image alone would reach.
    """
    from trainer import evaluation_page
    from trainer.evaluate import called, compare
    from trainer.manifest import read_manifests, with_validation

    entries = with_validation(read_manifests(data), fraction, seed)
    evaluation, predictions = _evaluate(weights, entries, split)
    evaluations = [evaluation, *(_evaluate(other, entries, split)[0] for other in also)]
    others = called(_score_aux(weights, entries)) if aux else None
    comparison = compare(entries, split)
    page = evaluation_page.write(output, evaluations, predictions, comparison, others)
    if as_json:
        click.echo((output / "evaluation.json").read_text(encoding="utf-8"), nl=False)
    else:
        for name, *cells in evaluation_page.accuracy_rows(evaluations, comparison):
            click.echo(f"{name:45}  {cells[-1]}")
        click.echo(f"\n{evaluation_page.verdict(evaluation, comparison)}")
    click.echo(f"{page}: everything in one page", err=True)


def _evaluate(weights: Path, entries: list[Entry], split: str) -> tuple[Evaluation, Predictions]:
    from trainer.evaluate import chosen, evaluate

    with progress_bar(len(chosen(entries, split)), weights.name) as bar:
        return evaluate(weights, entries, split, bar.update)


def _score_aux(weights: Path, entries: list[Entry]) -> Predictions:
    from trainer.manifest import select
    from trainer.predict import predict

    aux = select(entries, "aux")
    with progress_bar(len(aux), f"{weights.name}, other labels") as bar:
        return predict(weights, aux, progress=bar.update)
