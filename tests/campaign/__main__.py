"""The campaign: hostile files and kills by the thousand, and the tests that kill other programs.

    python -m tests.campaign [--files 20000] [--kills 100] [--associations 10000] [--seed 0]

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
from pathlib import Path

from tests.campaign import hostile
from tests.campaign.archive import answers
from tests.campaign.disks import disks
from tests.campaign.long_life import watched_week, week
from tests.campaign.network import associations
from tests.campaign.pages import pages
from tests.campaign.scans import Row, hostile_files, kills, not_held, smallest
from tests.campaign.together import together

BATCH = 500
KEPT = Path("campaign-lost")
OTHERS = {
    "kills of a fit": ("tests/trainer/fitting", "killed"),
    "kills of the listener and the archive": ("tests/pacs", "kill"),
    "kills and locks of the review": ("tests/tui", "kill or lock or survive"),
    "identities in every output": ("tests/test_privacy.py tests/pacs/test_sharing.py", ""),
    "results that fail": ("tests/results tests/test_whole.py", "full or disk or lock or damaged"),
}
"""Tests of the suite, slow ones too, that are trials of a kind."""


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description="Try to lose a study, or to leak a name.")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--associations", type=int, default=10_000)
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--writes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-tests", action="store_true", help="Leave the suite's own trials out.")
    options = parser.parse_args()
    began, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCREENER_DATA_DIR"] = str(Path(folder) / "data")
        rows.append(_files(options.seed, options.files, Path(folder)))
        rows.append(kills(options.seed, options.kills, Path(folder) / "kills"))
        rows += disks(options.seed, options.writes, Path(folder) / "disks")
        rows.append(together(options.rounds, Path(folder) / "together"))
        rows.append(week(Path(folder) / "week"))
        rows.append(watched_week(Path(folder) / "watch"))
        rows.append(associations(options.seed, options.associations, Path(folder) / "network"))
        rows.append(answers(options.seed, options.answers, Path(folder) / "archive"))
        rows.append(pages(options.seed, options.requests, Path(folder) / "pages"))
    if not options.no_tests:
        rows += [_tests(kind, *which) for kind, which in OTHERS.items()]
    _print(rows, time.monotonic() - began)
    sys.exit(any(row.lost for row in rows))


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
        print(f"\r{whole.tried:,} files, {len(whole.lost)} lost", end="", file=sys.stderr)
    print(file=sys.stderr)
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
    print(f"{'':42}{'tried':>8}{'held':>8}{'lost':>8}")
    for row in rows:
        print(f"{row.kind:42}{row.tried:8,}{row.held:8,}{len(row.lost):8,}")
    print(f"in {seconds / 60:.0f} minutes")
    for row in rows:
        for words in row.lost[:20]:
            print(f"{row.kind}: {words}")


if __name__ == "__main__":
    main()
