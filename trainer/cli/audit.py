"""``trainer audit``: is it the disease, or where the image comes from?"""

from __future__ import annotations

from pathlib import Path

import click

from screener.console import ExitCode, end, note, say
from trainer.cli.datasets import EXISTING, judging_options, read_entries
from trainer.cli.options import check_place, device_option
from trainer.cli.progress import progress_bar


@click.command("audit")
@judging_options("test", "val", output="audit")
@click.option(
    "--weights",
    type=EXISTING,
    help="Look at these weights too: whole, border, centre, lungs.",
)
@device_option
def command(
    data: tuple[Path, ...],
    split: str,
    fraction: float,
    seed: int,
    output: Path,
    as_json: bool,
    weights: Path | None,
    device: str,
) -> None:
    """Measure what shortcuts reach on labelled images, and what leaks across their splits.

    Shortcuts know no medicine: the image source alone, and linear models on the outer frame and on
    the whole of 32 x 32 thumbnails. Each source is also left out of the linear model once.
    """
    from trainer.judging.audit import audit, verdict, views
    from trainer.judging.evaluate import chosen
    from trainer.pages import audit as audit_page

    check_place(output)
    entries = read_entries(data, fraction, seed)
    length = len(views()) * len(chosen(entries, split)) if weights else 0
    with progress_bar(length, "looking") as bar:
        found = audit(entries, split, weights, device=device, progress=bar.update)
    page = audit_page.write(output, found)
    if as_json:
        say((output / "audit.json").read_text(encoding="utf-8").rstrip())
    else:
        for judged in audit_page.rows(found):
            say(
                f"{judged.name:29}  accuracy {judged.accuracy.percent:24}  "
                f"COVID-19 / rest AUC {judged.against_rest}"
            )
        say("\n" + "\n".join(verdict(found)))
    note(f"{page}: everything on one page")
    if aside := sum(entry.split == "aux" for entry in entries):
        note(f"{aside} images of split 'aux' were not looked at")
    if found.unread:
        note(f"{len(found.unread)} of {found.listed} images could not be read")
        end(ExitCode.REFUSALS)
