"""``screener export``: the results for other programs, a browser or an archive."""

from __future__ import annotations

import os
from pathlib import Path

import click

from screener.cli import options
from screener.results.files import EXPORTS, OBJECTS, SHARED


@click.command()
@options.results_folder
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "json", "jsonl", "html", "dicom", "deidentified"]),
    default="csv",
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    help="The file to write, - for stdout; a folder for dicom and deidentified.  [default: "
    "export.csv, ..., dicom, deidentified in DIR]",
)
@click.option(
    "--dates",
    type=click.Choice(["removed", "shifted"]),
    default="removed",
    show_default=True,
    help="Of deidentified: shifted keeps them, as many days earlier for all of a patient.",
)
@click.option("--keep-device", is_flag=True, help="Of deidentified: keep what names the device.")
@click.option(
    "--annotated",
    is_flag=True,
    help="Of deidentified: also films that say text is burned into them, and captures.",
)
def command(
    *, results: Path, kind: str, out: Path | None, dates: str, keep_device: bool, annotated: bool
) -> None:
    """Write the results in DIR (default: ./screening) to a file, or to DICOM objects.

    All files hold the reviewers' verdicts and name each file that was not scored. HTML is the
    report for a browser. DICOM is a structured report for each study and a picture for each scored
    film, to go into the source's study: patient and study are copied from the source files.
    Deidentified is these and the scored films themselves without their patients (PS3.15 annex E);
    what is burned into a picture is not cleaned.
    """
    if kind == "dicom":
        from screener.cli.objects import write

        write(results, out or results / OBJECTS)
        return
    if kind == "deidentified":
        from screener.cli.objects import share

        folder = out or results / SHARED
        share(results, folder, shifted=dates == "shifted", device=keep_device, annotated=annotated)
        return
    out = out or results / EXPORTS[kind]
    if out.name and out.is_dir():
        raise click.BadParameter(f"File {str(out)!r} is a directory.", param_hint="'-o'")
    with options.destination(out) as file:
        _write_file(results, kind, file)


def _write_file(results: Path, kind: str, file: Path) -> None:
    if kind == "html":
        from screener.report import publication_time
        from screener.report.html import write_html

        write_html(results, file, generated_at=publication_time(os.environ))
        return
    from screener.results import export
    from screener.results.files import atomically
    from screener.results.worklist import ALL

    with options.opened(results) as worklist, atomically(file) as stream:
        export.WRITERS[kind](worklist, stream, ALL)
