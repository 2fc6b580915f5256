"""``screener report``: the triage report as a PDF."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener.cli import options
from screener.quantities import MANY
from screener.results.files import REPORT
from screener.study import RANKED, Band

if TYPE_CHECKING:
    from screener.results.identity import Identify


@click.command()
@options.results_folder
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, - for stdout.  [default: report.pdf in DIR]",
)
@click.option("--top", type=MANY, help="Rank only this many studies.")
@click.option(
    "--band",
    "bands",
    type=click.Choice([band.value for band in RANKED], False),
    multiple=True,
    help="Rank only this band, and give each of its studies a page; may be repeated.",
)
@click.option(
    "--paper", type=click.Choice(["a4", "letter"], False), default="a4", show_default=True
)
@click.option(
    "--identify",
    type=click.Choice(["none", "id", "full"]),
    default="full",
    show_default=True,
    help="Show at most this of patients; never more than the scan has kept.",
)
def command(
    results: Path,
    out: Path | None,
    top: int | None,
    bands: tuple[str, ...],
    paper: str,
    identify: Identify,
) -> None:
    """Write the triage report of the results in DIR (default: ./screening).

    PRIORITY studies get a page each, the first 40 of them unless --top or --band says otherwise.
    Set SOURCE_DATE_EPOCH to make the same report again byte for byte.
    """
    from screener.report import publication_time, write_report

    with options.destination(out or results / REPORT) as file:
        write_report(
            results,
            file,
            generated_at=publication_time(os.environ),
            top=top,
            bands=[Band(band) for band in bands],
            paper=paper,
            identify=identify,
        )
