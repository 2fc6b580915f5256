"""``trainer card``: the model card of some weights, from measured figures only."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("card")
@click.argument("weights", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument(
    "evaluations", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def command(weights: Path, evaluations: tuple[Path, ...]) -> None:
    """Write the model card of WEIGHTS from EVALUATIONS, each an evaluation.json.

    Puts their figures into card.json too, where the report and 'screener weights show' find them.
    Figures of other weights are refused.
    """
    from trainer.pages.card import write

    click.echo(str(write(weights, evaluations)))
