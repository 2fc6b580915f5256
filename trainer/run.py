"""The run folder of a fit: where everything is, and the small facts that must survive a kill.

Files are replaced atomically. Nothing here computes.
"""

from __future__ import annotations

import io
import json
import platform
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch
from torch import nn

from screener.errors import ConfigurationError
from screener.whole import replace_file, replace_rows, replace_text
from trainer import recipe
from trainer.facts import CURE, Facts, read_facts, read_rows
from trainer.recipe import Recipe

_NO_ARCHIVE = (UnpicklingError, BadZipFile, zlib.error, NotImplementedError)
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

    def refuse_second(self) -> None:
        """Tell early that a run cannot be started here.

        Raises:
            ConfigurationError: there is a run in the folder already.
        """
        if self.recipe_file.exists():
            raise ConfigurationError(
                f"{self.folder}: holds a run already; go on with --resume {self.folder} "
                "or give another --run"
            )

    def start(self, chosen: Recipe, facts: Mapping[str, Any]) -> None:
        """Lay out a new run.

        Raises:
            ConfigurationError: there is a run in the folder already, or no folder can be there.
        """
        self.refuse_second()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{self.folder}: {error.strerror}; give another --run"
            ) from None
        self.write_facts(dict(facts) | {"versions": versions()})
        replace_text(self.recipe_file, recipe.dump(chosen))

    def recipe(self) -> Recipe:
        """The recipe of this run, overrides applied.

        Raises:
            ConfigurationError: there is no run here.
        """
        if not self.recipe_file.is_file() or not self.facts_file.is_file():
            raise ConfigurationError(f"{self.folder}: no run here; start one with --run")
        return recipe.read(self.recipe_file)

    def facts(self) -> Facts:
        """Manifests and their digest, backbone, learning rates chosen, versions.

        Raises:
            ConfigurationError: the file is damaged.
        """
        return read_facts(self.facts_file)

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Replace the facts."""
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
        replace_text(self.facts_file, text)

    def bind(self, digest: str) -> None:
        """Hold a run to the images that it began with.

        Args:
            digest: of its manifests, as they are now.

        Raises:
            ConfigurationError: they are others by now.
        """
        facts = self.facts()
        if facts.setdefault("manifest_digest", digest) != digest:
            raise ConfigurationError(
                f"{', '.join(facts['manifests'])}: changed since the run began; start a new run"
            )
        self.write_facts(facts)

    def log(self) -> list[dict[str, str]]:
        """The rows of the log, an epoch each: nothing but what recipe, seed and images decide.

        Raises:
            ConfigurationError: the file is damaged.
        """
        return read_rows(self.log_file)

    def write_log(self, rows: list[dict[str, Any]]) -> None:
        """Replace the log: after a resume it must not hold an epoch twice."""
        _write_rows(self.log_file, rows)

    def times(self) -> list[dict[str, str]]:
        """How long each epoch took, in the order of the log; no two fits agree in this.

        Raises:
            ConfigurationError: the file is damaged.
        """
        return read_rows(self.times_file)

    def timed_log(self) -> list[dict[str, str]]:
        """The rows of the log, each with how long its epoch took."""
        times = {(row["step"], row["epoch"]): row for row in self.times()}
        return [row | times.get((row["step"], row["epoch"]), {}) for row in self.log()]

    def write_time(self, step: str, epoch: int, seconds: float, images: int) -> None:
        """Note how long the training images of an epoch took, in place of an earlier note."""
        rows = [row for row in self.times() if (row["step"], row["epoch"]) != (step, str(epoch))]
        pace = {"seconds": seconds, "images_per_second": images / seconds}
        _write_rows(self.times_file, [*rows, {"step": step, "epoch": epoch, **pace}])


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(rows[0])
    lines = [[row.get(column, "") for column in columns] for row in rows]
    replace_rows(path, [columns, *lines], end="\r\n")


def save_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """``torch.save``, whole or not at all."""
    stream = io.BytesIO()  # onto a full disk torch itself fails without saying so
    torch.save(dict(content), stream)
    replace_file(path, stream.getbuffer())


def load_tensors(path: Path) -> dict[str, Any]:
    """What :func:`save_tensors` wrote; plain values and tensors only, no code is run.

    Raises:
        ConfigurationError: the file is damaged.
    """
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, *_NO_ARCHIVE) as error:
        fact = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigurationError(f"{path}: damaged ({fact.rstrip('.')}); {CURE}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: damaged (no table of tensors); {CURE}")
    return content


def _check_sums(path: Path) -> None:
    """Hold what an archive holds against its check sums, which torch does not look at.

    Raises:
        ValueError: one is another: a bit is not what was written.
        BadZipFile: it is no archive.
    """
    with ZipFile(path) as archive:
        if wrong := archive.testzip():
            raise ValueError(f"{wrong} is not what was written")


def fill(network: nn.Module, content: Mapping[str, Any], path: Path) -> None:
    """Put the network that a file of :func:`save_tensors` holds into one of its kind.

    Raises:
        ConfigurationError: the file holds none, or another's.
    """
    try:
        network.load_state_dict(content["network"])
    except (LookupError, TypeError, AttributeError, RuntimeError) as error:
        fact = str(error).splitlines()[-1].strip() or type(error).__name__
        raise ConfigurationError(f"{path}: not the network of this run ({fact}); {CURE}") from None


def versions() -> dict[str, str]:
    """Versions of what decides the result."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONS}
