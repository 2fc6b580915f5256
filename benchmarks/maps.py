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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks.map_methods import METHODS, OCCLUSION, Explained, Method, blob, blurred
from screener.lungs import LungFields
from screener.network import explain, lungs, proof, weights
from screener.network.lung_shape import share_inside
from screener.study import Band, Refusal
from trainer.judging import statistics
from trainer.judging.predict import read_squares
from trainer.manifest import Entry, read_manifests, select, with_validation

STEPS = 6
"""Points of the deletion and insertion curves."""


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
