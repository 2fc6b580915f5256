"""What outlining the lungs costs on one core: milliseconds of CPU time a film.

    python -m benchmarks.lungs [--films 32] [--rounds 8] [--engine torch|onnx]

Phantoms through the bundled weights, one film at a time and sixteen at a time, from the scoring
network's square to outline, areas and tilt.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import torch

from sample_data.phantom import Variant, expose
from screener.network.lungs import Lungs
from screener.reading import pixels


def main() -> None:
    """Time it and print a line a batch size."""
    parser = argparse.ArgumentParser(description="What outlining the lungs costs.")
    parser.add_argument("--films", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--engine", choices=["torch", "onnx"], default="onnx")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lungs = Lungs.load(engine=options.engine)
    films = [expose(Variant.CLEAR, seed, (224, 224)) for seed in range(options.films)]
    squares = np.stack([pixels.square(film, 224) for film in films])
    for batch in (1, 16):
        times = sorted(1000 * once(lungs, squares, batch) for _ in range(options.rounds))
        spread = f"{times[0]:.1f} to {times[-1]:.1f} in {options.rounds} rounds"
        print(f"{batch:3} at a time{times[len(times) // 2]:8.1f} ms a film; {spread}")


def once(lungs: Lungs, squares: np.ndarray, batch: int) -> float:
    """Seconds a film."""
    start = time.process_time()
    for first in range(0, len(squares), batch):
        lungs.fields(squares[first : first + batch])
    return (time.process_time() - start) / len(squares)


if __name__ == "__main__":
    main()
