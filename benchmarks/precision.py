"""What int8 would gain and cost: ONNX Runtime on one core, float32 beside a quantised graph.

    python -m benchmarks.precision --data MANIFEST... [--weights NAME...] [--films 1000]

The graph is quantised statically and per channel, its ranges taken from training films. Accuracy
and area under the curve are of films of the validation split, with 95 % intervals of their
differences by patient; scores are compared film by film. Wanted for a choice that is to be offered:
at most 0.5 points of accuracy and 0.005 of area lost.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.metrics import roc_auc_score

from screener.network.batch import to_input
from screener.network.folding import fold
from screener.network.weights import BUNDLED, load_network
from screener.study import LABELS, TARGET_LABEL, Refusal
from trainer.judging.predict import read_squares
from trainer.manifest import Entry, read_manifests, select, with_validation

BATCH = 8
CALIBRATED_ON = 256
"""Training films that give the ranges."""
TURNS = 9
DRAWS = 1000

Floats = NDArray[np.float32]


class Ranges(CalibrationDataReader):
    """Batches for the quantiser."""

    def __init__(self, batches: Sequence[Floats]) -> None:
        self._batches = iter(batches)

    def get_next(self) -> dict[str, Floats] | None:
        """One more, until there are none."""
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}


def graphs(
    weights: Path, folder: Path, ranges: Sequence[Floats], method: CalibrationMethod
) -> tuple[Path, Path]:
    """The network as a float32 graph that holds its tensors, and the same in int8."""
    card, network = load_network(weights)
    network.body = fold(network.body, card.input_size)
    exact, prepared, quick = (folder / f"{name}.onnx" for name in ("exact", "prepared", "quick"))
    pixels = torch.zeros(BATCH, 3, card.input_size, card.input_size)
    torch.onnx.export(network.eval(), (pixels,), exact, input_names=["pixels"], dynamo=True)
    quant_pre_process(str(exact), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(quick),
        Ranges(ranges),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=method,
    )
    return exact, quick


def session(path: Path) -> onnxruntime.InferenceSession:
    """On one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])


def squares(entries: Sequence[Entry], size: int) -> tuple[list[Entry], NDArray[np.uint8]]:
    """What can be read of some films, (N, S, S)."""
    read = [
        (entry, square)
        for batch in read_squares(entries, size, 32)
        for entry, square in batch
        if not isinstance(square, Refusal)
    ]
    return [entry for entry, _ in read], np.stack([square for _, square in read])


def batches(pictures: NDArray[np.uint8], weights: Path) -> Iterator[Floats]:
    """Whole batches as the network gets them; the last is filled up with its first picture."""
    card, _ = load_network(weights)
    for start in range(0, len(pictures), BATCH):
        own = pictures[start : start + BATCH]
        own = np.concatenate([own, np.repeat(own[:1], BATCH - len(own), 0)])
        yield to_input(torch.from_numpy(own), card.mean, card.std).numpy()


def probabilities(path: Path, inputs: Sequence[Floats], films: int) -> Floats:
    """(N, classes)."""
    network = session(path)
    logits = np.concatenate([network.run(None, {"pixels": batch})[0] for batch in inputs])[:films]
    shares: Floats = torch.from_numpy(logits).softmax(1).numpy()
    return shares


def speeds(paths: Sequence[Path], batch: Floats) -> list[float]:
    """Images a second of each, the best of several turns."""
    networks = [session(path) for path in paths]
    best = [0.0] * len(paths)
    for _ in range(TURNS):
        for number, network in enumerate(networks):
            began = time.perf_counter()
            for _ in range(4):
                network.run(None, {"pixels": batch})
            best[number] = max(best[number], 4 * BATCH / (time.perf_counter() - began))
    return best


def lost(entries: Sequence[Entry], exact: Floats, quick: Floats) -> list[str]:
    """Accuracy and area of the exact graph, and what the quick one loses, with intervals."""
    known = np.array([entry.label in LABELS for entry in entries])
    truth = np.array([LABELS.index(e.label) if e.label in LABELS else -1 for e in entries])
    ill = np.array([entry.label == TARGET_LABEL for entry in entries])
    target = LABELS.index(TARGET_LABEL)
    people = [entry.person for entry in entries]
    names = {person: number for number, person in enumerate(dict.fromkeys(people))}
    whose = np.array([names[person] for person in people])
    rng = np.random.default_rng(0)

    def accuracy(shares: Floats, rows: NDArray[np.intp]) -> float:
        kept = rows[known[rows]]
        return 100 * float(np.mean(shares[kept].argmax(1) == truth[kept]))

    def area(shares: Floats, rows: NDArray[np.intp]) -> float:
        return float(roc_auc_score(ill[rows], shares[rows, target]))

    films = [np.flatnonzero(whose == number) for number in range(len(names))]
    every, cells = np.arange(len(entries)), []
    for measure, digits in ((accuracy, 1), (area, 4)):
        drawn = []
        for _ in range(DRAWS):
            rows = np.concatenate([films[i] for i in rng.integers(0, len(films), len(films))])
            drawn.append(measure(exact, rows) - measure(quick, rows))
        low, high = np.percentile(drawn, (2.5, 97.5))
        whole = measure(exact, every)
        less = whole - measure(quick, every)
        cells += [
            f"{whole:.{digits}f}",
            f"{less:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})",
        ]
    moved = np.abs(exact[:, target] - quick[:, target])
    return [*cells, f"{np.quantile(moved, 0.95):.3f}"]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--weights", nargs="+", default=["covid-lite", "covid-resnet50"])
    parser.add_argument("--ranges", choices=[m.name for m in CalibrationMethod], default="MinMax")
    parser.add_argument("--films", type=int, default=1000)
    chosen = parser.parse_args()
    entries = with_validation(read_manifests(chosen.data))
    method = CalibrationMethod[chosen.ranges]
    rng = np.random.default_rng(0)
    val, train = (list(select(entries, split)) for split in ("val", "train"))
    val = [val[i] for i in sorted(rng.permutation(len(val))[: chosen.films])]
    train = [train[i] for i in sorted(rng.permutation(len(train))[:CALIBRATED_ON])]
    head = ("weights", "float32, images/s", "int8, images/s", "times", "accuracy, %", "lost",
            "area", "lost", "95 % of scores move by at most")  # fmt: skip
    print(f"{len(val)} films of the validation split, ranges from {len(train)} of training\n")
    print("|".join(("", *head, "")))
    print("|---" * len(head) + "|")
    for name in chosen.weights:
        weights = BUNDLED / name
        card, _ = load_network(weights)
        shown, pictures = squares(val, card.input_size)
        inputs = list(batches(pictures, weights))
        _, own = squares(train, card.input_size)
        with tempfile.TemporaryDirectory() as folder:
            both = graphs(weights, Path(folder), list(batches(own, weights)), method)
            exact, quick = (probabilities(path, inputs, len(shown)) for path in both)
            fast = speeds(both, inputs[0])
        cells = [name, *(f"{speed:.1f}" for speed in fast), f"{fast[1] / fast[0]:.2f}"]
        print("|".join(("", *cells, *lost(shown, exact, quick), "")))


if __name__ == "__main__":
    main()
