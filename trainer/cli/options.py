"""Options that several of the trainer's commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

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


def resumed(folder: Path) -> Run:
    """The run in a folder, to go on with.

    Raises:
        ConfigurationError: no run of ours is there, or its recipe is damaged.
    """
    from trainer.run import Run

    run = Run(folder)
    run.recipe()
    return run
