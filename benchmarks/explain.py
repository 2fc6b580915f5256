"""What heat maps and guard cost beside the network's own pass, in CPU time.

    python -m benchmarks.explain [--weights DIR] [--rounds 12]

Random squares through the bundled weights' network on the CPU; milliseconds an image, and the
share of the pass. Weights without a guard are timed without it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from screener.network import proof, weights
from screener.network.batch import to_input
from screener.network.engine.torch_engine import activations
from screener.network.explain import STRIDE, border_share, scaled
from screener.network.guard import Guard
from screener.network.model import Tap

IMAGES = 16


def main() -> None:
    """Time each part and print the table."""
    parser = argparse.ArgumentParser(description="What heat maps and guard cost.")
    parser.add_argument("--weights", type=Path, default=weights.bundled())
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    card, network = weights.load_network(options.weights)
    guard = Guard.from_weights(card, weights.load_guard(options.weights))
    side = card.input_size
    squares = np.random.default_rng(0).integers(0, 256, (IMAGES, side, side), np.uint8)
    target = card.labels.index(card.target_label)
    tap = Tap(network.body, STRIDE)
    with torch.inference_mode():
        pixels = to_input(torch.from_numpy(squares), card.mean, card.std)
        features = network.body(pixels)  # (N, C, h, w)
        pooled = features.mean((2, 3)).numpy()
        parts: dict[str, Callable[[], object]] = {
            f"network at {side} px": lambda: network(pixels),
            "map and border share": lambda: border_share(
                scaled(activations(tap, network.head, pixels, target).numpy())
            ),
            "its proof": lambda: [network(pixels) for _ in range(1 + proof.VIEWS)],
        }
        if guard:
            parts["guard"] = lambda: (
                guard.distance(squares, pooled),
                guard.looks_inverted(squares),
            )
        spent = {name: milliseconds(run, options.rounds) for name, run in parts.items()}
    whole = next(iter(spent.values()))
    for name, cost in spent.items():
        print(f"{name:24}{cost:8.2f} ms/image{cost / whole:8.1%}")


def milliseconds(run: Callable[[], object], rounds: int) -> float:
    """CPU time an image, of all threads, after one round to warm up."""
    run()
    start = time.process_time()
    for _ in range(rounds):
        run()
    return (time.process_time() - start) / rounds / IMAGES * 1000


if __name__ == "__main__":
    main()
