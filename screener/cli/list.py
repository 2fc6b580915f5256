"""``screener list``: the worklist as a table, the JSON document or CSV."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from screener.cli import options
from screener.cli.moment import Since, run_of, since_option
from screener.study import RANKED, Band


@click.command()
@options.results_folder
@click.option("--all", "everything", is_flag=True, help="All studies, not the first 20.")
@options.bands_option
@click.option(
    "--review",
    type=click.Choice(["all", "unreviewed", "reviewed", "flagged"]),
    default="all",
    help="Only studies in this state of review.",
)
@click.option(
    "--unreviewed", "review", flag_value="unreviewed", help="The same as --review unreviewed."
)
@since_option
@click.option("--text", default="", help="Only studies with this in patient, key or comment.")
@options.json_option
@click.option("--maps", is_flag=True, help="With --json: each radiograph's map as numbers.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def command(
    results: Path,
    everything: bool,
    bands: tuple[Band, ...],
    review: Literal["all", "unreviewed", "reviewed", "flagged"],
    since: Since | None,
    text: str,
    as_json: bool,
    maps: bool,
    as_csv: bool,
) -> None:
    """Print the worklist of the results in DIR (default: ./screening).

    The table shows what was not scored, then the ranking. JSON and CSV have everything.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    if maps and not as_json:
        raise click.UsageError("--maps goes with --json.")
    from screener.results.worklist import Filter

    with options.opened(results) as worklist:
        first = run_of(worklist.store, since) if since else 0
        wanted = Filter(text, bands, review, since=first)
        if as_json or as_csv:
            from screener.results import export

            if as_json:
                export.write_json(worklist, sys.stdout.buffer, wanted, maps=maps)
            else:
                export.write_csv(worklist, sys.stdout.buffer, wanted)
            return
        from screener.cli.table import print_worklist

        ranked = replace(wanted, bands=bands or RANKED)
        print_worklist(worklist, ranked, None if everything else 20)
