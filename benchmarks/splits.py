"""How much of an accuracy is the split: the paper's benchmark as published, and split at random.

    python -m benchmarks.splits --data covidx-v1 --run runs/splits [--fits 5] [--probes 20]

The same 5,941 films with the same number of test films are split as published, at random by image,
and at random by patient, all films of one on one side. Two ways of learning are judged on each:

- ``fit``: the paper's order of steps on EfficientNet-Lite0 with ImageNet weights, cut short: the
  head alone for one epoch at 1e-3, then the whole network for two at 1e-5 to 1e-3, 96 pixels;
- ``probe``: logistic regression on that network's features, without fitting it; cheap enough for
  many splits.

Goes on where it was stopped. Writes ``splits.csv``, a row a split, and prints the table.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

SIZE = 96
RECIPE = f"""
name = "splits"
network = "timm/tf_efficientnet_lite0"
validation_fraction = 0.1
weight_decay = 0.01
keep = "last"
[augment]
flip_vertical = 0.5
rotate = 15.0
lighting = 0.2
[[stages]]
name = "whole"
image_size = {SIZE}
frozen_epochs = 1
frozen_lr = 1e-3
epochs = 2
lr = [1e-5, 1e-3]
"""
FIGURES = (
    "accuracy", "balanced", "normal", "bacterial", "viral", "covid19", "test_patients_in_training"
)  # fmt: skip


def main() -> None:
    """Judge every split and print the table."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--run", type=Path, required=True)
    asked.add_argument(
        "--fits", type=int, default=5, help="random splits of a kind that are fitted"
    )
    asked.add_argument("--probes", type=int, default=20)
    said = asked.parse_args()
    os.environ["TRAINER_IMAGES"] = str(said.data.resolve())
    said.run.mkdir(parents=True, exist_ok=True)
    entries = films(said.data)
    path = said.run / "splits.csv"
    features = features_of(entries, said.run)
    for way, most in (("probe", said.probes), ("fit", said.fits)):
        for name, seed, split in splits(entries, most):
            if (way, name, str(seed)) not in done(path):
                test = (
                    probe(features, split)
                    if way == "probe"
                    else fitted(split, said.run, name, seed)
                )
                add(path, [way, name, seed, *figures(split, test)])
    table(path)


def films(data: Path) -> list:
    """The benchmark's films, sorted by name: a random split depends on nothing but its seed."""
    from trainer.manifest import read_manifests

    return sorted(
        (e for e in read_manifests([data]) if e.split in ("train", "test")),
        key=lambda entry: entry.image.name,
    )


def splits(entries: Sequence, most: int) -> Iterator[tuple[str, int, list]]:
    """The published split, then those by image and by patient, as (name, seed, entries)."""
    yield "published", 0, list(entries)
    for seed in range(most):
        yield "by image", seed, drawn(entries, [str(n) for n in range(len(entries))], seed)
        yield "by patient", seed, drawn(entries, [entry.person for entry in entries], seed)


def drawn(entries: Sequence, units: Sequence[str], seed: int) -> list:
    """As many test films of each label as published, of whole units drawn at random.

    A unit whose films have several labels counts for the first of them; labels may then miss their
    number by a few films.
    """
    wanted = {label: sum(e.split == "test" and e.label == label for e in entries)
              for label in {e.label for e in entries}}  # fmt: skip
    places: dict[str, list[int]] = {}
    for place, unit in enumerate(units):
        places.setdefault(unit, []).append(place)
    order = sorted(places)
    np.random.default_rng((seed, 1)).shuffle(order)
    test: set[int] = set()
    for unit in order:
        own = places[unit]
        label = entries[own[0]].label
        if wanted[label] >= len(own):
            wanted[label] -= len(own)
            test.update(own)
    return [replace(e, split="test" if n in test else "train") for n, e in enumerate(entries)]


def features_of(entries: Sequence, folder: Path) -> np.ndarray:
    """(N, F) pooled features of the network that no film of the benchmark has changed."""
    import torch

    from screener.card import IMAGENET_MEAN, IMAGENET_STD
    from screener.network.batch import to_input
    from screener.network.model import Network
    from trainer.fitting.backbones import load_backbone
    from trainer.fitting.data import cached_squares

    squares = cached_squares(entries, SIZE, folder / "cache")
    network = Network("timm/tf_efficientnet_lite0")
    load_backbone(network, "packaged")
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(squares), 64):
            batch = torch.from_numpy(np.array(squares[start : start + 64]))
            maps = network.body(to_input(batch, IMAGENET_MEAN, IMAGENET_STD))
            found.append(maps.mean((2, 3)).numpy())
    return np.concatenate(found)


def probe(features: np.ndarray, split: Sequence) -> list[int]:
    """The classes that a linear model calls the test films."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from screener.study import LABELS

    labels = np.array([LABELS.index(entry.label) for entry in split])
    test = np.array([entry.split == "test" for entry in split])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    model.fit(features[~test], labels[~test])
    return [int(place) for place in model.predict(features[test])]


def fitted(split: Sequence, folder: Path, name: str, seed: int) -> list[int]:
    """The classes that a network fitted to the training films calls the test films."""
    from trainer import recipe
    from trainer.fitting.data import cached_squares
    from trainer.fitting.fit import fit
    from trainer.fitting.progress import Progress
    from trainer.judging.leave_out import logits_of
    from trainer.run import Run, load_tensors

    own = folder / f"{name.replace(' ', '-')}-{seed}"
    run = Run(own / "run")
    if not run.recipe_file.is_file():
        own.mkdir(exist_ok=True)
        write_manifest(own / "manifest.csv", split)
        (own / "recipe.toml").write_text(RECIPE)
        chosen = recipe.read(own / "recipe.toml", [f"seed={seed}"])
        run.start(chosen, {"manifests": [str(own)], "backbone": "packaged", "lr": "paper"})
    with Progress() as progress:
        fit(run, progress)
    test = [entry for entry in split if entry.split == "test"]
    squares = cached_squares(test, SIZE, run.cache)
    logits = logits_of(run.recipe(), load_tensors(run.best_file)["network"], squares)
    return [int(place) for place in logits.argmax(1)]


def write_manifest(path: Path, split: Sequence) -> None:
    """A manifest whose images lie elsewhere."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("image", "label", "patient_id", "split", "source"))
        for e in split:
            writer.writerow((e.image.resolve(), e.label, e.patient_id, e.split, e.source))


def figures(split: Sequence, called: Sequence[int]) -> list[float]:
    """Accuracy, mean recall, each class's recall, and how many test films have a known patient."""
    from screener.study import LABELS

    test = [entry for entry in split if entry.split == "test"]
    right = np.array([LABELS[place] == e.label for e, place in zip(test, called, strict=True)])
    known = {entry.person for entry in split if entry.split == "train"}
    recalls = [float(right[[e.label == label for e in test]].mean()) for label in LABELS]
    shared = float(np.mean([entry.person in known for entry in test]))
    return [float(right.mean()), float(np.mean(recalls)), *recalls, shared]


def done(path: Path) -> set[tuple[str, str, str]]:
    """What is in the file already."""
    return {(row["way"], row["split"], row["seed"]) for row in rows_of(path)}


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of the file; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def add(path: Path, row: Sequence[object]) -> None:
    """One more row, and the head where there is none."""
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(("way", "split", "seed", *FIGURES))
        writer.writerow(row)


def table(path: Path) -> None:
    """Means over the splits of a kind, with the least and the greatest."""
    rows = rows_of(path)
    print("| way | split | splits | " + " | ".join(FIGURES) + " |")
    print("|---" * (3 + len(FIGURES)) + "|")
    for way, name in dict.fromkeys((row["way"], row["split"]) for row in rows):
        own = [row for row in rows if (row["way"], row["split"]) == (way, name)]
        cells = [spread([100 * float(row[figure]) for row in own]) for figure in FIGURES]
        print(f"| {way} | {name} | {len(own)} | " + " | ".join(cells) + " |")


def spread(values: Sequence[float]) -> str:
    """The mean, and the ends where there are several."""
    mean = f"{np.mean(values):.1f} %"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
