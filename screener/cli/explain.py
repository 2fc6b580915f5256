"""``screener explain``: prove the maps of studies that are scored already."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import options
from screener.console import ExitCode
from screener.marks import map_words
from screener.study import Band
from screener.text import visible

if TYPE_CHECKING:
    from screener.explain import Explained
    from screener.results.worklist import Worklist


@click.command()
@click.argument("study", required=False)
@options.bands_option
@click.option("--top", metavar="N", type=options.MANY, help="The first N of the ranking.")
@options.results_option
@options.weights_option
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the network runs: as in the scan.",
)
def command(
    study: str | None,
    bands: tuple[Band, ...],
    top: int | None,
    results: Path,
    weights: str | None,
    device: str,
) -> None:
    """Say where the score of STUDY comes from, and what that is worth.

    Makes and proves the map of each radiograph that has none yet; the review and the reports then
    show it. Give a STUDY, or --band or --top for many.
    """
    if not (study or bands or top):
        raise click.UsageError("Give a STUDY, --band or --top.")
    if study and (bands or top):
        raise click.UsageError("Give either a STUDY or --band and --top.")
    with options.opened(results) as worklist:
        keys = list(_chosen(worklist, study, bands, top))
    from screener.explain import explain
    from screener.network.weights import find

    if not keys:
        console.note("no study with a score among these")
    missed = 0
    for found in explain(results, keys, find(weights, device), device):
        missed += found.activation is None
        console.say(visible(f"{found.path}: {_words(found)}"))
    if missed:
        console.end(ExitCode.REFUSALS)


def _chosen(
    worklist: Worklist, study: str | None, bands: tuple[Band, ...], top: int | None
) -> Iterator[str]:
    from screener.results.worklist import Filter

    if study:
        yield worklist.find(study)
        return
    rows = worklist.rows(Filter(bands=bands))
    yield from islice((row.key for row in rows if row.score is not None), top)


def _words(found: Explained) -> str:
    return map_words(found.activation) if found.activation else found.reason
