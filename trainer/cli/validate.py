"""``trainer validate``: everything wrong with a recipe and its data, before hours are spent."""

from __future__ import annotations

from pathlib import Path

import click

from screener import console
from screener.console import ExitCode
from screener.errors import ConfigurationError
from trainer.cli.options import data_option, recipe_argument, settings_option


@click.command("validate")
@recipe_argument
@settings_option
@data_option
def command(recipe: str, overrides: tuple[str, ...], data: tuple[Path, ...]) -> None:
    """Check RECIPE, and the manifests given with --data, and tell every error at once."""
    from trainer import recipe as recipes
    from trainer.manifest import read_manifests

    errors: list[str] = []
    for check in (
        lambda: recipes.read(recipes.find(recipe), overrides),
        lambda: read_manifests(data),
    ):
        try:
            check()
        except ConfigurationError as error:
            errors += str(error).splitlines()
    for line in errors:
        console.failure(line)
    if errors:
        console.end(ExitCode.USAGE)
    click.echo(f"{recipe}: no error found")
