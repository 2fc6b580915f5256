"""The worklist of a large store: any page, count, jump and whole export, in milliseconds.

    python -m benchmarks.worklist [STUDIES]

The slowest of five pages (first, quarter, middle, three quarters, last) is what counts, the best
of three turns each. CPU time, which other programs on the machine disturb least.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from sample_data.results import build_results
from screener.results import export
from screener.results.store import Store
from screener.results.worklist import ALL, Filter, Worklist
from screener.study import Band

PAGE = 50


def milliseconds(call: Callable[[], object]) -> float:
    """Best of three turns."""
    turns = []
    for _ in range(3):
        began = time.process_time()
        call()
        turns.append(time.process_time() - began)
    return 1000 * min(turns)


def slowest_page(worklist: Worklist, wanted: Filter) -> float:
    """The slowest of five pages over the whole length."""
    last = max(worklist.count(wanted) - PAGE, 0)
    offsets = [last * quarter // 4 for quarter in range(5)]
    return max(milliseconds(lambda at=at: worklist.page(wanted, at, PAGE)) for at in offsets)


def main() -> None:
    """Build, measure and print the table."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCREENER_DATA_DIR"] = folder
        results = Path(folder) / "results"
        builder = get_context("spawn").Process(target=build_results, args=(results, studies))
        builder.start()  # in a process of its own, whose memory is not ours
        builder.join()
        with Store.open(results) as store:
            _measure(Worklist(store), Path(folder))


def _measure(worklist: Worklist, folder: Path) -> None:
    key = worklist.page(ALL, worklist.count() - 10, 1)[0].key
    print(f"\n| {worklist.count():,} studies | ms |\n|---|---|")
    pages = {
        "by rank": ALL,
        "by date": Filter(sort="date"),
        "by patient, downwards": Filter(sort="patient", descending=True),
        "ROUTINE only": Filter(bands=(Band.ROUTINE,)),
        "unreviewed only": Filter(review="unreviewed"),
        "with a text that is rare": Filter(text="00001"),
    }
    for name, wanted in pages.items():
        print(f"| slowest page, {name} | {slowest_page(worklist, wanted):.1f} |")
    for name, call in {
        "counts": worklist.counts,
        "offset of a late study": lambda: worklist.offset_of(key),
        "next unreviewed": lambda: worklist.next_unreviewed(key),
        "one study in full": lambda: worklist.study(key),
        "histogram": worklist.histogram,
    }.items():
        print(f"| {name} | {milliseconds(call):.1f} |")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    export.write_worklist(worklist, folder)
    print(f"| worklist.csv and worklist.json | {1000 * (time.process_time() - began):.0f} |")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"\nMemory grew by {grown:.1f} MB while both files were written.")


if __name__ == "__main__":
    main()
