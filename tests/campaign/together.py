"""What results must hold that many use at once: two scans, a review, reports and exports."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sample_data.make_phantoms import STUDIES
from screener.errors import StoreBusyError, StoreNotFoundError
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import Review, Verdict
from tests.campaign.scans import Row, command, scan

SECONDS = 180
BUSY, FINISHED = 1, (0, 3)
EARLY = ("no results here", "nothing scanned yet")
"""What is said of results that are not there yet."""
USES = (["list"], ["report", "-o", "{}.pdf"], ["export", "--format", "csv", "-o", "{}.csv"],
        ["export", "--format", "html", "-o", "{}.html"], ["list", "--all"])  # fmt: skip


def together(rounds: int, folder: Path) -> Row:
    """Scan twice into one folder while others read it, write of it and review it."""
    row = Row("uses of results at once")
    folder.mkdir(parents=True)
    scan(STUDIES, to=folder / "whole", timeout=SECONDS)
    for number in range(rounds):
        to = folder / f"results-{number}"
        scans = [_started(command([STUDIES], to)) for _ in range(2)]
        entered = 0
        while any(one.poll() is None for one in scans):
            entered += _reviewed(to)
            uses = [_started(_command(use, to, folder / f"{number}")) for use in USES]
            row.tried += len(uses)
            row.lost += [words for use in uses for words in _wrong(use, may_lack=True)]
        row.tried += len(scans)
        row.lost += [words for one in scans for words in _wrong(one)]
        row.lost += _ended(to, folder / "whole", entered)
        shutil.rmtree(to)
    return row


def _started(line: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _command(use: list[str], to: Path, written: Path) -> list[str]:
    options = [word.format(written) for word in use[1:]]
    return [sys.executable, "-m", "screener.cli.main", use[0], *options, str(to)]


def _wrong(process: subprocess.Popen[str], *, may_lack: bool = False) -> Iterator[str]:
    """What is wrong with how a command ended; before there are results it may say so."""
    _, said = process.communicate(timeout=SECONDS)
    is_early = may_lack and any(words in said for words in EARLY)
    is_kept_out = process.returncode == BUSY and "another scan is writing here" in said
    if "Traceback" in said or not (process.returncode in FINISHED or is_early or is_kept_out):
        yield f"{process.args!r} ended with {process.returncode}: {said[-300:]!r}"


def _reviewed(to: Path) -> int:
    """Enter a verdict for each study that is there; how many the store says it has."""
    entered, moment = 0, datetime.now(UTC)
    try:
        with Store.open(to) as store:
            for study in list(Worklist(store).rows()):
                store.add_review(
                    Review(study.key, "together", Verdict.AGREE, None, False, "", moment)
                )
                entered += 1
    except (StoreNotFoundError, StoreBusyError):
        time.sleep(0.1)
    return entered


def _ended(to: Path, whole: Path, entered: int) -> Iterator[str]:
    """What is not as if the scans had been alone, or was entered and is not there."""
    with Store.reading(to) as store:
        kept = len(list(store.reviews()))
    if kept != entered:
        yield f"{kept} review entries of {entered}"
    ran = scan(STUDIES, to=to, timeout=SECONDS)
    if ran.returncode not in FINISHED:
        yield f"the next scan ended with {ran.returncode}"
    if (to / "worklist.json").read_bytes() != (whole / "worklist.json").read_bytes():
        yield "another worklist.json than undisturbed"
