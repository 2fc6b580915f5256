"""Which map says most of where a score comes from? Measured on real films, method by method.

    python -m benchmarks.maps --data MANIFEST... [--weights DIR] [--films 200] [--only NAME...]

Films of the validation split that the weights put first (the highest scores), from as many sources
as there are. For each method: the share of films where hiding the map's hottest tenth lowers the
score's log odds more than the same marks elsewhere, and more than a blob in the middle; the mean
fall; deletion and insertion curves (area under the score while the hottest parts vanish, or
appear on a blurred picture); rank correlation with 8 x 8 occlusion; CPU time a film.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from screener.network import explain, proof, weights
from screener.network.batch import to_input
from screener.network.model import Network, Tap
from screener.study import Refusal
from trainer.judging.predict import read_squares
from trainer.manifest import read_manifests, select, with_validation

STEPS = 6
"""Points of the deletion and insertion curves."""

CELLS = 8
"""Cells a side of the occlusion that the maps are compared with."""


class Explained:
    """A network, and the ways to ask it for maps of some squares."""

    def __init__(self, folder: Path) -> None:
        self.card, network = weights.load_network(folder)
        self.network: Network = network
        self.target = self.card.labels.index(self.card.target_label)
        self.taps = {16: Tap(network.body, 16), 32: Tap(network.body, 32)}

    def pixels(self, squares: Tensor) -> Tensor:
        """(N, S, S) uint8 -> (N, 3, S, S)."""
        return to_input(squares, self.card.mean, self.card.std)

    def odds(self, squares: Tensor) -> Tensor:
        """Log odds of the target class: (N, S, S) uint8 -> (N,)."""
        with torch.inference_mode():
            logits = torch.cat([self.network(self.pixels(part)) for part in squares.split(32)])
        shares = torch.softmax(logits.double(), dim=1)[:, self.target]
        return torch.logit(shares, eps=1e-9)

    def tapped(self, squares: Tensor, stride: int) -> tuple[Tensor, Tensor]:
        """Maps at a stride and the target's gradients there, both (N, C, h, w)."""
        with torch.inference_mode(mode=False), torch.enable_grad():
            maps, last = self.taps[stride](self.pixels(squares))
            wanted = self.network.head(last)[:, self.target].sum()
            (gradients,) = torch.autograd.grad(wanted, maps)
        return maps.detach(), gradients


Method = Callable[[Explained, Tensor], Tensor]


def gradients(rule: Callable[[Tensor, Tensor], Tensor], stride: int) -> Method:
    """A method that needs nothing but activations and gradients of one layer."""
    return lambda network, squares: rule(*network.tapped(squares, stride))


def grad_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Selvaraju et al. 2016: channels by their mean gradient."""
    return (maps * slopes.mean((2, 3), keepdim=True)).sum(1)


def grad_cam_pp(maps: Tensor, slopes: Tensor) -> Tensor:
    """Chattopadhay et al. 2018, with the exponential's derivatives."""
    square, cube = slopes**2, slopes**3
    below = 2 * square + (maps * cube).sum((2, 3), keepdim=True)
    share = square / torch.where(below.abs() > 1e-12, below, torch.ones_like(below))
    return (maps * (share * slopes.relu()).sum((2, 3), keepdim=True)).sum(1)


def layer_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Jiang et al. 2021: positive gradients alone, cell by cell."""
    return (maps * slopes.relu()).sum(1)


def hires_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Draelos and Carin 2020: activation times gradient, cell by cell."""
    return (maps * slopes).sum(1)


def integrated(network: Explained, squares: Tensor, steps: int = 8) -> Tensor:
    """Integrated gradients from the blurred picture, summed over 8 x 8 pixels."""
    start, end = network.pixels(proof.blurred(squares)), network.pixels(squares)
    total = torch.zeros_like(end)
    for step in range(steps):
        at = (start + (step + 0.5) / steps * (end - start)).requires_grad_()
        with torch.enable_grad():
            wanted = network.network(at)[:, network.target].sum()
            total += torch.autograd.grad(wanted, at)[0]
    return adaptive_avg_pool2d((total * (end - start)).sum(1, keepdim=True), 20).squeeze(1)


def ablation(network: Explained, squares: Tensor) -> Tensor:
    """Ablation-CAM at the last layer, in 64 groups of channels of like size."""
    with torch.inference_mode():
        last = network.network.body(network.pixels(squares))
        whole = network.network.head(last)[:, network.target]
        found = torch.zeros_like(last[:, 0])
        for group in torch.arange(last.shape[1]).chunk(64):
            without = last.clone()
            without[:, group] = 0
            fall = whole - network.network.head(without)[:, network.target]
            found += fall[:, None, None] * last[:, group].mean(1)
    return found


def occlusion(
    network: Explained, squares: Tensor, cells: int = CELLS, fill: str = "blur"
) -> Tensor:
    """Fall of the log odds when one of ``cells`` x ``cells`` parts is hidden."""
    side = squares.shape[-1]
    marks = torch.eye(cells * cells).view(-1, 1, cells, cells)
    masks = interpolate(marks, (side, side)).squeeze(1).bool()
    found = []
    for square in squares:
        covered = proof.blurred(square[None]) if fill == "blur" else torch.full_like(square, 128)
        views = torch.where(masks, covered, square)
        found.append(network.odds(square[None]) - network.odds(views))
    return torch.stack(found).view(-1, cells, cells)


def blob(_: Explained, squares: Tensor) -> Tensor:
    """No explanation at all: the middle of the picture."""
    axis = torch.linspace(-1, 1, 20)
    centred = torch.exp(-2 * (axis[:, None] ** 2 + axis[None, :] ** 2))
    return centred.expand(len(squares), 20, 20)


def noise(_: Explained, squares: Tensor) -> Tensor:
    """No explanation at all: chance."""
    return torch.rand(len(squares), 10, 10, generator=torch.Generator().manual_seed(0))


METHODS: dict[str, Method] = {
    "Grad-CAM, last layer": gradients(grad_cam, 32),
    "Grad-CAM, stride 16": gradients(grad_cam, 16),
    "Grad-CAM++, stride 16": gradients(grad_cam_pp, 16),
    "LayerCAM, stride 16": gradients(layer_cam, 16),
    "HiResCAM, last layer": gradients(hires_cam, 32),
    "HiResCAM, stride 16": gradients(hires_cam, 16),
    "ablation, last layer": ablation,
    "integrated gradients": integrated,
    "occlusion 8 x 8, blur": occlusion,
    "occlusion 8 x 8, grey": lambda n, s: occlusion(n, s, fill="grey"),
    "occlusion 12 x 12, blur": lambda n, s: occlusion(n, s, cells=12),
    "blob in the middle": blob,
    "noise": noise,
}


def falls(network: Explained, squares: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Fall of the log odds with the hottest tenth hidden, and with the same marks elsewhere."""
    views = proof.hidden(squares, maps)  # (N, V, S, S)
    odds = network.odds(views.flatten(0, 1)).view(len(squares), -1)
    before = network.odds(squares)
    return before - odds[:, 0], before - odds[:, 1:].mean(1)


def curves(network: Explained, squares: Tensor, maps: Tensor) -> tuple[float, float]:
    """Mean score over the steps of deletion and of insertion."""
    covered = proof.blurred(squares)
    deleted, inserted = [], []
    for step in range(1, STEPS + 1):
        marked = proof.hottest(maps, squares.shape[-1], step / (STEPS + 1))
        deleted.append(network.odds(torch.where(marked, covered, squares)).sigmoid().mean())
        inserted.append(network.odds(torch.where(marked, squares, covered)).sigmoid().mean())
    return float(torch.stack(deleted).mean()), float(torch.stack(inserted).mean())


def likeness(maps: Tensor, truth: Tensor) -> float:
    """Mean Spearman correlation of each map with its occlusion map, on the latter's cells."""
    same = interpolate(maps.unsqueeze(1).float(), truth.shape[1:], mode="bilinear").flatten(1)
    pairs = zip(same.numpy(), truth.flatten(1).numpy(), strict=True)
    found = [spearmanr(one, other).statistic for one, other in pairs]
    return float(np.nanmean(found))


def suspicious(network: Explained, data: Sequence[Path], films: int) -> tuple[Tensor, list[str]]:
    """The squares with the highest scores of the validation split, and their sources."""
    entries = select(with_validation(read_manifests(data)), "val")
    read = [
        (square, entry.source)
        for batch in read_squares(entries, network.card.input_size, 32)
        for entry, square in batch
        if not isinstance(square, Refusal) and entry.label != "bacterial"
    ]
    squares = torch.from_numpy(np.stack([square for square, _ in read]))
    order = network.odds(squares).argsort(descending=True)[:films]
    return squares[order], [read[i][1] for i in order]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Which map says most?")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--weights", type=Path, default=weights.bundled())
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = Explained(options.weights)
    squares, sources = suspicious(network, options.data, options.films)
    counts = ", ".join(f"{name} {sources.count(name)}" for name in sorted(set(sources)))
    print(f"{len(squares)} films at {squares.shape[-1]} px: {counts}\n")
    truth = occlusion(network, squares)
    middle, _ = falls(network, squares, blob(network, squares))
    print(
        f"{'method':25}{'> moved':>9}{'> blob':>8}{'fall':>7}{'moved':>7}"
        f"{'deletion':>10}{'insertion':>11}{'rank corr.':>12}{'ms/film':>9}"
    )
    for name in options.only:
        method = METHODS[name]
        began = time.process_time()
        maps = torch.cat([method(network, part) for part in squares.split(16)])
        spent = 1000 * (time.process_time() - began) / len(squares)
        maps = explain.scaled(maps)
        fall, moved = falls(network, squares, maps)
        down, up = curves(network, squares, maps)
        print(
            f"{name:25}{(fall > moved).double().mean():9.1%}{(fall > middle).double().mean():8.1%}"
            f"{fall.mean():7.2f}{moved.mean():7.2f}{down:10.3f}{up:11.3f}"
            f"{likeness(maps, truth):12.2f}{spent:9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
