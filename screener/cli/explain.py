"""``screener explain``: prove the maps of studies that are scored already."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import options
from screener.console import ExitCode
from screener.marks import map_words
from screener.quantities import MANY
from screener.study import Band
from screener.text import visible

if TYPE_CHECKING:
    from screener.explain import Explained
    from screener.results.worklist import Worklist

SCHEMA = 1
"""Of what is printed as JSON lines."""


@click.command()
@click.argument("study", required=False)
@options.bands_option
@click.option("--top", metavar="N", type=MANY, help="The first N of the ranking.")
@options.results_option
@options.weights_option
@options.json_option
@options.device_option
def command(
    study: str | None,
    bands: tuple[Band, ...],
    top: int | None,
    results: Path,
    weights: str | None,
    as_json: bool,
    device: str,
) -> None:
    """Say where the score of STUDY comes from, and what that is worth.

    Makes and proves the map of each radiograph that has none yet; the review and the reports then
    show it. Give a STUDY, or --band or --top for many, or - to have keys of studies read from
    standard input, a line each, and answered one by one.
    """
    if not (study or bands or top):
        raise click.UsageError("Give a STUDY, --band or --top.")
    if study and (bands or top):
        raise click.UsageError("Give either a STUDY or --band and --top.")
    told = _as_json if as_json else _as_text
    with options.opened(results) as worklist:
        chosen = () if study == "-" else tuple(_chosen(worklist, study, bands, top))
    from screener.explain import explain
    from screener.network.weights import find

    if not chosen and study != "-":
        console.note("no study with a score among these")
    missed = 0
    keys = _asked(as_json=as_json) if study == "-" else chosen
    for found in explain(results, keys, find(weights, device), device):
        missed += found.activation is None
        console.say(told(found))
    if missed:
        console.end(ExitCode.REFUSALS)


def _asked(*, as_json: bool) -> Iterator[str]:
    """Keys as they are asked for; says of each, in JSON, that it is done."""
    for line in sys.stdin:
        if key := line.strip():
            yield key
            if as_json:
                console.say(json.dumps({"schema": SCHEMA, "event": "StudyExplained", "study": key}))


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


def _as_text(found: Explained) -> str:
    return visible(f"{found.path}: {_words(found)}")


def _as_json(found: Explained) -> str:
    """One line; the map itself is in ``list --json --maps``."""
    measured = found.activation.proof if found.activation else None
    proof = asdict(measured) | {"holds": measured.holds} if measured else None
    event = {"schema": SCHEMA, "event": "RadiographExplained", "study": found.study_key}
    return json.dumps(event | {"path": str(found.path), "proof": proof, "said": _words(found)})
