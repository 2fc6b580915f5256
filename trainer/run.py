"""The run folder of a fit: where everything is, and the small facts that must survive a kill.

Files are replaced atomically. Nothing here computes.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from screener.errors import ConfigurationError
from trainer import recipe
from trainer.recipe import Recipe

VERSIONS = ("covid-resnet-screener", "torch", "torchvision", "fastai", "numpy", "pydicom", "pillow")


class Run:
    """A run folder. Attributes are paths; nothing is read until asked for."""

    def __init__(self, folder: Path) -> None:
        """Name the files of a run in ``folder``, which need not exist."""
        self.folder = folder
        self.recipe_file = folder / "recipe.toml"
        self.facts_file = folder / "run.json"
        self.log_file = folder / "log.csv"
        self.times_file = folder / "times.csv"
        self.checkpoint_file = folder / "checkpoint.pt"
        self.best_file = folder / "best.pt"
        self.cache = folder / "cache"
        self.weights = folder / "weights"
        self.evaluation = folder / "evaluation"

    def start(self, chosen: Recipe, facts: Mapping[str, Any]) -> None:
        """Lay out a new run.

        Raises:
            ConfigurationError: there is a run in the folder already.
        """
        if self.recipe_file.exists():
            raise ConfigurationError(
                f"{self.folder}: holds a run already; go on with --resume {self.folder} "
                "or give another --run"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_facts(dict(facts) | {"versions": versions()})
        replace_file(self.recipe_file, recipe.dump(chosen).encode())

    def recipe(self) -> Recipe:
        """The recipe of this run, overrides applied.

        Raises:
            ConfigurationError: there is no run here.
        """
        if not self.recipe_file.is_file() or not self.facts_file.is_file():
            raise ConfigurationError(f"{self.folder}: no run here; start one with --run")
        return recipe.read(self.recipe_file)

    def facts(self) -> dict[str, Any]:
        """Manifests and their digest, backbone, learning rates chosen, versions."""
        content: dict[str, Any] = json.loads(self.facts_file.read_text(encoding="utf-8"))
        return content

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Replace the facts."""
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
        replace_file(self.facts_file, text.encode())

    def log(self) -> list[dict[str, str]]:
        """The rows of the log, an epoch each: nothing but what recipe, seed and images decide."""
        return _read_rows(self.log_file)

    def write_log(self, rows: list[dict[str, Any]]) -> None:
        """Replace the log: after a resume it must not hold an epoch twice."""
        _write_rows(self.log_file, rows)

    def times(self) -> list[dict[str, str]]:
        """How long each epoch took, in the order of the log; no two fits agree in this."""
        return _read_rows(self.times_file)

    def write_time(self, step: str, epoch: int, seconds: float, images: int) -> None:
        """Note how long the training images of an epoch took, in place of an earlier note."""
        rows = [row for row in self.times() if (row["step"], row["epoch"]) != (step, str(epoch))]
        pace = {"seconds": seconds, "images_per_second": images / seconds}
        _write_rows(self.times_file, [*rows, {"step": step, "epoch": epoch, **pace}])


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    replace_file(path, text.getvalue().encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)  # noqa: PTH105 (the name says that it overwrites)


def save_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """``torch.save``, whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    torch.save(dict(content), unfinished)
    os.replace(unfinished, path)  # noqa: PTH105


def load_tensors(path: Path) -> dict[str, Any]:
    """What :func:`save_tensors` wrote; plain values and tensors only, no code is run."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def versions() -> dict[str, str]:
    """Versions of what decides the result."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONS}
