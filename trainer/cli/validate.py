"""``trainer validate``: everything wrong with a recipe and its data, before hours are spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener.errors import ConfigurationError
from trainer.cli.options import data_option, recipe_argument, settings_option

if TYPE_CHECKING:
    from trainer.recipe import Recipe


@click.command("validate")
@recipe_argument
@settings_option
@data_option
def command(recipe: str, overrides: tuple[str, ...], data: tuple[Path, ...]) -> None:
    """Check RECIPE, and the manifests given with --data, and tell every error at once."""
    checked(recipe, overrides, data)
    click.echo(f"{recipe}: no error found")


def checked(recipe: str, overrides: tuple[str, ...], data: tuple[Path, ...]) -> Recipe:
    """The recipe, when it and the images that a fit would take from some manifests are in order.

    Raises:
        ConfigurationError: all that is wrong with recipe, overrides and manifests, one a line.
    """
    from trainer import recipe as recipes
    from trainer.fitting.lungs.pairs import learning_pairs, read_pairs
    from trainer.manifest import read_manifests

    errors: list[str] = []
    chosen = None
    try:
        chosen = recipes.read(recipes.find(recipe), overrides)
    except ConfigurationError as error:
        errors.append(str(error))
    try:
        if chosen and data and chosen.labels == recipes.LUNGS:
            learning_pairs(read_pairs(data), chosen)
        elif chosen and data:
            from trainer.fitting.fit import learning_entries

            learning_entries(data, chosen)
        else:
            read_manifests(data)
    except ConfigurationError as error:
        errors.append(str(error))
    if errors or chosen is None:
        raise ConfigurationError("\n".join(errors))
    return chosen
