"""What outlining the lungs costs on one core: milliseconds of CPU time a film.

    python -m benchmarks.lungs [--films 32] [--rounds 8]

Phantoms through the bundled weights, one film at a time and sixteen at a time, from the scoring
network's square to outline, areas and tilt.
"""

from __future__ import annotations

import argparse
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
    options = parser.parse_args()
    torch.set_num_threads(1)
    lungs = Lungs.load()
    films = [expose(Variant.CLEAR, seed, (224, 224)) for seed in range(options.films)]
    squares = np.stack([pixels.square(film, 224) for film in films])
    for batch in (1, 16):
        best = min(once(lungs, squares, batch) for _ in range(options.rounds))
        print(f"{batch:3} at a time{1000 * best:8.1f} ms a film, the best of {options.rounds}")


def once(lungs: Lungs, squares: np.ndarray, batch: int) -> float:
    """Seconds a film."""
    start = time.process_time()
    for first in range(0, len(squares), batch):
        lungs.fields(squares[first : first + batch])
    return (time.process_time() - start) / len(squares)


if __name__ == "__main__":
    main()
