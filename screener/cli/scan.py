"""``screener scan``: score the studies in folders and rank them.

Draws the events of :mod:`screener.scan`, or streams them as JSON lines, then writes the worklist
and the report. Nothing of a patient is printed that the policy does not keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screener import console
from screener.cli import options as shared
from screener.cli.archive import Rounds
from screener.console import ExitCode
from screener.quantities import AT_ONCE, MANY, Number
from screener.results.files import FETCHED, OBJECTS
from screener.study import MAX_PIXELS
from screener.text import plural, visible

if TYPE_CHECKING:
    from screener.cli.progress import Show
    from screener.events import ScanFinished
    from screener.plan import Settings
    from screener.study import Refusal

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument(
    "folders",
    metavar="FOLDER...",
    nargs=-1,
    type=shared.FolderAnywhere(),
)
@shared.output_option
@shared.weights_option
@shared.device_option
@shared.engine_option
@click.option("--batch-size", type=AT_ONCE, help="Radiographs at once.")
@click.option("--workers", type=AT_ONCE, help="Processes that decode.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    default="",
    help="Compute on the machines of Ray: local, auto or HOST:PORT.",
)
@shared.group_option
@shared.identify_option
@click.option(
    "--tta",
    "views",
    metavar="N",
    type=AT_ONCE,
    default=1,
    help="Average N slightly moved views of each radiograph, and give their spread.",
)
@shared.maps_option
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
@shared.no_report_option
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
@click.option(
    "--dicomweb", metavar="URL", help="Fetch the radiographs of an archive and scan them."
)
@click.option(
    "--query",
    metavar="ATTRIBUTES",
    default="",
    help="Which of its studies, as in StudyDate=20200301-20200331&PatientSex=F.",
)
@click.option(
    "--cache",
    metavar="DIR",
    type=_FOLDER,
    help="Where fetched radiographs are kept.  [default: archive in the results folder]",
)
@click.option(
    "--cache-size",
    metavar="MB",
    type=MANY,
    default=20_000,
    show_default=True,
    help="What may stay in it; the end of the ranking goes first.",
)
@click.option("--json", "as_json", is_flag=True, help="Stream events as JSON lines.")
def command(
    weights: str | None,
    no_guard: bool,
    dry_run: bool,
    no_report: bool,
    as_dicom: bool,
    as_json: bool,
    dicomweb: str | None,
    query: str,
    cache: Path | None,
    cache_size: int,
    **options: Any,  # noqa: ANN401 (the fields of Settings by their names)
) -> None:
    """Score every study in FOLDER..., rank them, and write worklist and report.

    Research use only. The same command goes on after an interruption and scores only what is new.
    """
    if bool(dicomweb) == bool(options["folders"]) or (dicomweb and dry_run):
        raise click.UsageError("Give folders, or --dicomweb URL, which knows no --dry-run.")
    from screener.cli import progress
    from screener.cli.stop import stoppable

    with stoppable() as stop, progress.shown(as_json=as_json) as show:
        from screener.cli import objects  # under the bar: what it takes is not silent

        settings = shared.scan_settings(weights, guarded=not no_guard, **options)
        if as_dicom:
            objects.check(settings.results / OBJECTS)
        ran, archive = _Ran(), None
        if dicomweb:
            kept = cache or settings.results / FETCHED
            archive = Rounds(dicomweb, query, kept, cache_size, settings.results, show, stop.is_set)
        for folders in archive or [settings.folders]:
            ran.run(replace(settings, folders=folders), show, stop.is_set, dry=dry_run)
    if stop.is_set():
        console.note("interrupted; what was scored is kept, the same command goes on from there")
        console.end(stop.code or ExitCode.INTERRUPTED)
    if dry_run:
        _say_dry_run(ran.finished[-1], () if as_json else ran.refusals)
        return
    ran.missing = archive.missing if archive else 0
    _conclude(ran, settings, with_report=not no_report, as_dicom=as_dicom, as_json=as_json)


@dataclass
class _Ran:
    """What came of the scans of a command: one, or one a round of an archive's studies."""

    finished: list[ScanFinished] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    """Of a dry run."""

    missing: int = 0
    """Objects that an archive did not give."""

    @property
    def is_incomplete(self) -> bool:
        """Whether a film has no score."""
        return self.missing > 0 or any(
            finished.scored < finished.found for finished in self.finished
        )

    def run(self, settings: Settings, show: Show, stop: Callable[[], bool], *, dry: bool) -> None:
        """Scan once, and show how."""
        from screener import scan
        from screener.events import RadiographRefused

        run = scan.dry_run if dry else scan.scan
        with closing(run(settings, stop)) as events:
            for event in events:
                if finished := show(event):
                    self.finished.append(finished)
                if dry and isinstance(event, RadiographRefused):
                    self.refusals.append(event.refusal)


def _conclude(
    ran: _Ran, settings: Settings, *, with_report: bool, as_dicom: bool, as_json: bool
) -> None:
    """Write what follows from the scores, show it, and end with what came of it."""
    from screener.cli import objects, outputs

    outputs.write(settings.results, with_report=with_report)
    if settings.adapt:
        _say_what_was_not_adapted(settings.results)
    if not as_json:
        _print(ran.finished, settings.results)
    if as_dicom:
        objects.write(settings.results, settings.results / OBJECTS)
    if ran.is_incomplete:
        console.end(ExitCode.REFUSALS)


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


def _print(ran: Iterable[ScanFinished], results: Path) -> None:
    """The worklist for the person who waits for it, and how to go on."""
    from screener.cli.options import opened
    from screener.cli.progress import closing as closing_line
    from screener.cli.table import compared_line, hint, print_worklist
    from screener.results.since import compared

    with suppress(BrokenPipeError):  # who has seen enough of the table still gets the code
        for finished in ran:
            console.say(closing_line(finished))
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
