"""``trainer evaluate``: what weights reach on labelled images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener.console import ExitCode, end, note, say
from trainer.cli.datasets import EXISTING, judging_options, read_entries
from trainer.cli.options import check_place, device_option
from trainer.cli.progress import progress_bar

if TYPE_CHECKING:
    from trainer.judging.evaluate import Evaluation
    from trainer.judging.judgement import Judgement
    from trainer.judging.predict import Predictions
    from trainer.manifest import Entry


@click.command("evaluate")
@click.argument("weights", type=EXISTING)
@judging_options("test", "val", "train", output="evaluation")
@click.option(
    "--also", type=EXISTING, multiple=True, help="Other weights to put beside, on the same images."
)
@click.option("--lungs", is_flag=True, help="Score with lungs, and with all else, greyed as well.")
@click.option("--aux", is_flag=True, help="Score images of other labels too, and show their calls.")
@device_option
def command(
    weights: Path,
    data: tuple[Path, ...],
    split: str,
    fraction: float,
    seed: int,
    output: Path,
    as_json: bool,
    also: tuple[Path, ...],
    lungs: bool,
    aux: bool,
    device: str,
) -> None:
    """Judge WEIGHTS, a folder made by 'trainer export', on one split of labelled images.

    Writes tables, curves and calibration with 95 % intervals as HTML, PNG, JSON and CSV, beside
    what the image source and the outer frame of the image alone would reach.
    """
    from trainer.judging.evaluate import called, compare
    from trainer.pages import evaluation as evaluation_page

    check_place(output)
    entries = read_entries(data, fraction, seed)
    evaluation, predictions = _evaluate(weights, entries, split, device)
    evaluations = [evaluation, *(_evaluate(each, entries, split, device)[0] for each in also)]
    others = called(_score_aux(weights, entries, device)) if aux else {}
    comparison = compare(entries, split)
    if lungs:
        comparison = replace(comparison, looks=_look(weights, entries, split, device))
    page = evaluation_page.write(output, evaluations, predictions, comparison, others)
    if as_json:
        say((output / "evaluation.json").read_text(encoding="utf-8").rstrip())
    else:
        for name, *_, accuracy in evaluation_page.accuracy_rows(evaluations, comparison):
            say(f"{name:40}  {accuracy}")
        say(f"\n{evaluation_page.verdict(evaluation, comparison)}")
    note(f"{page}: everything on one page")
    if evaluation.refusals:
        note(f"{len(evaluation.refusals)} of {evaluation.listed} images could not be read")
        end(ExitCode.REFUSALS)


def _evaluate(
    weights: Path, entries: list[Entry], split: str, device: str
) -> tuple[Evaluation, Predictions]:
    from trainer.judging.evaluate import chosen, evaluate

    with progress_bar(len(chosen(entries, split)), weights.name) as bar:
        return evaluate(weights, entries, split, device=device, progress=bar.update)


def _look(weights: Path, entries: list[Entry], split: str, device: str) -> tuple[Judgement, ...]:
    from trainer.judging.evaluate import chosen, look

    with progress_bar(2 * len(chosen(entries, split)), f"{weights.name}, greyed") as bar:
        return look(weights, entries, split, device=device, progress=bar.update)


def _score_aux(weights: Path, entries: list[Entry], device: str) -> Predictions:
    from trainer.judging.predict import predict
    from trainer.manifest import select

    aux = select(entries, "aux")
    with progress_bar(len(aux), f"{weights.name}, other labels") as bar:
        return predict(weights, aux, device=device, progress=bar.update)
