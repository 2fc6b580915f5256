"""``screener export``: the worklist with its reviews as a file for other programs or a browser."""

from __future__ import annotations

import os
from pathlib import Path

import click

from screener.cli import options
from screener.results.files import EXPORTS


@click.command()
@options.results_folder
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "json", "jsonl", "html"]),
    default="csv",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, - for stdout.  [default: export.csv, ... in DIR]",
)
def command(results: Path, kind: str, out: Path | None) -> None:
    """Write the worklist of the results in DIR (default: ./screening) to a file.

    All formats hold the reviewers' verdicts and name each file that was not scored. HTML is the
    report for a browser.
    """
    out = out or results / EXPORTS[kind]
    with options.destination(out) as file:
        if kind == "html":
            from screener.report import publication_time
            from screener.report.html import write_html

            write_html(results, file, generated_at=publication_time(os.environ))
            return
        from screener.results import export
        from screener.results.files import atomically
        from screener.results.worklist import ALL

        with options.opened(results) as worklist, atomically(file) as stream:
            export.WRITERS[kind](worklist, stream, ALL)
