"""``screener scan``: score the studies in folders and rank them.

Draws the events of :mod:`screener.scan`, or streams them as JSON lines, then writes the worklist
and the report. Nothing of a patient is printed that the policy does not keep.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screener import console, locations
from screener.cli import options as shared
from screener.console import ExitCode
from screener.quantities import AT_ONCE, MANY, Number
from screener.results.files import OBJECTS
from screener.study import MAX_PIXELS, Maps
from screener.text import plural, visible

if TYPE_CHECKING:
    from screener.events import ScanFinished
    from screener.scan import Settings
    from screener.study import Refusal

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument(
    "folders",
    metavar="FOLDER...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "-o",
    "--output",
    "--results",
    "results",
    metavar="DIR",
    type=_FOLDER,
    default=locations.RESULTS,
    show_default=True,
    help="The results folder; a scan run again goes on where it stopped.",
)
@shared.weights_option
@shared.device_option
@shared.engine_option
@click.option("--batch-size", type=AT_ONCE, help="Radiographs at once.")
@click.option("--workers", type=AT_ONCE, help="Processes that decode.")
@click.option(
    "--group",
    type=click.Choice(["auto", "folder", "file"]),
    default="auto",
    show_default=True,
    help="What is one study among PNG and JPEG files.",
)
@click.option(
    "--identify",
    type=click.Choice(["none", "id", "full"]),
    default="none",
    show_default=True,
    help="What of patients is kept and shown beside a pseudonym.",
)
@click.option(
    "--tta",
    "views",
    metavar="N",
    type=AT_ONCE,
    default=1,
    help="Average N slightly moved views of each radiograph, and give their spread.",
)
@click.option(
    "--maps",
    type=click.Choice([kind.value for kind in Maps]),
    default=Maps.PROVEN.value,
    show_default=True,
    help="Maps of PRIORITY and ELEVATED radiographs; only proven ones are drawn.",
)
@click.option(
    "--adapt",
    is_flag=True,
    help="Move the thresholds to the level of this scan's scores, from 100 films on; hides some "
    "where nearly all are ill.",
)
@click.option("--no-guard", is_flag=True, help="Score also what does not look like a chest film.")
@click.option(
    "--fix-inverted", is_flag=True, help="Score what looks like a negative as a positive."
)
@click.option("--rescore", is_flag=True, help="Score again what is already known.")
@click.option("--dry-run", is_flag=True, help="Only say what would be read and refused.")
@click.option("--no-report", is_flag=True, help="Write no report.pdf.")
@click.option("--dicom", "as_dicom", is_flag=True, help="Write the results as DICOM objects, too.")
@click.option(
    "--max-pixels",
    metavar="N",
    type=MANY,
    default=MAX_PIXELS,
    show_default=True,
    help="Most rows x columns that a file may declare.",
)
@click.option(
    "--timeout",
    "seconds",
    metavar="SECONDS",
    type=Number(0, 86_400, min_open=True),
    default=60.0,
    show_default=True,
    help="Longest time for decoding one file.",
)
@click.option("--json", "as_json", is_flag=True, help="Stream events as JSON lines.")
def command(
    weights: str | None,
    no_guard: bool,
    dry_run: bool,
    no_report: bool,
    as_dicom: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 (the fields of Settings by their names)
) -> None:
    """Score every study in FOLDER..., rank them, and write worklist and report.

    Research use only. The same command goes on after an interruption and scores only what is new.
    """
    from screener.cli import progress
    from screener.cli.stop import stoppable
    from screener.events import RadiographRefused

    finished, refusals = None, []
    with stoppable() as stop, progress.shown(as_json=as_json) as show:
        from screener import scan  # under the bar: it takes longer than one waits in silence
        from screener.cli import objects, outputs

        settings = _settings(weights, guarded=not no_guard, **options)
        if as_dicom:
            objects.check(settings.results / OBJECTS)
        run = scan.dry_run if dry_run else scan.scan
        with closing(run(settings, stop.is_set)) as events:
            for event in events:
                finished = show(event) or finished
                if dry_run and isinstance(event, RadiographRefused):
                    refusals.append(event.refusal)
    assert finished is not None
    if finished.interrupted:
        console.note("interrupted; what was scored is kept, the same command goes on from there")
        console.end(stop.code or ExitCode.INTERRUPTED)
    if dry_run:
        _say_dry_run(finished, () if as_json else refusals)
        return
    outputs.write(settings.results, with_report=not no_report)
    if settings.adapt:
        _say_what_was_not_adapted(settings.results)
    if not as_json:
        with suppress(BrokenPipeError):  # who has seen enough of the table still gets the code
            console.say(progress.closing(finished))
            _print(settings.results)
    if as_dicom:
        objects.write(settings.results, settings.results / OBJECTS)
    if finished.scored < finished.found:
        console.end(ExitCode.REFUSALS)


def _settings(weights: str | None, *, guarded: bool, **options: Any) -> Settings:  # noqa: ANN401
    from screener.network.weights import find
    from screener.reading.grouping import GroupBy
    from screener.scan import Settings

    options["group"] = GroupBy(options["group"])
    options["maps"] = Maps(options["maps"])
    return Settings(weights=find(weights, options["device"]), guarded=guarded, **options)


def _say_what_was_not_adapted(results: Path) -> None:
    """Why the thresholds did not follow the scan; where they did, the worklist says so."""
    from screener.cli.options import opened
    from screener.results.adapting import LEAST

    with opened(results) as worklist:
        adopted = worklist.adoption()
    if adopted is None:
        console.note(f"--adapt: fewer than {LEAST} films were scored; the weights' thresholds hold")
    elif adopted.by_reading:
        console.note("--adapt: what this site adopted from its own reading holds")


def _print(results: Path) -> None:
    """The worklist for the person who waits for it, and how to go on."""
    from screener.cli.options import opened
    from screener.cli.table import compared_line, hint, print_worklist
    from screener.results.since import compared

    with opened(results) as worklist:
        print_worklist(worklist)
        line = compared_line(compared(worklist.store))
    if line:
        console.say(f"{line}; '{hint('list --since last', results)}' shows what is new.")
    review = hint("review", results)
    console.say(f"Results in {visible(str(results))}; '{review}' goes through them.")


def _say_dry_run(finished: ScanFinished, refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        facts = (refusal.outcome, str(refusal.path), refusal.reason)
        console.say("\t".join(map(visible, facts)))
    console.note(
        f"{plural(finished.studies, 'study', 'studies')}, {plural(finished.found, 'file')}: "
        f"{finished.not_attempted} would be "
        f"read, {finished.unsuitable} unsuitable and {finished.unreadable} unreadable by their "
        "headers; nothing was scored or written"
    )
