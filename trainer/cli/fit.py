"""``trainer fit``: a whole recipe, or the rest of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.errors import ConfigurationError
from screener.quantities import Number
from trainer.cli.options import (
    backbone_option,
    data_option,
    device_kind,
    device_option,
    recipe_argument,
    resumable,
    resumed,
    settings_option,
)
from trainer.recipe import LUNGS

if TYPE_CHECKING:
    from trainer.run import Run

SETTLED = ("recipe", "data", "folder", "overrides", "backbone", "lr")
"""What a resume cannot honour."""

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("fit")
@recipe_argument
@data_option
@click.option("--run", "folder", type=_FOLDER, help="A new folder for everything the fit makes.")
@click.option("--resume", type=_FOLDER, help="Go on with the run in this folder.")
@settings_option
@backbone_option
@click.option(
    "--lr",
    type=click.Choice(["paper", "auto", "ask"]),
    default="paper",
    show_default=True,
    help="The recipe's rates, the rate finder's, or the finder's after asking you.",
)
@device_option
@click.option(
    "--checkpoint-minutes",
    default=10.0,
    show_default=True,
    type=Number(0, 10_000),
    help="Time between checkpoints within an epoch; each epoch's end has one anyway.",
)
def command(
    recipe: str,
    data: tuple[Path, ...],
    folder: Path | None,
    resume: Path | None,
    overrides: tuple[str, ...],
    backbone: str,
    lr: str,
    device: str,
    checkpoint_minutes: float,
) -> None:
    """Fit RECIPE, a name or a TOML file, to the images of one or more manifests.

    A fit that was stopped or killed goes on with --resume alone and ends with the same weights.
    Writes log, curves, checkpoint, weights and their evaluation on the validation split into the
    run folder, and one page, index.html, that shows them.
    """
    run = resumed(resume, SETTLED, "fit") if resume else None
    kind = device_kind(device)
    run = run or _new(recipe, data, folder, overrides, backbone, lr)
    with resumable(run):
        if run.recipe().labels == LUNGS:
            _fit_lungs(run, kind)
            return
        _fit(run, kind, checkpoint_minutes)


def _fit(run: Run, device: str, checkpoint_minutes: float) -> None:
    from trainer.finish import finish
    from trainer.fitting.progress import Progress
    from trainer.fitting.soup import fit_recipe

    lr = run.facts().get("lr", "paper")  # a resumed fit chooses its rates as it began to
    with Progress() as progress:
        fit_recipe(
            run,
            progress,
            device=device,
            lr=lr,
            choose=_ask if lr == "ask" else None,
            checkpoint_minutes=checkpoint_minutes,
        )
    console.note("calibrating and judging on the validation split")
    card = finish(run)
    console.note(f"{run.folder / 'index.html'}: everything in one page")
    click.echo(f"{run.weights}\t{card.digest}")


def _fit_lungs(run: Run, device: str) -> None:
    """The lungs' own loop: no head, no rate finder, a checkpoint an epoch."""
    from trainer.finish import finish_lungs
    from trainer.fitting.lungs.fit import fit
    from trainer.fitting.progress import Progress

    with Progress() as progress:
        fit(run, progress, device=device)
    console.note("judging on films of patients not trained on")
    card = finish_lungs(run)
    console.note(f"{run.folder / 'index.html'}: everything in one page")
    click.echo(f"{run.weights}\t{card.digest}")


def _new(
    recipe: str,
    data: tuple[Path, ...],
    folder: Path | None,
    overrides: tuple[str, ...],
    backbone: str,
    lr: str,
) -> Run:
    from trainer.cli.validate import checked
    from trainer.fitting.backbones import check
    from trainer.fitting.distil import settled
    from trainer.run import Run

    if not data or folder is None:
        raise ConfigurationError("give --data MANIFEST and --run FOLDER, or --resume FOLDER")
    chosen = checked(recipe, overrides, data)
    run = Run(folder)
    run.refuse_second()
    check(chosen.body, backbone)
    run.start(
        settled(chosen),
        {"manifests": [str(path.resolve()) for path in data], "backbone": backbone, "lr": lr},
    )
    return run


def _ask(step: str, suggested: float, published: float) -> float:
    """The paper's human in the loop; the finder's plot lies in the run folder by now."""
    return float(
        click.prompt(
            f"{step}: learning rate of the last layer (recipe {published:g})",
            default=suggested,
            type=Number(0, 100, min_open=True),
            err=True,
        )
    )
