"""A recipe's fits, one or several, and the mean of their weights (Wortsman et al. 2022).

What a long fit learns of its sources differs from fit to fit and cancels in the mean of weights;
what it learns of the disease stays. Members start from the same first weights and are fitted one
after another, each resumable; the mean is one network that costs no more than any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from screener.errors import ConfigurationError
from screener.network.model import Network
from trainer.fitting.data import Batches, cached_squares
from trainer.fitting.fit import entries_of, fit, works
from trainer.fitting.progress import Progress
from trainer.fitting.states import State, best_state, network_of
from trainer.recipe import Recipe, members
from trainer.run import Run, save_tensors

MEMBERS = "members"
"""Folder of a soup's run that holds the members' runs."""

INHERITED = ("manifests", "backbone", "lr", "left_out")
"""Facts of a soup's run that are its members', too."""

MEASURED_ON = 100
"""Training batches that batch norm statistics are measured on anew."""


def fit_recipe(
    run: Run,
    progress: Progress,
    *,
    device: str = "cpu",
    lr: str = "paper",
    choose: Callable[[str, float, float], float] | None = None,
    checkpoint_minutes: float = 10.0,
    cache: Path | None = None,
) -> None:
    """Run or go on with a recipe, a single fit or a soup; leaves ``best.pt`` and the log.

    Raises:
        ConfigurationError: as :func:`trainer.fitting.fit.fit`; or a member was fitted otherwise.
    """
    how: dict[str, Any] = {"device": device, "lr": lr, "choose": choose}
    how["checkpoint_minutes"] = checkpoint_minutes
    recipe = run.recipe()
    if recipe.soup is None:
        fit(run, progress, **how, cache=cache)
        return
    runs = member_runs(run)
    to_do = {name: member for name, member in runs.items() if not is_fitted(member)}
    for number, (name, member) in enumerate(to_do.items(), start=1):
        progress.say(f"member {name} of {', '.join(runs)}")
        with progress.followed_by(sum(map(work, list(to_do.values())[number:]))):
            fit(member, progress, **how, cache=cache or run.cache)
    chosen = {name: runs[name] for name in recipe.soup.of or runs}
    state = mean([best_state(member) for member in chosen.values()])
    if recipe.soup.norms == "measured":
        state = with_measured_norms(run, state, cache or run.cache)
    kept = {"step": "mean", "image_size": recipe.input_size, "epoch": 0}
    save_tensors(run.best_file, {"network": state, "kept": kept})
    run.write_log([{**row, "step": f"{name}: {row['step']}", "kept": ""}
                   for name, member in chosen.items() for row in member.log()])  # fmt: skip
    facts = next(iter(runs.values())).facts()
    run.write_facts(run.facts() | {"manifest_digest": facts["manifest_digest"]})


def is_fitted(run: Run) -> bool:
    """Whether a single fit is through."""
    return len(run.log()) >= run.recipe().epochs and run.best_file.is_file()


def work(run: Run) -> float:
    """What a run's recipe costs from its beginning, a single fit or a soup."""
    recipe = run.recipe()
    single = recipe.images_per_epoch or sum(e.split == "train" for e in entries_of(run))
    fits = members(recipe) if recipe.soup else [recipe]
    return sum(sum(works(fit, single).values()) for fit in fits)


def member_runs(run: Run) -> dict[str, Run]:
    """The runs of a soup's members by name, laid out where they are not there yet.

    Raises:
        ConfigurationError: one that is there follows another recipe than the soup says.
    """
    recipe, facts = run.recipe(), run.facts()
    shared = {key: facts[key] for key in INHERITED if key in facts}
    runs = {}
    for member in members(recipe):
        name = member.name.removeprefix(f"{recipe.name}-")
        own = runs[name] = Run(run.folder / MEMBERS / name)
        if not own.recipe_file.is_file():
            own.start(member, shared)
        if own.recipe() != member:
            raise ConfigurationError(
                f"{own.recipe_file}: not what the soup says of {name}; start a new run"
            )
    return runs


def mean(states: Sequence[Mapping[str, Tensor]]) -> State:
    """The mean of each tensor; counters are the first one's."""
    first = states[0]
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if tensor.is_floating_point()
        else tensor.clone()
        for name, tensor in first.items()
    }


def with_measured_norms(run: Run, state: State, cache: Path) -> State:
    """The state with batch norm statistics of the run's own training batches."""
    recipe, entries = run.recipe(), entries_of(run)
    network = network_of(recipe)
    network.load_state_dict(state)
    _measure(network, _batches(recipe, entries, cached_squares(entries, recipe.cache_size, cache)))
    return network.state_dict()


def _batches(recipe: Recipe, entries: Sequence[Any], squares: Any) -> Batches:  # noqa: ANN401
    stage = recipe.stages[-1]
    rows = [row for row, entry in enumerate(entries) if entry.split == "train"]
    return Batches(
        squares,
        entries,
        rows,
        image_size=stage.image_size,
        batch_size=stage.batch_size,
        seed=recipe.seed,
        sampling=recipe.sampling,
        rules=stage.augment,
    )


@torch.no_grad()
def _measure(network: Network, batches: Batches) -> None:
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    network.train()
    for pixels, _ in islice(batches, MEASURED_ON):
        network(pixels)
