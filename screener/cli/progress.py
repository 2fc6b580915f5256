"""How a running scan shows itself: JSON lines on stdout, or a bar on stderr if it is a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from screener import console
from screener.console import ExitCode
from screener.events import (
    BatchScored,
    FilesFound,
    RadiographRefused,
    Remarked,
    ScanEvent,
    ScanFinished,
    StudiesFetched,
    StudyScored,
)
from screener.study import LABELS, Refusal, StudyResult
from screener.text import plural, visible

SCHEMA = 1
"""Of the JSON lines."""

Show = Callable[[ScanEvent], ScanFinished | None]
"""Draws an event; gives back the last one."""


@contextmanager
def shown(*, as_json: bool) -> Iterator[Show]:
    """A way to show events, for as long as the scan runs."""
    if as_json:
        yield _print_json
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _last


def _last(event: ScanEvent) -> ScanFinished | None:
    if isinstance(event, Remarked):
        console.warn(event.words)
    return event if isinstance(event, ScanFinished) else None


def _print_json(event: ScanEvent) -> ScanFinished | None:
    line = {"schema": SCHEMA, "event": type(event).__name__, **facts(event)}
    try:
        console.say(json.dumps(line, default=str))
    except BrokenPipeError:  # nobody follows any more; what is scored is kept
        console.end(ExitCode.INTERRUPTED)
    return _last(event)


def facts(event: ScanEvent) -> dict[str, Any]:
    """An event's facts as JSON has them; of a patient there is nothing but the study's key."""
    if isinstance(event, RadiographRefused):
        return {"study": event.refusal.study_key, **_refusal(event.refusal)}
    if isinstance(event, StudyScored):
        return _study(event.result)
    return asdict(event)


def _study(result: StudyResult) -> dict[str, Any]:
    return {
        "study": result.study.key,
        "outcome": result.outcome,
        "score": result.score,
        "label": result.label,
        "radiographs": [
            {
                "path": str(score.radiograph.path),
                "digest": score.digest,
                "probabilities": dict(zip(LABELS, score.probabilities, strict=True)),
            }
            for score in result.scores
        ],
        "refusals": [_refusal(refusal) for refusal in result.refusals],
    }


def _refusal(refusal: Refusal) -> dict[str, str]:
    return {
        "path": str(refusal.path),
        "outcome": refusal.outcome,
        "reason": refusal.reason,
    }


@contextmanager
def _bar() -> Iterator[Show]:
    """One line: files found, then radiographs done, studies scored, speed and time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    studies = 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking for studies", total=None, done="", rate="")

        def show(event: ScanEvent) -> ScanFinished | None:
            nonlocal studies
            if isinstance(event, StudiesFetched):
                done = f"{event.studies:,} of {event.of:,} studies fetched"
                bar.update(task, description=done, completed=event.studies, total=event.of)
            elif isinstance(event, FilesFound):
                bar.update(task, description=f"{event.files:,} files found")
            elif isinstance(event, StudyScored):
                studies += 1
            elif isinstance(event, BatchScored):
                bar.update(
                    task,
                    completed=event.radiographs,
                    total=event.total,
                    done=f"{event.radiographs:,}/{event.total:,}",
                    description=f"{studies:,} studies scored",
                    rate=rate(event),
                )
            elif isinstance(event, Remarked):
                bar.console.print(f"warning: {visible(event.words)}", markup=False)
                return None
            return _last(event)

        yield show


def rate(event: BatchScored) -> str:
    """Speed and time left in words, nothing before there is a speed."""
    speed = event.images_per_second
    if not speed:
        return ""
    left = round((event.total - event.radiographs) / speed)
    return f"{speed:.1f} images/s, {left // 60}:{left % 60:02} left"


def closing(event: ScanFinished) -> str:
    """How long a scan took, and the share of each stage in it."""
    shares = ", ".join(
        f"{stage} {spent / max(event.seconds, 1e-6):.0%}" for stage, spent in event.stages.items()
    )
    return f"{plural(event.found, 'file')} in {event.seconds:.1f} s: {shares}"
