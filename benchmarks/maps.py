"""Which map says most of where a score comes from? Measured on real films, method by method.

    python -m benchmarks.maps --data MANIFEST... [--weights DIR] [--films 200] [--only NAME...]

Films of the validation split that the weights put first (the highest scores), from as many sources
as there are. For each method: the share of films where hiding the map's hottest tenth lowers the
score's log odds more than the same marks elsewhere, and more than a blob in the middle; the mean
falls; deletion and insertion curves (area under the score while the hottest parts vanish, or
appear on a blurred picture; noise is the order of chance); rank correlation with 8 x 8 occlusion;
the share of the map inside the lungs where their outline is sure; CPU time a film. Shares have 95 %
intervals by patient. The table is Markdown, once for all films and once for those in PRIORITY.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from screener.card import WeightsCard
from screener.lungs import LungFields
from screener.network import explain, lungs, proof, weights
from screener.network.batch import to_input
from screener.network.folding import fold
from screener.network.lung_shape import share_inside
from screener.network.model import Network, Tap
from screener.study import Band, Refusal
from trainer.judging import statistics
from trainer.judging.predict import read_squares
from trainer.manifest import Entry, read_manifests, select, with_validation

STEPS = 6
"""Points of the deletion and insertion curves."""

CELLS = 8
"""Cells a side of the occlusion that the maps are compared with."""


def blurred(squares: Tensor) -> Tensor:
    """As a proof blurs them: (N, S, S) uint8."""
    return torch.from_numpy(proof.blurred(squares.numpy()))


class Explained:
    """A network, and the ways to ask it for maps of some squares."""

    def __init__(self, card: WeightsCard, network: Network) -> None:
        self.card = card
        self.network = network
        body = fold(network.body, card.input_size)
        network.body = body.to(memory_format=torch.channels_last)
        self.target = card.labels.index(card.target_label)
        self.taps = {stride: Tap(network.body, stride) for stride in (8, 16, 32)}

    def pixels(self, squares: Tensor) -> Tensor:
        """(N, S, S) uint8 -> (N, 3, S, S)."""
        pixels = to_input(squares, self.card.mean, self.card.std)
        return pixels.contiguous(memory_format=torch.channels_last)

    def odds(self, squares: Tensor) -> Tensor:
        """Log odds of the target class before any temperature: (N, S, S) uint8 -> (N,)."""
        return torch.logit(self._shares(squares, 1), eps=1e-9)

    def scores(self, squares: Tensor) -> Tensor:
        """As a scan gives them: (N, S, S) uint8 -> (N,)."""
        return self._shares(squares, self.card.temperature)

    def _shares(self, squares: Tensor, temperature: float) -> Tensor:
        with torch.inference_mode():
            logits = torch.cat([self.network(self.pixels(part)) for part in squares.split(32)])
        return torch.softmax(logits.double() / temperature, dim=1)[:, self.target]

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
    start, end = network.pixels(blurred(squares)), network.pixels(squares)
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
        covered = blurred(square[None]) if fill == "blur" else torch.full_like(square, 128)
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


OCCLUSION = "occlusion 8 x 8, blur"
"""What the maps' ranks are compared with: it asks the network itself, cell by cell."""

METHODS: dict[str, Method] = {
    "blob in the middle": blob,
    "noise": noise,
    "Grad-CAM, last layer": gradients(grad_cam, 32),
    "Grad-CAM, stride 16": gradients(grad_cam, 16),
    "Grad-CAM++, stride 16": gradients(grad_cam_pp, 16),
    "LayerCAM, last layer": gradients(layer_cam, 32),
    "LayerCAM, stride 16": gradients(layer_cam, 16),
    "HiResCAM, last layer": gradients(hires_cam, 32),
    "HiResCAM, stride 16": gradients(hires_cam, 16),
    "HiResCAM, stride 8": gradients(hires_cam, 8),
    "ablation, last layer": ablation,
    "integrated gradients": integrated,
    OCCLUSION: occlusion,
    "occlusion 8 x 8, grey": lambda n, s: occlusion(n, s, fill="grey"),
    "occlusion 12 x 12, blur": lambda n, s: occlusion(n, s, cells=12),
}


def falls(network: Explained, squares: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Fall of the log odds with the hottest tenth hidden, and with the same marks elsewhere."""
    views = torch.from_numpy(proof.hidden(squares.numpy(), maps.numpy()))  # (N, V, S, S)
    odds = network.odds(views.flatten(0, 1)).view(len(squares), -1)
    before = network.odds(squares)
    return before - odds[:, 0], before - odds[:, 1:].mean(1)


def curves(network: Explained, squares: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Each film's mean score over the steps of deletion and of insertion, (N,) both."""
    covered = blurred(squares)
    deleted, inserted = [], []
    for step in range(1, STEPS + 1):
        hottest = proof.hottest(maps.numpy(), squares.shape[-1], step / (STEPS + 1))
        marked = torch.from_numpy(hottest)
        deleted.append(network.odds(torch.where(marked, covered, squares)).sigmoid())
        inserted.append(network.odds(torch.where(marked, squares, covered)).sigmoid())
    return torch.stack(deleted).mean(0), torch.stack(inserted).mean(0)


def likeness(maps: Tensor, truth: Tensor) -> Tensor:
    """Spearman correlation of each map with its occlusion map on the latter's cells: (N,)."""
    same = interpolate(maps.unsqueeze(1).float(), truth.shape[1:], mode="bilinear").flatten(1)
    pairs = zip(same.numpy(), truth.flatten(1).numpy(), strict=True)
    return torch.tensor([spearmanr(one, other).statistic for one, other in pairs])


def inside(maps: Tensor, outlines: Sequence[LungFields]) -> Tensor:
    """Share of each map within both lungs, (N,); not a number where no outline is sure."""
    pairs = zip(maps.numpy(), outlines, strict=True)
    return torch.tensor(
        [
            share_inside(weights, found) if found.outline and weights.any() else torch.nan
            for weights, found in pairs
        ]
    )


@dataclass(frozen=True, slots=True)
class Films:
    """What is explained: the films that a network finds most suspicious."""

    squares: Tensor
    """(N, S, S) uint8."""
    entries: list[Entry]
    odds: Tensor
    """(N,) log odds of the target class."""

    def counts(self) -> str:
        """How many of each source."""
        sources = Counter(entry.source for entry in self.entries)
        patients = len({entry.person for entry in self.entries})
        each = ", ".join(f"{name} {sources[name]}" for name in sorted(sources))
        return f"{len(self.entries)} films of {patients} patients ({each})"


@dataclass(frozen=True, slots=True)
class Found:
    """A method's figures film by film, (N,) each, and what it cost."""

    fall: Tensor
    moved: Tensor
    blob: Tensor
    deletion: Tensor
    insertion: Tensor
    likeness: Tensor
    inside: Tensor
    milliseconds: float

    def cells(self, kept: Tensor, people: Sequence[str]) -> list[str]:
        """A row of the table over some of the films."""
        fall, moved, blob = self.fall[kept], self.moved[kept], self.blob[kept]
        shares = [
            statistics.share(better.numpy(), people)
            for better in ((fall > moved) & (fall > 0), fall > blob)
        ]
        means = (self.deletion, self.insertion, self.likeness, self.inside)
        return [
            *(f"{100 * s.value:.1f} % ({100 * s.low:.0f} to {100 * s.high:.0f})" for s in shares),
            f"{fall.mean():.2f}",
            f"{moved.mean():.2f}",
            *(f"{of[kept].nanmean():.3f}" for of in means),
            f"{self.milliseconds:.1f}",
        ]


HEAD = (
    "map", "more than elsewhere", "more than a blob", "fall", "fall elsewhere", "deletion",
    "insertion", "rank correlation", "inside the lungs", "ms a film",
)  # fmt: skip


def suspicious(network: Explained, data: Sequence[Path], films: int) -> Films:
    """The films of the validation split with the highest scores."""
    entries = select(with_validation(read_manifests(data)), "val")
    read = [
        (entry, square)
        for batch in read_squares(entries, network.card.input_size, 32)
        for entry, square in batch
        if not isinstance(square, Refusal)
    ]
    squares = torch.from_numpy(np.stack([square for _, square in read]))
    odds = network.odds(squares)
    order = odds.argsort(descending=True)[:films]
    return Films(squares[order], [read[i][0] for i in order], odds[order])


def timed(network: Explained, films: Films, method: Method) -> tuple[Tensor, float]:
    """The maps of one method, (N, h, w) in [0, 1], and its CPU time in milliseconds a film."""
    began = time.process_time()
    maps = torch.cat([method(network, part) for part in films.squares.split(8)])
    spent = 1000 * (time.process_time() - began) / len(maps)
    return torch.from_numpy(explain.scaled(maps.float().numpy())), spent


def table(films: Films, found: Mapping[str, Found], kept: Tensor) -> Iterator[str]:
    """The figures over some of the films, as Markdown."""
    people = [films.entries[i].person for i in kept.nonzero().flatten()]
    yield "| " + " | ".join(HEAD) + " |"
    yield "|" + "---|" * len(HEAD)
    for name, figures in found.items():
        yield "| " + " | ".join([name, *figures.cells(kept, people)]) + " |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Which map says most?")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--weights", type=Path, default=weights.bundled("covid-lite"))
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = Explained(*weights.load_network(options.weights))
    films = suspicious(network, options.data, options.films)
    print(f"{network.card.name} {network.card.digest}", films.counts(), sep="\n", flush=True)
    outlines = lungs.Lungs.load().fields(films.squares.numpy())
    known = {OCCLUSION: timed(network, films, METHODS[OCCLUSION])}
    truth = known[OCCLUSION][0]
    middle, _ = falls(network, films.squares, blob(network, films.squares))
    kept = bands(network, films)
    found = {}
    for name in options.only:
        maps, spent = known.get(name) or timed(network, films, METHODS[name])
        found[name] = Found(
            *falls(network, films.squares, maps),
            middle,
            *curves(network, films.squares, maps),
            likeness(maps, truth),
            inside(maps, outlines),
            spent,
        )
        for band, which in kept.items():
            row = list(table(films, {name: found[name]}, which))[-1]
            print(f"{band:10}{row}", file=sys.stderr, flush=True)
    for band, which in kept.items():
        print(f"\n{band}: {int(which.sum())} films\n", *table(films, found, which), sep="\n")


def bands(network: Explained, films: Films) -> dict[str, Tensor]:
    """All films, and those in PRIORITY: (N,) bool each."""
    scores = network.scores(films.squares)
    priority = scores >= network.card.thresholds.get(Band.PRIORITY, 1)
    kept = {"All": torch.ones(len(scores), dtype=torch.bool), "PRIORITY": priority}
    return {name: which for name, which in kept.items() if which.any()}


if __name__ == "__main__":
    main()
