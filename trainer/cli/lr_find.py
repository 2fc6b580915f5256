"""``trainer lr-find``: the learning rate finder by itself."""

from __future__ import annotations

from pathlib import Path

import click

from screener.errors import ConfigurationError
from trainer.cli.options import (
    backbone_option,
    check_place,
    data_option,
    device_kind,
    device_option,
    recipe_argument,
    settings_option,
)


@click.command("lr-find")
@recipe_argument
@data_option
@click.option("--step", "wanted", help="Such as stage1-whole; the recipe's first unless given.")
@settings_option
@backbone_option
@device_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("lr-find"),
    show_default=True,
    help="Where curve, plot and decoded images go.",
)
def command(
    recipe: str,
    data: tuple[Path, ...],
    wanted: str | None,
    overrides: tuple[str, ...],
    backbone: str,
    device: str,
    output: Path,
) -> None:
    """Train for a moment with growing rates and suggest one for a step of RECIPE."""
    from trainer import recipe as recipes
    from trainer.fitting.data import cached_squares
    from trainer.fitting.fit import fresh_network, learner_for, learning_entries, steps
    from trainer.fitting.progress import Progress
    from trainer.fitting.rates import find_rate

    check_place(output)
    chosen = recipes.read(recipes.find(recipe), overrides)
    if chosen.labels == recipes.LUNGS:
        raise ConfigurationError(f"{recipe}: has no head whose rate is looked for; fit it")
    named = {step.name: step for step in steps(chosen)}
    step = named.get(wanted or next(iter(named)))
    if step is None or not data:
        raise ConfigurationError(f"give --data and, as --step, one of {', '.join(named)}")
    entries = learning_entries(data, chosen)
    network = fresh_network(chosen, backbone)
    with Progress() as progress:
        squares = cached_squares(entries, chosen.cache_size, output / "cache", progress.decoded)
        learner = learner_for(chosen, step, network, entries, squares, device_kind(device))
        suggested = find_rate(learner, step.name, output, progress)
    click.echo(f"{step.name}\t{suggested:.2e}")
