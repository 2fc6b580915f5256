"""Reading headers against a bare pydicom loop over the same elements.

    python -m benchmarks.headers [--files 1000]

Ours also walks the folder, tells each file's kind by its content, judges it and makes a Radiograph
of it. Both get the same files, warm in the page cache, in turns; the best of the turns counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from sample_data.make_phantoms import Film, write_film
from screener.reading import folder, header
from screener.study import Radiograph

MOST = 1.3
TURNS = 7


def bare(root: Path) -> int:
    """What a script would do: every element that we read, and nothing made of it."""
    count = 0
    for path in sorted(root.rglob("*.dcm")):
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(header.TAGS))
        count += len([dataset.get(tag) for tag in header.TAGS])
    return count // len(header.TAGS)


def ours(root: Path) -> int:
    """From a folder to Radiographs."""
    found = (one for one in folder.walk([root]) if isinstance(one, folder.FoundFile))
    return sum(isinstance(header.read(one), Radiograph) for one in found)


def write_files(root: Path, files: int, first: int = 1, side: int = 128) -> None:
    """Small radiographs with as many elements before the pixels as a console writes: some sixty."""
    gray = np.linspace(0, 1, side * side, dtype=np.float32).reshape(side, side)
    for number in range(first, first + files):
        film = Film(
            f"{number // 100:03}/{number:05}.dcm",
            number,
            shape=gray.shape,
            elements=_console_elements(),
        )
        write_film(root, film, gray)


def _console_elements() -> dict[str, object]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", "Chest"
    return {
        "InstitutionName": "SYNTHETIC", "StationName": "SYNTHETIC", "KVP": 120, "Exposure": 2,
        "DistanceSourceToDetector": 1800, "Grid": "IN", "FocalSpots": 1.2, "Sensitivity": 200,
        "ImagerPixelSpacing": [0.15, 0.15], "DetectorType": "SCINTILLATOR",
        "BurnedInAnnotation": "NO",
        "WindowCenter": 2048, "WindowWidth": 4096, "RescaleSlope": 1, "RescaleIntercept": 0,
        "LossyImageCompression": "00", "AnatomicRegionSequence": [item],
        "ProcedureCodeSequence": [item], "ViewCodeSequence": [item],
        "PatientOrientation": ["L", "F"],
        "PresentationIntentType": "FOR PRESENTATION", "AcquisitionDate": "20200301",
        "AcquisitionTime": "101500", "ContentDate": "20200301", "ContentTime": "101500",
    }  # fmt: skip


def seconds(run: Callable[[Path], int], root: Path, files: int) -> float:
    """CPU seconds of one run, which must have read every file."""
    begun = time.process_time()
    if run(root) != files:
        raise RuntimeError(f"{run.__name__} did not read every file")
    return time.process_time() - begun


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_files(root, files)
        turns = [(seconds(bare, root, files), seconds(ours, root, files)) for _ in range(TURNS)]
    plain, own = (min(column) for column in zip(*turns, strict=True))
    print("| reading headers | ms a file |")
    print("|---|---|")
    print(f"| bare pydicom loop, same elements | {1000 * plain / files:.3f} |")
    print(f"| screener: walk, sniff, read, judge | {1000 * own / files:.3f} |")
    print(f"| ratio (at most {MOST}) | {own / plain:.2f} |")


if __name__ == "__main__":
    main()
