"""Fit a recipe once for each group of sources left out, and score what it has not seen.

Each fold is a run of its own, resumable like any other. Of a soup, the members are scored alone
and averaged, so that which of them go into the mean is decided here and not by validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from screener.card import IMAGENET_MEAN, IMAGENET_STD
from screener.errors import ConfigurationError
from screener.network.batch import to_input
from screener.study import LABELS
from trainer.fitting.data import Squares, cached_squares
from trainer.fitting.distil import settled
from trainer.fitting.progress import Progress
from trainer.fitting.soup import fit_recipe, mean, member_runs, work
from trainer.fitting.states import State, best_state, network_of
from trainer.judging.temperature import fit_temperature
from trainer.judging.unseen import Array, Figures, Fold, Scored, figures, judged, seen
from trainer.manifest import Entry, read_manifests, with_validation
from trainer.recipe import Recipe
from trainer.run import Run

FOLD = "{fold}"
"""Stands for a fold's name in the names of teachers."""
SEED_STEP = 100
"""What another round adds to every seed."""
BATCH = 32
ALL = "all averaged"
GREEDY = "greedy"
SINGLE = "the fit"


@dataclass(frozen=True, slots=True)
class Look:
    """What a fold's networks are shown."""

    judged: Sequence[tuple[Entry, str]]
    """With their roles."""
    seen: Sequence[Entry]
    """Validation images of its own sources, for its temperature."""

    @property
    def entries(self) -> list[Entry]:
        """All, the judged ones first."""
        return [*(entry for entry, _ in self.judged), *self.seen]


def cheaper(recipe: Recipe, films: int, further: int = 0) -> Recipe:
    """The recipe with so many films an epoch (0: its own) and other seeds, members included."""
    changed = replace(recipe, seed=recipe.seed + SEED_STEP * further)
    if films:
        changed = replace(changed, images_per_epoch=films)
    if recipe.soup is None:
        return changed
    more = (f"images_per_epoch={films}",) if films else ()
    listed = [
        replace(member, set=(*map(_reseeded(further), member.set), *more))
        for member in recipe.soup.members
    ]
    return replace(changed, soup=replace(recipe.soup, members=tuple(listed)))


def _reseeded(further: int) -> Callable[[str], str]:
    def setting(text: str) -> str:
        key, _, value = text.partition("=")
        return f"seed={int(value) + SEED_STEP * further}" if key.strip() == "seed" else text

    return setting


def fold_runs(run: Run, folds: Sequence[Fold], films: int, rounds: int) -> dict[str, Run]:
    """A run for each fold and round, laid out where it is not there yet."""
    facts = run.facts()
    shared = {key: facts[key] for key in ("manifests", "backbone", "lr")}
    runs = {}
    for fold in folds:
        for number in range(rounds):
            name = f"{fold.name}-{number}"
            own = runs[name] = Run(run.folder / "folds" / name)
            if not own.recipe_file.is_file():
                changed = settled(taught(cheaper(run.recipe(), films, number), fold))
                own.start(changed, shared | {"left_out": list(fold.sources)})
    return runs


def taught(recipe: Recipe, fold: Fold) -> Recipe:
    """The recipe with teachers that did not see what the fold leaves out.

    Raises:
        ConfigurationError: a teacher is the same for all folds.
    """
    for name in recipe.teachers:
        if FOLD not in name:
            raise ConfigurationError(
                f"teachers: {name} may have seen what is left out; name weights that were fitted "
                f"without it, with {FOLD} in the place of the fold's name"
            )
    names = tuple(name.replace(FOLD, fold.name) for name in recipe.teachers)
    return replace(recipe, teachers=names)


def fit_folds(runs: Mapping[str, Run], progress: Progress, device: str) -> None:
    """Run or go on with the fit of every fold."""
    later = [0.0 if run.best_file.is_file() else work(run) for run in runs.values()]
    for number, (name, run) in enumerate(runs.items(), start=1):
        progress.say(f"fold {name}: without {', '.join(run.facts()['left_out'])}")
        with progress.followed_by(sum(later[number:])):
            fit_recipe(run, progress, device=device)


def score(runs: Mapping[str, Run], most: int) -> list[Scored]:
    """Score each fold's unseen images, the mean of all members first, then each, then the greedy.

    Args:
        runs: fitted, by fold and round.
        most: images of each (source, label).
    """
    looks = {name: _looked_at(run, most) for name, run in runs.items()}
    states = {name: _states(run) for name, run in runs.items()}
    members = list(next(iter(states.values())))
    if len(members) == 1:
        return _variant(SINGLE, members, runs, looks, states)
    scored = _variant(ALL, members, runs, looks, states)
    alone = {m: _variant(m, [m], runs, looks, states) for m in members}
    for own in alone.values():
        scored += own
    return scored + _greedy(alone, runs, looks, states)


def _greedy(
    alone: Mapping[str, list[Scored]],
    runs: Mapping[str, Run],
    looks: Mapping[str, Look],
    states: Mapping[str, Mapping[str, State]],
) -> list[Scored]:
    """The mean of the best member and of those that make it better, tried from the best on."""
    order = sorted(alone, key=lambda member: -figures(member, alone[member]).mean)
    taken, best = [order[0]], alone[order[0]]
    for member in order[1:]:
        tried = _variant(GREEDY, [*taken, member], runs, looks, states)
        if figures(GREEDY, tried).mean > figures(GREEDY, best).mean:
            taken, best = [*taken, member], tried
    name = f"{GREEDY}: {', '.join(taken)}"
    return [replace(one, variant=name) for one in best]


def _variant(
    name: str,
    members: Sequence[str],
    runs: Mapping[str, Run],
    looks: Mapping[str, Look],
    states: Mapping[str, Mapping[str, State]],
) -> list[Scored]:
    found: list[Scored] = []
    for fold, run in runs.items():
        recipe = run.recipe()
        size = _size(run, members)
        state = mean([states[fold][member] for member in members])
        look = looks[fold]
        squares = cached_squares(look.entries, size, run.cache)
        logits = calibrated(look, logits_of(recipe, state, squares))
        found += [
            Scored(name, fold, role, e.source, e.label, e.person, e.image.name, tuple(row))
            for (e, role), row in zip(look.judged, logits.tolist(), strict=True)
        ]
    return found


def calibrated(look: Look, logits: Array) -> Array:
    """The logits of the judged images at the temperature that the seen ones ask for.

    Args:
        look: what was shown.
        logits: (N, classes), in the order of its entries.
    """
    judged, seen = np.split(logits, [len(look.judged)])
    if not len(seen):
        return judged
    truth = np.array([LABELS.index(entry.label) for entry in look.seen])
    found: Array = judged / fit_temperature(seen, truth)
    return found


def _size(run: Run, members: Sequence[str]) -> int:
    """A member alone is judged at its own size, a mean at the soup's."""
    if run.recipe().soup is None or len(members) > 1:
        return run.recipe().input_size
    return member_runs(run)[members[0]].recipe().input_size


def _states(run: Run) -> dict[str, State]:
    if run.recipe().soup is None:
        return {SINGLE: best_state(run)}
    return {name: best_state(member) for name, member in member_runs(run).items()}


def _looked_at(run: Run, most: int) -> Look:
    recipe, facts = run.recipe(), run.facts()
    entries = read_manifests(map(Path, facts["manifests"]))
    entries = with_validation(entries, recipe.validation_fraction, recipe.split_seed)
    fold = Fold(run.folder.name, tuple(facts["left_out"]))
    return Look(judged(entries, fold, most), seen(entries, fold, most))


def logits_of(recipe: Recipe, state: State, squares: Squares) -> Array:
    """(N, S, S) uint8 squares -> (N, classes) logits."""
    network = network_of(recipe)
    network.load_state_dict(state)
    network = network.eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        found = [network(batch) for batch in _batches(squares)]
    logits: Array = torch.cat(found).numpy()
    return logits


def _batches(squares: Squares) -> Iterator[torch.Tensor]:
    for start in range(0, len(squares), BATCH):
        own = torch.from_numpy(np.array(squares[start : start + BATCH]))
        yield to_input(own, IMAGENET_MEAN, IMAGENET_STD)


def all_figures(scored: Sequence[Scored]) -> list[Figures]:
    """The figures of every variant, in the order they were scored."""
    variants = dict.fromkeys(one.variant for one in scored)
    return [figures(name, [one for one in scored if one.variant == name]) for name in variants]
