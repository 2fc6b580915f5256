"""``trainer prepare``: public datasets in their original layouts become manifests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener.console import ExitCode, end, note, say
from trainer.cli.options import check_place

if TYPE_CHECKING:
    from trainer.importers.found import Import

PROBLEMS_SHOWN = 20
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_output = click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder for images and manifest.csv.",
)  # fmt: skip


@click.group("prepare")
def command() -> None:
    """Make a dataset from images in their original layout: images, hashes, manifest.csv.

    Missing images, patients and pictures in more than one split are reported as problems, and the
    exit code is then 3. Images are linked where possible, copied otherwise.
    """


@command.command("kermany")
@click.argument("folder", type=_FOLDER)
@_output
def _kermany(folder: Path, output: Path) -> None:
    """Kermany's chest_xray: {train,test}/{NORMAL,PNEUMONIA}."""
    from trainer.importers import kermany

    _prepare(kermany.read(folder), output)


@command.command("cohen")
@click.argument("folder", type=_FOLDER)
@_output
def _cohen(folder: Path, output: Path) -> None:
    """A checkout of Cohen's covid-chestxray-dataset: metadata.csv and images."""
    from trainer.importers import cohen

    _prepare(cohen.read(folder), output)


@command.command("covidx-v1")
@click.option("--kermany", type=_FOLDER, required=True, help="Kermany's chest_xray.")
@click.option("--cohen", type=_FOLDER, required=True, help="Cohen's checkout of March 2020.")
@click.option("--lists", type=_FOLDER, required=True, help="Has train_split*.txt, test_split*.txt.")
@_output
def _covidx(kermany: Path, cohen: Path, lists: Path, output: Path) -> None:
    """The paper's benchmark: 5,941 images by the published lists."""
    from trainer.importers import cohen as cohen_set
    from trainer.importers import covidx
    from trainer.importers import kermany as kermany_set

    sources = (kermany_set.read(kermany), cohen_set.read(cohen))
    for source in sources:
        say(f"{source.name}: {len(source.entries)} found / {source.expected} expected")
    _prepare(covidx.read(lists, sources), output)


@command.command("folders")
@click.argument("folder", type=_FOLDER)
@click.option("--source", help="Name of the source in the manifest; the folder's if not given.")
@click.option("--patient", default="", help="Pattern whose first group is the patient in a name.")
@_output
def _folders(folder: Path, source: str | None, patient: str, output: Path) -> None:
    """Class folders: label/... or split/label/..., of PNG, JPEG or DICOM files."""
    from trainer.importers import folders

    _prepare(folders.read(folder, source or folder.resolve().name, patient), output)


def _prepare(imported: Import, output: Path) -> None:
    from trainer.importers.prepare import prepare

    check_place(output)
    made = prepare(imported, output)
    say(f"{imported.name}: {len(made.entries)} found / {made.expected} expected")
    counts = Counter((entry.split, entry.label) for entry in made.entries)
    for (split, label), count in sorted(counts.items()):
        say(f"  {split:6} {label:12} {count:6}")
    for reason, count in sorted(imported.left_aside.items()):
        say(f"  left aside: {count} ({reason})")
    for problem in made.problems[:PROBLEMS_SHOWN]:
        note(f"problem: {problem}")
    if len(made.problems) > PROBLEMS_SHOWN:
        note(f"and {len(made.problems) - PROBLEMS_SHOWN} problems more")
    note(f"{made.manifest}: written")
    if made.problems:
        end(ExitCode.REFUSALS)
