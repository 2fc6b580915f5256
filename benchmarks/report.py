"""Pages a second and peak memory of the report and its HTML twin, at 500 and at 5,000 studies.

    python -m benchmarks.report    (Linux)

One study in 12.5 is PRIORITY and has a picture of 1500 x 1250 pixels: 400 pages of studies at
5,000. Each report is made in a process of its own, so that peaks do not add up. Promise: the peaks
at 500 and 5,000 studies are at most 1.5 times apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from pypdf import PdfReader

from sample_data.results import NOW, make_card
from screener.digest import digest_of_file
from screener.report import write_report
from screener.report.html import write_html
from screener.results.store import Store
from screener.study import (
    ActivationMap,
    Outcome,
    Projection,
    Proof,
    Radiograph,
    RadiographScore,
    Refusal,
    Study,
)

SIZES = (500, 5000)
PRIORITY_EVERY = 12.5
ROWS, COLUMNS = 1500, 1250


def build(folder: Path, studies: int) -> None:
    """Results of invented studies; only those of the band PRIORITY have files."""
    card = make_card()
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    with Store.writing(folder) as store:
        store.add_weights(card)
        run = store.begin_run([pictures], card.digest, device="cpu", pipeline="1", started_at=NOW)
        scores = [_score(pictures, number) for number in range(studies)]
        store.put_studies(_study(score.radiograph) for score in scores)
        store.put_refusals(_refusals(pictures, studies // 10))
        store.put_scores(scores, card.digest, "1")
        store.finish_run(run.id, NOW + timedelta(minutes=studies / 300))


def _score(pictures: Path, number: int) -> RadiographScore:
    path = pictures / f"study-{number:05d}" / "chest.jpg"
    priority = number % PRIORITY_EVERY < 1
    digest = f"sha256:{number:064x}"
    if priority:
        path.parent.mkdir()
        y, x = np.mgrid[0:ROWS, 0:COLUMNS] / ROWS
        gray = 150 + 80 * np.sin(9 * x + number) * np.cos(7 * y) + number % 20
        Image.fromarray(gray.clip(0, 255).astype(np.uint8)).save(path, quality=90)
        digest = digest_of_file(path)
    target = 0.6 + 0.4 * (number % 97) / 97 if priority else 0.59 * (number % 89) / 89
    rest = (1 - target) / 3
    radiograph = Radiograph(
        path, f"1.2.826.0.1.{number}", f"ID{number}", "", "", None, 40.0 + number % 50,
        "MF"[number % 2], Projection.PA, "L", "jpeg", ROWS, COLUMNS, 8, 10_000, number,
    )  # fmt: skip
    values = bytes(5 * ((cell * 7 + number) % 51) for cell in range(49))
    activation = ActivationMap(7, 7, values, Proof(0.9, 0.4, 0.8))
    return RadiographScore(
        radiograph, digest, (rest, rest, rest, target), activation, 0.3, 2.0, 0.02
    )


def _study(radiograph: Radiograph) -> Study:
    taken_at = (NOW - timedelta(hours=radiograph.mtime_ns)).replace(tzinfo=None)
    return Study(radiograph.study_key, radiograph.patient_id, "", "", taken_at, (radiograph,))


def _refusals(pictures: Path, number: int) -> Iterator[Refusal]:
    reason = "lateral view: only frontal chest radiographs are scored"
    for file in range(number):
        yield Refusal(pictures / f"other-{file:05d}.dcm", Outcome.UNSUITABLE, reason)


def write(kind: str, folder: Path) -> None:
    """Make one report in this process and print what it took."""
    out = folder / f"report.{kind}"
    start = time.perf_counter()
    every = 10**6  # studies: a page for each in PRIORITY
    (write_report if kind == "pdf" else write_html)(folder, out, generated_at=NOW, top=every)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()  # getrusage would show the parent's peak too
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "size": out.stat().st_size / 1e6}))


def main() -> None:
    """Measure and print the table."""
    print(
        f"{'studies':>8} {'kind':>5} {'pages':>6} {'s':>7} {'pages/s':>8} {'MB':>7} {'peak MB':>8}"
    )
    peaks: dict[tuple[str, int], float] = {}
    with TemporaryDirectory() as scratch:
        os.environ["SCREENER_DATA_DIR"] = scratch
        for studies in SIZES:
            folder = Path(scratch) / str(studies)
            build(folder, studies)
            for kind in ("pdf", "html"):
                command = [sys.executable, "-m", "benchmarks.report", kind, str(folder)]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found = json.loads(said)
                peaks[kind, studies] = found["peak"]
                pages = _pages(folder / "report.pdf") if kind == "pdf" else 0
                rate = f"{pages / found['seconds']:.1f}" if pages else ""
                print(
                    f"{studies:>8} {kind:>5} {pages or '':>6} {found['seconds']:>7.1f} {rate:>8} "
                    f"{found['size']:>7.1f} {found['peak']:>8.0f}"
                )
    for kind in ("pdf", "html"):
        print(f"peak {kind}, 5,000 over 500: {peaks[kind, 5000] / peaks[kind, 500]:.2f}")


def _pages(path: Path) -> int:
    return len(PdfReader(path).pages)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        write(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
