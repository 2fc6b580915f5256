"""The campaign: hostile files and kills by the thousand, and the tests that kill other programs.

    python -m tests.campaign [--files 20000] [--kills 100] [--associations 10000] ... [--seed 0]

Prints a table tried / held / lost, and keeps of the files that were lost as few as still are.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from screener.results.pseudonym import load_key
from tests.campaign import hostile
from tests.campaign.archive import answers
from tests.campaign.disks import disks
from tests.campaign.injection import injection
from tests.campaign.long_life import watched_week, week
from tests.campaign.network import associations
from tests.campaign.pages import pages
from tests.campaign.scans import WAYS, Row, hostile_files, kills, not_held, smallest
from tests.campaign.together import together

BATCH = 500
KEPT = Path("campaign-lost")
COUNTS = {
    "files": 20_000, "kills": 100, "stops": 80, "associations": 10_000, "answers": 10_000,
    "requests": 10_000, "writes": 40, "rounds": 5,
}  # fmt: skip
OTHERS = {
    "kills of a fit": ("tests/trainer/fitting", "killed"),
    "kills of the listener and the archive": ("tests/pacs", "kill"),
    "kills and locks of the review": ("tests/tui", "kill or lock or survive"),
    "identities in every output": ("tests/test_privacy.py tests/pacs/test_sharing.py", ""),
    "results that fail": ("tests/results tests/test_whole.py", "full or disk or lock or damaged"),
}
"""Tests of the suite, slow ones too, that are trials of a kind."""


Part = tuple[Callable[..., Row | list[Row]], tuple[object, ...]]


def main() -> None:
    """Run all of it, two parts at a time, each in a process of its own."""
    parser = argparse.ArgumentParser(description="Try to lose a study, or to leak a name.")
    for name, usual in COUNTS.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-tests", action="store_true", help="Leave the suite's own trials out.")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCREENER_DATA_DIR"] = str(Path(folder) / "data")
        load_key()
        context = get_context("spawn")
        with ProcessPoolExecutor(2, context, max_tasks_per_child=1) as pool:
            running = [
                pool.submit(part, *arguments) for part, arguments in _parts(options, Path(folder))
            ]
            rows = [row for one in running for row in _rows(one.result())]
    _print(rows, time.monotonic() - began)
    sys.exit(any(row.lost for row in rows))


def _parts(options: argparse.Namespace, folder: Path) -> Iterator[Part]:
    """The longest first, so that both halves of the machine end together."""
    seed = options.seed
    yield kills, (seed, options.kills, folder / "kills", WAYS[:1])
    yield associations, (seed, options.associations, folder / "network")
    yield _files, (seed, options.files, folder)
    yield kills, (seed, options.stops, folder / "stops", WAYS[1:])
    for kind, which in {} if options.no_tests else OTHERS.items():
        yield _tests, (kind, *which)
    yield disks, (seed, options.writes, folder / "disks")
    yield week, (folder / "week",)
    yield watched_week, (folder / "watch",)
    yield injection, (folder / "injection",)
    yield together, (options.rounds, folder / "together")
    yield pages, (seed, options.requests, folder / "pages")
    yield answers, (seed, options.answers, folder / "archive")


def _rows(found: Row | list[Row]) -> list[Row]:
    for row in (rows := found if isinstance(found, list) else [found]):
        print(f"{row.kind}: {row.held:,} of {row.tried:,} held", file=sys.stderr, flush=True)
    return rows


def _files(seed: int, count: int, folder: Path) -> Row:
    whole = Row("hostile files")
    for start in range(0, count, BATCH):
        place = folder / f"batch-{start}"
        row = hostile_files(seed + start // BATCH, min(BATCH, count - start), place)
        whole.tried += row.tried
        whole.lost += row.lost
        shutil.rmtree(place)
        if row.lost:
            _keep_smallest(seed + start // BATCH, row.tried, folder / "smaller")
    return whole


def _keep_smallest(seed: int, count: int, folder: Path) -> None:
    """Of files that were not held, keep as few as still are not; of a single one, as little."""

    def fails(files: list[tuple[bytes, bytes]]) -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return bool(not_held(files, folder))

    kept = smallest(list(hostile.files(seed, count)), fails)
    if len(kept) == 1:
        name, content = kept[0]
        kept = [(name, smallest(content, lambda part: fails([(name, part)])))]
    place = KEPT / str(seed)
    place.mkdir(parents=True, exist_ok=True)
    for name, content in kept:
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_bytes(content)


def _tests(kind: str, paths: str, words: str) -> Row:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "slow or not slow",
    ]
    run = subprocess.run(
        [*command, *paths.split(), *(["-k", words] if words else [])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    count = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", run.stdout)}
    failed = re.findall(r"^(?:FAILED|ERROR) (.*)$", run.stdout, re.MULTILINE)
    return Row(kind, sum(count.values()), failed or ([] if count else [run.stdout[-300:]]))


def _print(rows: list[Row], seconds: float) -> None:
    print(f"{'':58}{'tried':>8}{'held':>8}{'lost':>8}")
    for row in rows:
        print(f"{row.kind:58}{row.tried:8,}{row.held:8,}{len(row.lost):8,}")
    print(f"in {seconds / 60:.0f} minutes")
    for row in rows:
        for words in row.lost[:20]:
            print(f"{row.kind}: {words}")
