"""``screener status``: what waits in the spool of ``screener listen``, and whether it works."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from screener import console
from screener.cli import options
from screener.console import ExitCode
from screener.text import plural, visible

SILENT = 60.0
"""Seconds without a line of health after which a listener counts as gone."""


@click.command()
@click.argument("spool", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.json_option
def command(spool: Path, as_json: bool) -> None:
    """Say what waits in SPOOL, and whether its listener works.

    Exit code 1 where it does not, or where the archive refuses something: for a supervisor.
    """
    from dataclasses import asdict

    from screener.pacs import health

    found = health.read(spool)
    age = time.time() - found.at
    works = age <= SILENT
    if as_json:
        console.say(
            json.dumps({"schema": 1, "works": works, "age": round(age, 1), **asdict(found)})
        )
    else:
        console.say("listening" if works else f"not listening: nothing heard for {age:.0f} s")
        console.say(f"{plural(found.studies_waiting, 'study', 'studies')} to score")
        more = f", {found.objects_refused:,} refused for good" if found.objects_refused else ""
        console.say(f"{plural(found.objects_waiting, 'object')} to send{more}")
        if found.objects_uncommitted:
            objects = plural(found.objects_uncommitted, "object")
            console.say(f"{objects} sent, and not yet committed to by the archive")
        if found.failure:
            console.say(visible(f"archive: {found.failure}"))
    if not works or found.failure or found.objects_refused:
        console.end(ExitCode.FAILED)
