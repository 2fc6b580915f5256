"""``trainer recipes``: what can be fitted."""

from __future__ import annotations

import click

from trainer import recipe as recipes


@click.command("recipes")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the recipes that come with the trainer, or print the one called NAME."""
    if name:
        file = recipes.find(name)
        recipes.read(file)  # or it says what is wrong with it
        click.echo(file.read_text(encoding="utf-8"), nl=False)
        return
    for known in recipes.names():
        found = recipes.read(recipes.find(known))
        stages = ", ".join(
            f"{s.image_size} px x {s.frozen_epochs + s.epochs}" for s in found.stages
        )
        click.echo(f"{known:22} {found.epochs:3} epochs: {stages}")
