"""The states of networks that a fit keeps, checked before anything is made of them.

A file that was exchanged or damaged ends a command in one line, before hours are spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from screener.errors import ConfigurationError
from screener.network.model import Network
from screener.study import LABELS
from trainer.facts import CURE
from trainer.recipe import Recipe
from trainer.run import Run, fill, load_tensors

State = dict[str, Tensor]

_PARTS: Mapping[str, type | tuple[type, ...]] = {
    "step": int, "epoch": int, "batch": int, "network": dict, "optimizer": dict, "random": dict,
    "measures": tuple, "best": (int, float), "average": dict,
}  # fmt: skip
"""What a checkpoint holds."""


def network_of(recipe: Recipe) -> Network:
    """A network as a recipe wants it."""
    return Network(recipe.network, len(LABELS), recipe.head)


def best_of(run: Run) -> tuple[Network, dict[str, Any]]:
    """The network that a run has kept, and of which epoch it is; {} where the file does not say.

    Raises:
        ConfigurationError: the file is damaged, or holds no network of the run's recipe.
    """
    content, network = load_tensors(run.best_file), network_of(run.recipe())
    fill(network, content, run.best_file)
    kept = content.get("kept")
    return network, kept if isinstance(kept, dict) else {}


def best_state(run: Run) -> State:
    """The tensors of the network that a run has kept.

    Raises:
        ConfigurationError: as :func:`best_of`.
    """
    return best_of(run)[0].state_dict()


def last_checkpoint(run: Run) -> dict[str, Any]:
    """The newest checkpoint of a run; empty when there is none.

    Raises:
        ConfigurationError: it is damaged.
    """
    if not run.checkpoint_file.is_file():
        return {}
    content = load_tensors(run.checkpoint_file)
    for name, kind in _PARTS.items():
        if not isinstance(content.get(name), kind):
            raise ConfigurationError(f"{run.checkpoint_file}: damaged (no {name}); {CURE}")
    return content


def restore(optimizer: Optimizer, content: Mapping[str, Any], path: Path) -> None:
    """Put the state that a checkpoint holds into an optimizer of its kind.

    Raises:
        ConfigurationError: it holds none, or another's.
    """
    try:
        optimizer.load_state_dict(content["optimizer"])
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        fact = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigurationError(
            f"{path}: not the optimizer of this run ({fact}); {CURE}"
        ) from None


def rows_of(run: Run, epochs: int) -> list[dict[str, str]]:
    """The log of so many epochs; later ones, which a checkpoint does not know, are made again.

    Raises:
        ConfigurationError: there are fewer.
    """
    rows = run.log()[:epochs]
    if len(rows) < epochs:
        raise ConfigurationError(
            f"{run.log_file}: lacks epochs that {run.checkpoint_file.name} has behind it; {CURE}"
        )
    return rows


def taken_up(
    run: Run, network: Network, place: Mapping[str, Any], behind: int
) -> list[dict[str, Any]]:
    """Take up a checkpoint that fits what lies beside it, before the first batch; gives the log.

    Args:
        run: that goes on.
        network: to be what it was.
        place: the checkpoint, empty where there is none.
        behind: epochs of the steps before the checkpoint's.

    Raises:
        ConfigurationError: it is another network's, or the log or the kept weights are not there.
    """
    if not place:
        return []
    fill(network, place, run.checkpoint_file)
    rows = rows_of(run, behind + place["epoch"])
    if rows and not run.best_file.is_file():
        raise ConfigurationError(f"{run.best_file}: the weights kept so far are gone; {CURE}")
    return [*rows]
