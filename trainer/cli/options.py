"""Options that several of the trainer's commands share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from screener.errors import ConfigurationError

if TYPE_CHECKING:
    from trainer.run import Run

recipe_argument = click.argument("recipe", default="covid_resnet")
"""A recipe's name or file."""

settings_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override the recipe, as in --set stage3.epochs=8; may be repeated.",
)

data_option = click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A manifest or its folder; may be given several times.",
)

backbone_option = click.option(
    "--backbone-weights",
    "backbone",
    metavar="imagenet|packaged|none|FILE",
    default="imagenet",
    show_default=True,
    help="First weights of the body: torchvision's or timm's, which are fetched; those of an "
    "installed package; chance; or a state dict.",
)

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)


def device_kind(wanted: str) -> str:
    """Torch's name of the device to train on.

    Raises:
        DeviceError: the one asked for cannot be used.
    """
    from screener.network.device import choose

    return choose(wanted).kind


def check_place(folder: Path) -> None:
    """Tell before the work that its results have no place; makes nothing.

    Raises:
        ConfigurationError: the folder is not there and cannot be made, or cannot be written to.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise ConfigurationError(f"{there}: a file, where a folder is wanted; give another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{there}: may not be written to; give another folder")


def resumed(folder: Path, settled: Collection[str], kind: str) -> Run:
    """The run in a folder, to go on with.

    Args:
        folder: of the run.
        settled: names of the parameters that a resume cannot honour.
        kind: the command that the run has to be of.

    Raises:
        ConfigurationError: one of those was given; or no run of that kind is there, or its recipe
            or its facts are damaged.
    """
    from trainer.run import Run

    _refuse(settled)
    run = Run(folder)
    run.recipe()
    began = "unseen" if "groups" in run.facts() else "fit"
    if began != kind:
        raise ConfigurationError(
            f"{folder}: a run of 'trainer {began}'; go on with 'trainer {began} --resume {folder}'"
        )
    return run


def _refuse(settled: Collection[str]) -> None:
    """A run goes on as it began: what would make it another is not passed over in silence."""
    context = click.get_current_context()
    given = [
        parameter.make_metavar(context) if isinstance(parameter, click.Argument) else option
        for parameter in context.command.params
        if parameter.name in settled
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
        for option in parameter.opts[:1]
    ]
    if given:
        raise ConfigurationError(
            f"--resume goes on with what the run began with; leave out {', '.join(given)} "
            "or start a new run"
        )


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Say how a run goes on where Ctrl-C or SIGTERM ends the command."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort) as stop:
        command = click.get_current_context().command_path
        stop.add_note(f"go on with '{command} --resume {shlex.quote(str(run.folder))}'")
        raise
