"""``screener assess adopt``: thresholds of this site's own, taken over and taken back.

Refuses what the reading does not carry; changes bands, and no stored score.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import assessing, options
from screener.errors import StoreError
from screener.quantities import Number
from screener.study import Band
from screener.text import visible

if TYPE_CHECKING:
    from screener.results.site import Site
    from screener.results.store import Store
    from screener.results.worklist import Worklist


@click.command()
@options.results_folder
@assessing.draw_option
@assessing.labels_option
@click.option(
    "--sensitivity",
    type=Number(0.5, 0.999),
    help="Part of the suspicious studies that PRIORITY and ELEVATED are to hold together.  "
    "[default: 0.9]",
)
@click.option("--elevated", type=Number(0, 1), help="Least score of ELEVATED, instead.")
@click.option("--priority", type=Number(0, 1), help="Least score of PRIORITY.  [default: today's]")
@click.option("--undo", is_flag=True, help="Take back what was adopted last.")
def adopt(
    results: Path,
    name: str | None,
    labels: Path | None,
    sensitivity: float | None,
    elevated: float | None,
    priority: float | None,
    undo: bool,
) -> None:
    """Take thresholds and a re-centred calibration over from this site's own figures.

    They hold for these weights only, are named in every output, and move studies between bands;
    no stored score is changed. Refused where too little was judged.
    """
    if elevated is not None and sensitivity is not None:
        raise click.UsageError("--elevated and --sensitivity exclude each other.")
    chosen = (name, labels, sensitivity, elevated, priority)
    if undo and any(value is not None for value in chosen):
        raise click.UsageError("--undo takes no other option.")
    from screener.results import lock
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    with Store.open(results) as store, lock.held(results):
        worklist = Worklist(store)
        if undo:
            _undo(store)
        else:
            _adopt(
                worklist, assessing.site_of(worklist, name, labels), sensitivity, elevated, priority
            )
        _rewrite(worklist)


def _adopt(
    worklist: Worklist,
    found: Site,
    sensitivity: float | None,
    elevated: float | None,
    priority: float | None,
) -> None:
    """Take over, or say what is missing.

    Raises:
        StoreError: the sample does not carry it.
    """
    from screener.results import adoption, summaries
    from screener.results import site as sites
    from screener.results.site_export import percent

    if missing := sites.lacking(found):
        raise StoreError(
            f"too little is judged to take thresholds over; needs {'; '.join(missing)}"
        )
    thresholds, at = sites.proposal(
        found, sensitivity=sensitivity, elevated=elevated, priority=priority
    )
    if reason := sites.too_wide(found, at):
        raise StoreError(f"nothing adopted: {reason}")
    adopted = adoption.Adoption(
        thresholds[Band.PRIORITY],
        thresholds[Band.ELEVATED],
        found.figures.intercept.value or 0.0,
        f"{found.evidence.source}, {found.figures.judged} judged; sensitivity from ELEVATED up "
        f"{percent(at.sensitivity)}",
        datetime.now(UTC),
    )
    with worklist.store.transaction() as connection:
        adoption.adopt(connection, adopted)
        summaries.refresh_all(connection)
    _log(worklist.store, adopted.thresholds, adopted.source)
    for band, least in adopted.thresholds.items():
        console.say(f"{band:9} from a suspicion score of {least:.4f} (was {found.today[band]:.4f})")
    console.say(f"logit     {adopted.intercept:+.3f}, for the share that readers call suspicious")
    console.say(visible(adopted.words))


def _undo(store: Store) -> None:
    from screener.results import adoption, summaries
    from screener.results.worklist import Worklist

    with store.transaction() as connection:
        gone = adoption.take_back(connection, datetime.now(UTC))
        summaries.refresh_all(connection)
    _log(store, None, gone.source)
    for band, least in Worklist(store).card().thresholds.items():
        console.say(f"{band:9} from a suspicion score of {least:.4f}")
    console.note(f"taken back: what was {gone.words}")


def _log(store: Store, thresholds: dict[str, float] | None, source: str) -> None:
    from screener.results.audit_log import AuditLog

    with AuditLog(store.folder) as log:
        log.adopted(thresholds, source)


def _rewrite(worklist: Worklist) -> None:
    """Write the files of the list anew, whose bands are others now."""
    from screener.results import export

    export.write_worklist(worklist, worklist.store.folder)
    console.note("worklist.csv and worklist.json are new, make the report again")
    if lacking := worklist.unexplained():
        console.note(
            f"{lacking} of the studies in PRIORITY and ELEVATED have no proven map; make them: "
            "screener explain --band PRIORITY --band ELEVATED"
        )
