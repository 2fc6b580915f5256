"""``trainer calibrate``: temperature, thresholds and guard of some weights."""

from __future__ import annotations

from pathlib import Path

import click

from screener.console import ExitCode, end, note
from screener.quantities import SEED, Number
from trainer.cli.progress import progress_bar


@click.command("calibrate")
@click.argument("weights", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="A manifest of the training or its folder; may be given several times.",
)
@click.option(
    "--fraction",
    default=0.1,
    show_default=True,
    type=Number(0, 0.5),
    help="Of the training patients, as validation where a manifest has none.",
)
@click.option(
    "--unseen",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of 'trainer unseen': thresholds come from the sources left out there.",
)
@click.option(
    "--shows",
    metavar="SOURCE LABEL=KIND",
    multiple=True,
    help="What a label of one unseen source means, where it does not say so itself: COVID-19, "
    "other pneumonia, tuberculosis, clear, or open (it may be COVID-19).",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Of that validation split.")
def command(
    weights: Path,
    data: tuple[Path, ...],
    fraction: float,
    unseen: Path | None,
    shows: tuple[str, ...],
    seed: int,
) -> None:
    """Calibrate WEIGHTS, a folder made by 'trainer export', on its validation images.

    Writes the folder anew: the temperature, the thresholds of PRIORITY and ELEVATED with their
    expected sensitivity and specificity, and the guard that refuses what is no frontal chest
    radiograph. With --unseen also how many films of hospitals not seen reach each band, by what
    they showed. The test split is not looked at.
    """
    from screener.rates import rates
    from trainer.cli.datasets import read_entries
    from trainer.judging.calibrate import calibrate, images_for
    from trainer.judging.rates import shown_by
    from trainer.pages.card import band_rows

    explained = shown_by(shows)
    entries = read_entries(data, fraction, seed)
    images = sum(map(len, images_for(entries)))
    with progress_bar(images, weights.name) as bar:
        card = calibrate(weights, entries, bar.update, unseen=unseen, shows=explained)
    click.echo(f"temperature {card.temperature:.3f}")
    for cells in band_rows(card):
        click.echo("  ".join(cells))
    for rate in rates(card):
        click.echo("  ".join(rate.cells))
    note(f"{weights}: {card.digest}")
    told = card.metrics["validation"]
    if told["open"]:
        note(f"{told['open']} validation images leave open whether it was COVID-19: not used")
    if told["unread"]:
        note(f"{told['unread']} of {images} images could not be read")
        end(ExitCode.REFUSALS)
