"""``trainer export``: a run's weights for the screener, and the graphs of any weights."""

from __future__ import annotations

from pathlib import Path

import click

from screener.card import CARD_FILE
from trainer.cli.options import check_place

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("export")
@click.argument("run", type=_FOLDER)
@click.option("-o", "--output", type=_FOLDER, help="Where to; RUN/weights unless given.")
@click.option("--version", default="1", show_default=True, help="Of the weights, for the card.")
def command(run: Path, output: Path | None, version: str) -> None:
    """Write the best weights of RUN: safetensors in float16 and their card.

    They have no thresholds until 'trainer calibrate' has measured them. If RUN is a folder of
    weights, its graphs for the engine 'onnx' are written, which takes a minute.
    """
    from trainer.fitting.export import export
    from trainer.run import Run

    if (run / CARD_FILE).is_file():
        from trainer.fitting.graphs import write_graphs

        for path in write_graphs(run):
            click.echo(path)
        return
    found = Run(run)
    check_place(output or found.weights)
    card = export(found, output, version=version)
    click.echo(f"{output or found.weights}\t{card.digest}")
