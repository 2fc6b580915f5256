"""``trainer compare``: several runs on one page."""

from __future__ import annotations

from pathlib import Path

import click

from screener.console import note

_RUN = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=_RUN)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("runs.html"),
    show_default=True,
    help="The page to write.",
)
def command(runs: tuple[Path, ...], output: Path) -> None:
    """Set finished RUNS beside each other: what they reached, and in what their recipes differ."""
    from trainer.pages.compare import write
    from trainer.run import Run

    note(f"{write([Run(folder) for folder in runs], output)}: all of them on one page")
