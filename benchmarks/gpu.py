"""Whole scans and a fit on a GPU: films a second, and where the time of a scan goes.

    python -m benchmarks.gpu [--device cuda] [--films 1000]

1,000 films of 2000 x 2000 pixels with each of the bundled weights, then both stages of a small fit
of the ResNet-50, each a whole process. The card's name stands above the table: give it with every
figure.
``--device cpu --films 20`` tries the program itself out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scan import films

FIT = ("--set", "images_per_epoch=320", "--set", "stage1.epochs=1", "--set", "stage2.epochs=1")
LABELLED = 120
"""Phantoms of each class that the fit learns from."""


def name_of(kind: str) -> str:
    """What the device calls itself."""
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name()
    return kind


def scanned(folder: Path, weights: str, kind: str) -> tuple[float, str]:
    """Seconds of a whole scan, and the line it ends with: the shares of its stages."""
    program = "from screener.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as results:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program, "scan", folder, "-o", results, "--weights", weights,
             "--device", kind, "--no-report", "--no-guard"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        took = time.perf_counter() - began
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return took, done.stdout.partition("\n")[0]


def fitted(root: Path, kind: str) -> float:
    """Seconds of a small fit, decoding and judging included."""
    data, program = root / "labelled", "from trainer.cli.main import main; main()"
    number = ("--labelled", str(LABELLED), "--size", "224")
    subprocess.run(
        [sys.executable, "-m", "sample_data.make_phantoms", data, *number],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program, "fit", "covid_resnet_scratch", "--data", data, "--run",
         root / "run", "--device", kind, "--backbone-weights", "none", *FIT],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - began


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--films", type=int, default=1000)
    chosen = parser.parse_args()
    import torch

    if chosen.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --device cpu --films 20 tries the program out")
    print(f"{name_of(chosen.device)}, torch {torch.__version__}\n")
    print("| weights | films | s | films/s | |\n|---|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = films(Path(place) / "films", chosen.films)
        for weights in ("covid-lite", "covid-resnet50"):
            took, said = scanned(folder, weights, chosen.device)
            rate = chosen.films / took
            print(f"| {weights} | {chosen.films} | {took:.1f} | {rate:.1f} | {said} |", flush=True)
        print(f"\na small fit: {fitted(Path(place), chosen.device):.0f} s")


if __name__ == "__main__":
    main()
