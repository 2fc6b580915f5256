"""``screener weights``: which weights there are, what was measured of them, whether they are whole.

Reads cards and digests only; needs no torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from screener import console
from screener.card import load_card
from screener.cli import options
from screener.cli.table import table
from screener.digest import digest_of_file
from screener.errors import WeightsError
from screener.network import weights
from screener.study import RESEARCH_ONLY
from screener.text import visible

weights_option = click.option(
    "--weights",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the weights.  [default: the bundled ones]",
)


@click.group()
def command() -> None:
    """List, show and verify weights."""


@command.command("list")
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
def list_weights(folders: tuple[Path, ...]) -> None:
    """List the bundled weights and those in each DIR."""
    cards = [(folder, load_card(folder)) for folder in (weights.bundled(), *folders)]
    rows = [(card.name, card.version, card.digest, str(folder)) for folder, card in cards]
    for line in table(("name", "version", "digest", "folder"), rows):
        console.say(line)


@command.command()
@weights_option
@options.json_option
def show(folder: Path | None, as_json: bool) -> None:
    """Print the card: what the weights were trained on, what was measured, the thresholds."""
    card = load_card(folder or weights.bundled())
    if as_json:
        console.say(json.dumps({"schema": 1, **asdict(card)}, ensure_ascii=False))
        return
    for name in SHOWN:
        console.say(f"{name.replace('_', ' '):12} {visible(str(getattr(card, name)))}")
    console.say(f"temperature  {card.temperature:.3f}")
    for band, least in card.thresholds.items():
        console.say(f"{band:12} from a suspicion score of {least:.3f}")
    console.say(f"thresholds   {visible(card.threshold_source or 'none')}")
    console.say("\nMeasured, with 95 % intervals:" if card.metrics else "\nNothing was measured.")
    for name, figure in _figures(card.metrics):
        console.say(f"  {visible(name)}: {visible(figure)}")
    console.say(f"\n{RESEARCH_ONLY}")


SHOWN = ("name", "version", "digest", "recipe", "trained_on", "grayscale", "resize", "licence")


def _figures(metrics: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every figure of a card with its path; lists, which are curves, are left to ``--json``."""
    for name, figure in metrics.items():
        where = f"{path} / {name}" if path else name
        if isinstance(figure, Mapping) and "value" in figure:
            yield where, _figure(figure)
        elif isinstance(figure, Mapping):
            yield from _figures(figure, where)
        elif isinstance(figure, float):
            yield where, f"{figure:.4g}"
        elif isinstance(figure, str | int):
            yield where, str(figure)


def _figure(figure: Mapping[str, Any]) -> str:
    value, low, high = (figure.get(name) for name in ("value", "low", "high"))
    interval = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return ("not measured" if value is None else f"{value:.3f}") + interval


@command.command()
@weights_option
def verify(folder: Path | None) -> None:
    """Check that the weights are whole: their SHA-256 must be the one the card names."""
    folder = folder or weights.bundled()
    card = load_card(folder)
    path = folder / weights.WEIGHTS_FILE
    if not path.is_file():
        raise WeightsError(f"{path}: no weights here; give --weights another folder")
    if digest_of_file(path) != card.digest:
        raise WeightsError(f"{path}: damaged or exchanged, its digest is not its card's; reinstall")
    console.say(f"{folder}: whole, {card.digest}")
