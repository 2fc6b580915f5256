"""``trainer audit``: is it the disease, or where the image comes from?"""

from __future__ import annotations

from pathlib import Path

import click

from trainer.cli.progress import progress_bar

_FOLDER = click.Path(file_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, path_type=Path)


@click.command("audit")
@click.option(
    "--data", "data", type=_EXISTING, multiple=True, required=True,
    help="A manifest or its folder; may be given several times.",
)  # fmt: skip
@click.option(
    "--weights", type=_EXISTING, help="Look at these weights too: whole image, border, centre."
)
@click.option(
    "--split", type=click.Choice(("test", "val")), default="test", show_default=True,
    help="The split that is judged.",
)  # fmt: skip
@click.option(
    "--fraction", default=0.1, show_default=True, type=click.FloatRange(0, 0.5),
    help="Of the training patients, as validation where a manifest has none.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of that validation split.")
@click.option("-o", "--output", type=_FOLDER, default=Path("audit"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    data: tuple[Path, ...],
    weights: Path | None,
    split: str,
    fraction: float,
    seed: int,
    output: Path,
    as_json: bool,
) -> None:
    """Measure what shortcuts reach on labelled images, and what leaks across their splits.

    Shortcuts know no medicine: the image source alone, and linear models on the outer frame and on
    the whole of 32 x 32 thumbnails. Each source is also left out of the linear model once.
    """
    from trainer import audit_page
    from trainer.audit import audit, verdict
    from trainer.evaluate import chosen
    from trainer.manifest import read_manifests, with_validation

    entries = with_validation(read_manifests(data), fraction, seed)
    length = 3 * len(chosen(entries, split)) if weights else 0
    with progress_bar(length, "looking") as bar:
        found = audit(entries, split, weights, bar.update)
    page = audit_page.write(output, found)
    if as_json:
        click.echo((output / "audit.json").read_text(encoding="utf-8"), nl=False)
    else:
        for judged in audit_page.rows(found):
            click.echo(
                f"{judged.name:28}  accuracy {judged.accuracy.percent:24}  "
                f"COVID-19 / rest AUC {judged.against_rest}"
            )
        click.echo("\n" + "\n".join(verdict(found)))
    click.echo(f"{page}: everything in one page", err=True)
