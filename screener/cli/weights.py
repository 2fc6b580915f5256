"""``screener weights``: which weights there are, what was measured of them, whether they are whole.

Lists and shows cards without torch; only ``verify`` loads what a scan would load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from screener import console, rates
from screener.card import WeightsCard, load_card
from screener.cli import options
from screener.cli.table import table
from screener.network import weights as files
from screener.study import RESEARCH_ONLY
from screener.text import json_line, visible

SHORT = len("sha256:") + 12
"""Characters of a digest that tell weights apart; 'weights show' has all of them."""
FIRST = 3
"""Figures of a set that stand in the list."""
INSIDE = ("validation", "sources")
"""Figures of the training's own sources, which are no test."""


@click.group()
def command() -> None:
    """List, show and verify weights."""


@command.command("list")
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
@options.json_option
def list_weights(folders: tuple[Path, ...], as_json: bool) -> None:
    """Show the bundled weights and those in each DIR beside each other, first figures first."""
    named = {name: files.bundled(name) for name in files.names()}
    named |= {str(folder): folder for folder in folders}
    cards = {name: load_card(folder) for name, folder in named.items()}
    if as_json:
        listed = [{"name": name, "card": asdict(card)} for name, card in cards.items()]
        console.say(json_line({"schema": 1, "weights": listed}))
        return
    columns = [_facts(card) for card in cards.values()]
    labels = list(dict.fromkeys(label for column in columns for label in column))
    rows = [(label, *(column.get(label, "-") for column in columns)) for label in labels]
    for line in table(("", *cards), rows):
        console.say(line)
    console.say("\nFigures with 95 % intervals. '--weights NAME' takes one of them by its name.")


def _facts(card: WeightsCard) -> dict[str, str]:
    """What a person compares weights by: a line each, unseen hospitals before all other figures."""
    unseen = card.metrics.get("unseen")
    return {
        "made by": f"{card.name} {card.version}",
        "network": card.architecture,
        "input": f"{card.input_size} x {card.input_size}",
        "digest": card.digest[:SHORT],
        **(_first("unseen", unseen) or {"unseen hospitals": "not measured"}),
        **next(
            (found for name, figures in sorted(card.metrics.items(), key=_tests_first)
             if name not in (*INSIDE, "unseen") and (found := _first(name, figures))), {}
        ),
    }  # fmt: skip


def _tests_first(named: tuple[str, object]) -> bool:
    """Sets of split test before those of validation, else as they come."""
    return not named[0].endswith(", test")


def _first(name: str, figures: object) -> dict[str, str]:
    """The first figures of a set that have an interval."""
    if not isinstance(figures, Mapping):
        return {}
    measured = [
        (f"{name}: {what.replace('_', ' ')}", _figure(figure))
        for what, figure in figures.items()
        if isinstance(figure, Mapping) and figure.keys() >= {"value", "low", "high"}
    ]
    return dict(measured[:FIRST])


@command.command()
@options.weights_option
@options.json_option
def show(weights: str | None, as_json: bool) -> None:
    """Print the card: what the weights were trained on, what was measured, the thresholds."""
    card = load_card(files.find(weights))
    if as_json:
        console.say(json_line({"schema": 1, **asdict(card)}))
        return
    for name in SHOWN:
        console.say(f"{name.replace('_', ' '):12} {visible(str(getattr(card, name)))}")
    console.say(f"temperature  {card.temperature:.3f}")
    for band, least in card.thresholds.items():
        console.say(f"{band:12} from a suspicion score of {least:.3f}")
    console.say(f"thresholds   {visible(card.threshold_source or 'none')}")
    for line in _rates(card):
        console.say(line)
    console.say("\nMeasured, with 95 % intervals:" if card.metrics else "\nNothing was measured.")
    for name, figure in _figures(card.metrics):
        console.say(f"  {visible(name)}: {visible(figure)}")
    console.say(f"\n{RESEARCH_ONLY}")


def _rates(card: WeightsCard) -> Iterator[str]:
    """What a place in the list was worth elsewhere; before any other figure."""
    found = rates.rates(card)
    if not found:
        yield f"\n{rates.NOT_MEASURED}"
        return
    yield f"\n{rates.TITLE}:"
    yield from (f"  {line}" for line in table(rates.HEAD, [rate.cells for rate in found]))
    yield rates.SAID


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
@options.weights_option
def verify(weights: str | None) -> None:
    """Check that the weights are whole: card, digest, tensors and guard fit one another.

    Those that outline the lungs, which every scan with maps uses beside them, are checked too.
    """
    from screener.network import lungs

    folder = files.find(weights)
    digest, outlining = files.verify(folder).digest, lungs.ready()
    console.say(f"{folder}: whole, {digest}")
    if outlining:
        console.say(f"{lungs.bundled()}: whole, {outlining.card.digest}")
