"""Speed of ``trainer fit`` against a bare torch loop, and its memory at ten times the images.

    python -m benchmarks.training

Both loops train the same network on the same batches, from the same cache and with the same
augmentation; the bare one has no Learner, no log and no checkpoint. They take turns, so that what
else the machine does meets both.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZE, BATCH, ROUNDS = 128, 32, 3


def entries(count: int) -> list:
    """Invented entries: the cache is written beforehand, so no image is read."""
    from screener.study import LABELS
    from trainer.manifest import Entry

    return [
        Entry(Path(f"{n}.png"), LABELS[n % 4], f"p{n}", "val" if n % 10 == 0 else "train", "s")
        for n in range(count)
    ]


def learner(count: int, folder: Path):  # noqa: ANN201 (fastai has no types)
    """A Learner as ``trainer fit`` makes it, over a cache of ``count`` images."""
    from trainer import recipe
    from trainer.fitting.data import _write_header
    from trainer.fitting.fit import fresh_network, learner_for, steps

    path = folder / f"{count}.npy"
    draws = np.random.default_rng(0)
    with path.open("wb") as stream:
        _write_header(stream, (count, SIZE, SIZE))
        for _ in range(count):
            stream.write(draws.bytes(SIZE * SIZE))
    chosen = recipe.read(recipe.find("covid_resnet_scratch"), [f"stage2.image_size={SIZE}"])
    step = steps(chosen)[-1]
    network = fresh_network(chosen, "none")
    return learner_for(
        chosen, step, network, entries(count), np.load(path, mmap_mode="r"), "cpu"
    ), step


def fitted(learn, epoch: int) -> float:  # noqa: ANN001
    """Training images a second of one epoch of the Learner, validation not counted."""
    learn.dls.train.epoch = epoch
    learn.fit(1, 1e-4)
    measures = learn.measures
    return measures.loss_count * BATCH / measures.seconds


def bare(learn, epoch: int, steps: int | None = None) -> float:  # noqa: ANN001
    """The same epoch in plain torch; batches after so many steps are only read."""
    import torch

    network, batches = learn.model, learn.dls.train
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4, weight_decay=0.05, fused=True)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.05)
    batches.epoch = epoch
    network.train()
    start = time.perf_counter()
    for number, (pixels, labels) in enumerate(batches):
        if steps is not None and number >= steps:
            continue
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(network(pixels).float(), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return len(batches) * BATCH / (time.perf_counter() - start)


def peak(count: int) -> None:
    """Print the peak memory, in MB, of some batches over a cache of ``count`` images."""
    with tempfile.TemporaryDirectory() as folder:
        learn, _ = learner(count, Path(folder))
        bare(learn, 0, steps=4)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        learn, _ = learner(280, Path(folder))
        bare(learn, 99)
        pairs = [(fitted(learn, n), bare(learn, n)) for n in range(ROUNDS)]
    ratios = [ours / theirs for ours, theirs in pairs]
    print("| round | trainer fit, images/s | bare loop, images/s | ratio |\n|---|---|---|---|")
    for number, ((ours, theirs), ratio) in enumerate(zip(pairs, ratios, strict=True), start=1):
        print(f"| {number} | {ours:.1f} | {theirs:.1f} | {ratio:.2f} |")
    print(f"\nmedian ratio {statistics.median(ratios):.2f} (target: at least 0.90)\n")
    few, many = (
        int(subprocess.check_output([sys.executable, "-m", "benchmarks.training", str(n)]))
        for n in (600, 6000)
    )
    print(f"peak memory {few} MB at 600 images, {many} MB at 6,000: ratio {many / few:.2f}")


if __name__ == "__main__":
    peak(int(sys.argv[1])) if len(sys.argv) > 1 else main()
