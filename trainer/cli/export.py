"""``trainer export``: a run's weights for the screener."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("export")
@click.argument("run", type=_FOLDER)
@click.option("-o", "--output", type=_FOLDER, help="Where to; RUN/weights unless given.")
@click.option("--version", default="1", show_default=True, help="Of the weights, for the card.")
def command(run: Path, output: Path | None, version: str) -> None:
    """Write the best weights of RUN: safetensors in float16 and their card.

    They have no thresholds until 'trainer calibrate' has measured them.
    """
    from trainer.fitting.export import export
    from trainer.run import Run

    found = Run(run)
    card = export(found, output, version=version)
    click.echo(f"{output or found.weights}\t{card.digest}")
