"""``screener forget``: remove studies, with scores and reviews, from the results."""

from __future__ import annotations

from pathlib import Path

import click

from screener import console
from screener.cli import options
from screener.text import visible


@click.command()
@click.argument("study", required=False)
@options.results_folder
@click.option("--all", "everything", is_flag=True, help="Remove all studies.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(study: str | None, results: Path, everything: bool, yes: bool) -> None:
    """Remove STUDY from the results.

    A rank, or a pseudonym, a key or a file's name, or what only one of them begins with.

    The radiographs themselves are not touched. The removal stands in audit.jsonl. Reports and
    exports made earlier still show the study.
    """
    if everything and (folder := options.folder_alone(study)):
        study, results = None, folder
    if bool(study) == everything:
        raise click.UsageError("Give either a STUDY or --all.")
    from screener.results import export, lock
    from screener.results.audit_log import AuditLog
    from screener.results.store import Store
    from screener.results.worklist import Worklist
    from screener.tui.assess.sitting import Answers
    from screener.tui.outbox import Outbox

    with Store.open(results) as store, lock.held(results), AuditLog(results) as log:
        worklist = Worklist(store)
        key = worklist.find(study) if study else None
        question = (
            f"Remove study {visible(key)}" if key else f"Remove all {worklist.count()} studies"
        )
        if not yes and not click.confirm(f"{question} with scores and reviews?", err=True):
            console.note("nothing removed")
            return
        removed = store.forget(key)
        Outbox.forget(results, key)
        Answers.forget(results, key)
        log.forgotten(key, removed)
        export.write_worklist(worklist, results)
    console.note(
        f"{removed} removed; worklist.csv and worklist.json are new, make the report again"
    )
