"""``screener diff``: two results folders, or two weights of one, beside each other."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screener import console
from screener.cli import options
from screener.results.opening import is_there
from screener.study import RANKED, RESEARCH_ONLY
from screener.text import cell, json_line, plural, shortened, visible

if TYPE_CHECKING:
    from screener.results.beside import Side, Standing
    from screener.results.comparison import Comparison, Pair
    from screener.results.kappa import Figure
    from screener.results.worklist import Worklist

SCHEMA = 1
TOP = 20
OTHER_COLUMNS = 58
"""What the columns before the last take of a line, about."""
CSV_COLUMNS = (
    "study", "patient", "change", "old_rank", "new_rank", "moved", "old_band", "new_band",
    "old_score", "new_score", "note",
)  # fmt: skip


@click.command()
@click.argument("old")
@click.argument("new")
@options.results_option
@click.option("--all", "everything", is_flag=True, help=f"All that differ, not the first {TOP}.")
@options.json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each study.")
def command(
    old: str, new: str, results: Path, everything: bool, as_json: bool, as_csv: bool
) -> None:
    """Set two rankings beside each other: OLD and NEW.

    Each is a results folder, or weights that the folder --results was scanned with, by name or by
    the beginning of their digest. Says which studies changed band or rank, which only one side has,
    and how far both agree. Agreement does not say which is right.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    from screener.results.beside import side, standings
    from screener.results.comparison import compare

    with ExitStack() as opened:
        first, second = (_side(opened, word, results) for word in (old, new))
        sides = side(*first), side(*second)
        if sides[0] == sides[1]:
            raise click.UsageError("OLD and NEW are the same; name two folders or two weights.")
        found = compare(standings(first[0], sides[0]), standings(second[0], sides[1]))
    if as_json:
        console.say(json_line(_document(sides, found)))
    elif as_csv:
        _write_csv(found)
    else:
        _print(sides, found, None if everything else TOP)


def _side(opened: ExitStack, word: str, results: Path) -> tuple[Worklist, str]:
    """The worklist that is meant, and of which weights if not the latest run's."""
    if is_there(Path(word)):
        return opened.enter_context(options.opened(Path(word))), ""
    return opened.enter_context(options.opened(results)), word


def _print(sides: tuple[Side, Side], found: Comparison, top: int | None) -> None:
    from screener.cli.table import table
    from screener.results.comparison import notable

    for name, side in zip(("old", "new"), sides, strict=True):
        console.say(visible(f"{name}  {_words(side)}"))
    one_sided = found.count("only old"), found.count("only new")
    console.say(
        f"{plural(len(found.pairs), 'study', 'studies')}: {found.count('band')} in another band, "
        f"{found.count('rank')} at another rank only, {found.count('none')} as before, "
        f"{one_sided[0]} only in old, {one_sided[1]} only in new"
    )
    console.say(f"rank correlation of scores (Spearman)  {_figure(found.correlation)}")
    console.say(f"agreement of bands (Cohen's kappa)     {_figure(found.kappa)}")
    console.say("with intervals of 95 %, over the n studies that have a score on both sides")
    console.say()
    rows = [[f"old {band}", *map(str, row)] for band, row in zip(RANKED, found.bands, strict=True)]
    for line in table(("studies by band", *(f"new {band}" for band in RANKED)), rows):
        console.say(line)
    differing = notable(found.pairs)
    shown = differing if top is None else differing[:top]
    if shown:
        console.say()
        header = ("old", "new", "moved", "score", "band", "patient or file")
        for line in table(header, [_cells(pair) for pair in shown]):
            console.say(line)
    if left := len(differing) - len(shown):
        console.say(f"... and {left} more: --all shows them")
    console.say()
    console.say(RESEARCH_ONLY)


def _words(side: Side) -> str:
    return (
        f"{side.folder}: {side.name} {side.version}, {side.digest[:19]}, "
        f"scanned {side.scanned_at:%Y-%m-%d %H:%M}"
    )


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return f"not defined (n = {figure.n:,})"
    interval = f"{figure.low:.3f} to {figure.high:.3f}"
    return f"{figure.value:.3f} ({interval}, n = {figure.n:,})"


def _cells(pair: Pair) -> list[str]:
    from screener.cli.table import terminal_width

    name = shortened(pair.any.patient, max(12, min(32, terminal_width() - OTHER_COLUMNS)))
    moved = "" if pair.moved is None else f"{pair.moved:+d}"
    return [*_both(pair, _rank), moved, " > ".join(_both(pair, _score)), _bands(pair), name]


def _both(pair: Pair, told: Any) -> list[str]:  # noqa: ANN401 (a function of a standing)
    return [told(one) if one else "-" for one in (pair.old, pair.new)]


def _rank(one: Standing) -> str:
    return str(one.rank or "-")


def _score(one: Standing) -> str:
    return "-" if one.score is None else f"{one.score:.3f}"


def _bands(pair: Pair) -> str:
    bands = [f"{one.band.glyph} {one.band}" for one in (pair.old, pair.new) if one]
    return " > ".join(dict.fromkeys(bands))


def _facts(pair: Pair) -> dict[str, Any]:
    """A study's as JSON values, by the names of the CSV's columns."""
    facts: dict[str, Any] = {"study": pair.any.key, "patient": pair.any.patient}
    facts |= {"change": pair.change, "moved": pair.moved}
    for name, one in (("old", pair.old), ("new", pair.new)):
        facts[f"{name}_rank"] = one.rank if one else None
        facts[f"{name}_band"] = one.band if one else None
        facts[f"{name}_score"] = one.score if one else None
    return facts


def _document(sides: tuple[Side, Side], found: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "schema": SCHEMA,
        **{name: _side_json(one) for name, one in zip(("old", "new"), sides, strict=True)},
        "correlation": asdict(found.correlation),
        "kappa": asdict(found.kappa),
        "bands": {
            band: dict(zip(RANKED, row, strict=True))
            for band, row in zip(RANKED, found.bands, strict=True)
        },
        "studies": [_facts(pair) for pair in found.pairs],
        "note": RESEARCH_ONLY,
    }


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "results": str(side.folder),
        "weights": {"name": side.name, "version": side.version, "digest": side.digest},
        "pipeline": side.pipeline,
        "scanned_at": side.scanned_at.isoformat(),
        "thresholds": side.thresholds,
    }


def _write_csv(found: Comparison) -> None:
    rows = csv.DictWriter(sys.stdout, CSV_COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    rows.writerows(_csv_rows(found))


def _csv_rows(found: Comparison) -> Iterator[dict[str, Any]]:
    for pair in found.pairs:
        facts = {name: cell(value) for name, value in _facts(pair).items()}
        yield {**facts, "note": RESEARCH_ONLY}
