"""A scan on Ray: what a second worker is worth, what Ray costs, and a million files.

    python -m benchmarks.cluster speed [--films 300]      # one and two workers, and no Ray
    python -m benchmarks.cluster large [--files 1000000]  # memory and time of the driver

``speed``: every worker is pinned to a core of its own, as if it were a machine; films of
2000 x 2000 pixels through bundled weights. Counted are films a second from the first batch to the
last, and the whole with its start. ``large``: the survey, the scheduling, the store and the lists
are the real ones; a worker only says what a film's score is, by the dice.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from benchmarks.large import write_many
from benchmarks.scan import films
from screener import cluster
from screener.cli import outputs
from screener.computing import Done
from screener.digest import digest_of_bytes
from screener.events import BatchScored, ScanFinished
from screener.network.weights import find
from screener.plan import Settings
from screener.scan import scan
from screener.study import Maps, Radiograph, RadiographScore

WEIGHTS = "covid-lite"
PORT = 6399
RAY = (Path(sys.executable).with_name("ray"), "start", "--num-cpus", "1", "--disable-usage-stats")


class Dice(cluster.Worker):
    """A worker that decodes nothing and computes nothing."""

    def results(self, radiographs: Sequence[Radiograph]) -> list[Done]:
        """A score for each, which its path decides."""
        return [Done([_invented(one) for one in radiographs], {}, {})]


def _invented(radiograph: Radiograph) -> RadiographScore:
    name = os.fsencode(radiograph.path)
    parts = [1 + byte for byte in sha256(name).digest()[:4]]
    total = sum(parts)
    probabilities = tuple(part / total for part in parts)
    return RadiographScore(radiograph, digest_of_bytes(name), probabilities, None, None, None)


# Speed


@contextmanager
def nodes(number: int) -> Iterator[str]:
    """A cluster of so many nodes, each on a core of its own; its address."""
    address = f"127.0.0.1:{PORT}"
    starts = [("--head", f"--port={PORT}"), *[(f"--address={address}",)] * (number - 1)]
    try:
        for core, options in enumerate(starts):
            command = ["taskset", "-c", str(core), *map(str, RAY), *options]
            subprocess.run(command, check=True, capture_output=True)
        yield address
    finally:
        subprocess.run([str(RAY[0]), "stop", "--force"], check=True, capture_output=True)


def timed(folder: Path, to: Path, address: str, workers: int | None) -> tuple[float, float]:
    """Films a second from the first batch on, and seconds of the whole."""
    settings = Settings(
        (folder,),
        to,
        find(WEIGHTS, "cpu"),
        "cpu",
        workers=workers,
        maps=Maps.NONE,
        guarded=False,
        cluster=address,
    )
    began = time.perf_counter()
    done = [
        (time.perf_counter(), event.radiographs)
        for event in scan(settings, lambda: False)
        if isinstance(event, BatchScored) and event.radiographs
    ]
    took = time.perf_counter() - began
    (first, before), (last, after) = done[0], done[-1]
    return (after - before) / (last - first), took


def speed(number: int, turns: int) -> None:
    """One worker, two, and the plain scan, in turns."""
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = films(Path(place, "films"), number)
        for turn in range(turns):
            for name, many in (("one worker", 1), ("two workers", 2), ("no Ray", 0)):
                to = Path(place, f"{turn}-{many}")
                if many:
                    with nodes(many) as address:
                        rate, took = timed(folder, to, address, None)
                else:
                    rate, took = timed(folder, to, "", None)
                rates.setdefault(name, []).append(rate)
                print(f"| {name} | {number} | {rate:.1f} | {took:.1f} |", flush=True)
    middle = {name: statistics.median(own) for name, own in rates.items()}
    print(f"efficiency of two workers {middle['two workers'] / middle['one worker'] / 2:.2f}")
    print(f"against no Ray {middle['no Ray'] / middle['two workers']:.2f} times its time")


# A million files


def large(counts: Iterable[int], keep: Path | None) -> None:
    """The driver's memory and time, each number of files in a process of its own."""
    print("| files | survey, s | network, s | store, s | lists, s | scan, MB | lists, MB |")
    print("|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for count in counts:
            root = write_many(Path(place, str(count)), count)
            to = Path(keep or place, f"results-{count}")
            command = [sys.executable, "-m", "benchmarks.cluster", "driver", str(root), str(to)]
            subprocess.run(command, check=True)


def driver(root: Path, to: Path) -> None:
    """A scan whose workers throw dice; prints a line of the table."""
    cluster.Worker = Dice  # type: ignore[misc]
    settings = Settings((root,), to, find(WEIGHTS, "cpu"), "cpu", maps=Maps.NONE, cluster="local")
    (end,) = deque(scan(settings, lambda: False), maxlen=1)  # the others are not kept
    assert isinstance(end, ScanFinished)
    peak = _peak()
    began = time.perf_counter()
    outputs.write(to, with_report=False)
    took = time.perf_counter() - began
    stages = " | ".join(f"{end.stages[name]:.0f}" for name in ("survey", "network", "store"))
    print(f"| {end.found:,} | {stages} | {took:.0f} | {peak:.0f} | {_peak():.0f} |", flush=True)


def _peak() -> float:
    """Of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "large", "driver"])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder for the results")
    options = parser.parse_args()
    if options.what == "driver":
        driver(*options.paths)
    elif options.what == "speed":
        speed(options.films, options.turns)
    else:
        large((10_000, options.files), options.keep)


if __name__ == "__main__":
    main()
