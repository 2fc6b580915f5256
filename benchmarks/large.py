"""Folders of 100,000 files: the walk with its headers, a second scan of what is known, memory.

    python -m benchmarks.large [--files 100000]

Each file is a small study of its own, made from a few written ones by changing its numbers. What a
first scan would store is put into the results folder without decoding: a second scan reads headers,
asks the store and ranks, and that is what is timed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.headers import write_files
from benchmarks.scan import scan, spent

DISTINCT = 9
PER_FOLDER = 1000
NUMBER = b"9999999"
WEIGHTS = "covid-lite"


def write_many(root: Path, files: int) -> Path:
    """Files that differ in the numbers of study, image and person."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), DISTINCT, first=int(NUMBER) - DISTINCT + 1, side=64)
        written = [path.read_bytes() for path in sorted(Path(folder).rglob("*.dcm"))]
    stamps = [str(int(NUMBER) - DISTINCT + 1 + i).encode() for i in range(DISTINCT)]
    for number in range(files):
        if number % PER_FOLDER == 0:
            below = root / f"{number // PER_FOLDER:04}"
            below.mkdir(parents=True)
        content = written[number % DISTINCT]
        own = str(1_000_000 + number).encode()
        (below / f"{number:07}.dcm").write_bytes(content.replace(stamps[number % DISTINCT], own))
    return root


def walk(root: Path) -> None:
    """The survey alone, in a process of its own; prints files, seconds and CPU seconds."""
    from screener.network.device import readers
    from screener.reading.headers import read_all
    from screener.reading.survey import survey

    began, cpu = time.perf_counter(), time.process_time()
    steps = survey([root], read=partial(read_all, workers=readers()))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    print(f"| {found.found:,} | {took:.1f} | {found.found / took:.0f} | {worked:.1f} |")


def fill(root: Path, results: Path) -> None:
    """What a first scan of the folder would have stored, with scores by the dice."""
    from screener.card import identity, load_card
    from screener.network import device
    from screener.network.weights import bundled
    from screener.plan import Settings
    from screener.reading.survey import survey
    from screener.results import files, pseudonym
    from screener.results.store import Store
    from screener.study import RadiographScore

    settings = Settings((root,), results, bundled(WEIGHTS), device="cpu")
    card = load_card(settings.weights)
    place = device.choose("cpu", input_size=card.input_size, weights=settings.weights)
    key = identity(card, settings.pipeline, place.arithmetic), settings.pipeline
    named = partial(pseudonym.study_key, key=pseudonym.load_key())
    steps = survey([root], named=named, ours=files.ours)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
    dice = np.random.default_rng(0).dirichlet((1, 1, 1, 1), found.found)
    now = datetime.now(UTC)
    with Store.create(results) as store:
        store.add_weights(card, key[0])
        run = store.begin_run(
            settings.folders,
            key[0],
            device=place.describe(),
            pipeline=key[1],
            started_at=now,
            options=settings.options,
        )
        store.put_studies(found.studies)
        store.put_scores(
            (
                RadiographScore(one, f"sha256:{number:064x}", tuple(dice[number].tolist()))
                for number, one in enumerate(found.radiographs)
            ),
            *key,
        )
        store.finish_run(run.id, now)


PARTS: dict[str, Callable[..., None]] = {"walk": walk, "fill": fill}


def measure(files: int) -> None:
    """All of it, at a hundredth of the files and at all."""
    print(
        "| files | walk and headers, s | files/s | CPU of the walk, s |\n|--:|--:|--:|--:|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as place:
        roots = [write_many(Path(place, str(count)), count) for count in (files // 100, files)]
        for root in roots:
            for _ in range(2):  # the second is warm
                part("walk", root, silent=False)
        print("\n| files | second scan, s | CPU, s | peak, MB |\n|--:|--:|--:|--:|", flush=True)
        for root in roots:
            results = Path(place, root.name + "-results")
            part("fill", root, results)
            cpu, wall, peak = scan(root, Path(WEIGHTS), into=results)
            print(f"| {root.name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True)


def part(name: str, *arguments: Path, silent: bool = True) -> tuple[float, float, float]:
    """One of :data:`PARTS` as a process."""
    return spent(sys.executable, "-m", "benchmarks.large", name, *arguments, silent=silent)


def main() -> None:
    """Measure, or run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["all", *PARTS], nargs="?", default="all")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    if options.what in PARTS:
        PARTS[options.what](*options.paths)
        return
    measure(options.files)


if __name__ == "__main__":
    main()
