"""The stage loop: rebuild the weights by a recipe, resumably. Read it from top to bottom.

    for each stage: batches of its size -> head alone -> whole network -> log, checkpoint

The network is ``screener.network.model.Network``, the loop fastai's Learner. A fit killed at
any moment goes on from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback, TrainEvalCallback
from fastai.callback.schedule import lr_find  # noqa: F401 (gives Learner its lr_find)
from fastai.data.core import DataLoaders
from fastai.learner import Learner, Recorder
from fastai.optimizer import OptimWrapper
from torch import nn

from screener.errors import ConfigurationError
from screener.network.model import Network
from screener.study import TARGET_LABEL
from trainer.fitting.averaging import MovingAverage
from trainer.fitting.backbones import load_backbone
from trainer.fitting.callbacks import Checkpoint, Measures, Precision
from trainer.fitting.data import Batches, Squares, cached_squares
from trainer.fitting.distil import Distillation, cards, teachers
from trainer.fitting.loss import OpenLabelLoss, is_right
from trainer.fitting.progress import Progress
from trainer.fitting.rates import find_rate
from trainer.fitting.selection import group_recall
from trainer.fitting.states import last_checkpoint, network_of, restore, taken_up
from trainer.manifest import Entry, adopted, manifest_digest, read_manifests, with_validation
from trainer.recipe import Recipe, Stage
from trainer.run import Run, save_tensors

ADAM = {"betas": (0.9, 0.99), "eps": 1e-5}
"""fastai's own Adam, which the published recipe was fitted with; torch's fused AdamW takes the same
step with these numbers."""

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True, slots=True)
class Step:
    """One call of fit: the head alone, or the whole network, at one image size."""

    number: int
    stage: Stage
    frozen: bool

    @property
    def name(self) -> str:
        """As the log and the plots call it."""
        return f"{self.stage.name}-{'head' if self.frozen else 'whole'}"

    @property
    def epochs(self) -> int:
        """Epochs of this step."""
        return self.stage.frozen_epochs if self.frozen else self.stage.epochs

    @property
    def lr(self) -> tuple[float, ...]:
        """The recipe's rates for this step."""
        return (self.stage.frozen_lr,) if self.frozen else self.stage.lr


def steps(recipe: Recipe) -> list[Step]:
    """The steps of a recipe in order, empty ones left out."""
    both = [(stage, frozen) for stage in recipe.stages for frozen in (True, False)]
    wanted = [
        (stage, frozen)
        for stage, frozen in both
        if (stage.frozen_epochs if frozen else stage.epochs) > 0
    ]
    return [Step(number, stage, frozen) for number, (stage, frozen) in enumerate(wanted)]


HEAD_ALONE = 0.4
"""What an image costs that passes the body forwards only, of one that passes it both ways."""


def works(recipe: Recipe, images: int) -> dict[str, float]:
    """What the steps of a fit cost by name: pixels that pass through the network.

    Args:
        recipe: of the fit.
        images: training images, where the recipe says no number for an epoch.
    """
    each = recipe.images_per_epoch or images
    return {
        step.name: each
        * step.epochs
        * step.stage.image_size**2
        * (HEAD_ALONE if step.frozen else 1)
        for step in steps(recipe)
    }


def halves(network: Network) -> list[list[nn.Parameter]]:
    """Each layer group as two: what weight decay holds down, and the norms and biases it spares."""
    spared = {
        parameter
        for module in network.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if name == "bias" or isinstance(module, NORMS)
    }
    return [
        [parameter for parameter in group if (parameter in spared) == spare]
        for group in network.layer_groups()
        for spare in (False, True)
    ]


def equidistant(lr: Sequence[float], groups: int) -> list[float]:
    """A rate for each layer group: from the first given to the last in equal steps."""
    return [float(rate) for rate in np.linspace(lr[0], lr[-1], groups)]


def fit(
    run: Run,
    progress: Progress,
    *,
    device: str = "cpu",
    lr: str = "paper",
    choose: Callable[[str, float, float], float] | None = None,
    checkpoint_minutes: float = 10.0,
    cache: Path | None = None,
) -> None:
    """Run or go on with every step of a run's recipe; leaves ``best.pt`` and the log.

    Args:
        run: a run laid out by ``Run.start``.
        progress: where to say how far it is.
        device: torch's name of the device.
        lr: ``paper`` takes the recipe's rates, ``auto`` the finder's, ``ask`` asks ``choose``.
        choose: given step, suggested and recipe rate, returns the rate of the last layer group.
        checkpoint_minutes: time between checkpoints within an epoch.
        cache: where decoded images are kept; in the run folder unless told otherwise.

    Raises:
        ConfigurationError: the manifests are not those the run began with, or unreadable images.
    """
    recipe = run.recipe()
    entries = _entries(run)
    place = last_checkpoint(run)
    _same_teachers(run)
    network = fresh_network(recipe, "none" if place else run.facts()["backbone"])
    average = MovingAverage(network, recipe.average, place.get("average"))
    behind = sum(s.epochs for s in steps(recipe) if s.number < place["step"]) if place else 0
    rows = taken_up(run, network, place, behind)
    squares = cached_squares(entries, recipe.cache_size, cache or run.cache, progress.decoded)
    progress.plan(works(recipe, sum(entry.split == "train" for entry in entries)))
    state = _State(run, entries, average, best=place.get("best", -1.0), rows=rows)
    for step in steps(recipe):
        if place and step.number < place["step"]:
            continue
        learner = learner_for(recipe, step, network, entries, squares, device)
        if place:
            restore(learner.opt.opt, place, run.checkpoint_file)
        rates = _rates(run, step, learner, lr, choose, progress, resuming=bool(place))
        _fit_step(learner, step, rates, state, progress, place, 60 * checkpoint_minutes)
        place = {}


def _entries(run: Run) -> list[Entry]:
    """The images to learn from and to validate on, which must be those the run began with."""
    entries = entries_of(run)
    run.bind(manifest_digest(entries))
    return entries


def _same_teachers(run: Run) -> None:
    """Teachers must be those the run began with."""
    facts = run.facts()
    digests = {name: card.digest for name, card in cards(run.recipe().teachers).items()}
    if facts.setdefault("teachers", digests) != digests:
        raise ConfigurationError(
            f"{run.folder}: its teachers' weights changed since the run began; start a new run"
        )
    run.write_facts(facts)


def entries_of(run: Run) -> list[Entry]:
    """The training and validation images of a run.

    Raises:
        ConfigurationError: as :func:`learning_entries`.
    """
    facts = run.facts()
    left_out = facts.get("left_out", ())
    return learning_entries(map(Path, facts["manifests"]), run.recipe(), left_out)


def learning_entries(
    manifests: Iterable[Path], recipe: Recipe, left_out: Sequence[str] = ()
) -> list[Entry]:
    """Training and validation images of some manifests; nothing else is ever looked at.

    Args:
        manifests: files or their folders.
        recipe: says how much is held out, and what is learnt from split ``aux``.
        left_out: sources of which nothing is learnt.

    Raises:
        ConfigurationError: a manifest is wrong, or one of the two splits would be empty or would
            show no COVID-19.
    """
    entries = adopted(read_manifests(manifests), recipe.aux)
    entries = [e for e in entries if e.split in ("train", "val") and e.source not in left_out]
    entries = with_validation(entries, recipe.validation_fraction, recipe.split_seed)
    if {entry.split for entry in entries} != {"train", "val"}:
        raise ConfigurationError("the manifests leave no training or no validation image")
    if lacking := _without_target(entries):
        raise ConfigurationError("\n".join(lacking))
    return entries


def _without_target(entries: Sequence[Entry]) -> list[str]:
    """What a fit would end at: after the last epoch bands are set by the target's images."""
    words = {"train": "training", "val": "validation"}
    with_target = {entry.split for entry in entries if entry.label == TARGET_LABEL}
    return [
        f"no {word} image is labelled {TARGET_LABEL}; give a manifest with some in {split!r}"
        for split, word in words.items()
        if split not in with_target
    ]


def fresh_network(recipe: Recipe, backbone: str) -> Network:
    """A network before its first batch: random by the recipe's seeds, with a body if one is given.

    Raises:
        WeightsError: the backbone's weights cannot be had.
    """
    torch.manual_seed(recipe.seed if recipe.start_seed < 0 else recipe.start_seed)
    network = network_of(recipe)
    load_backbone(network, backbone)
    return network.to(memory_format=torch.channels_last)


def learner_for(
    recipe: Recipe,
    step: Step,
    network: Network,
    entries: Sequence[Entry],
    squares: Squares,
    device: str,
) -> Learner:
    """A Learner for one step, its batches on ``device`` and the right layers frozen."""
    batches = partial(Batches, squares, entries, image_size=step.stage.image_size)
    rows = {
        split: [row for row, entry in enumerate(entries) if entry.split == split]
        for split in ("train", "val")
    }
    train = batches(
        rows["train"],
        batch_size=step.stage.batch_size,
        seed=recipe.seed,
        sampling=recipe.sampling,
        rules=step.stage.augment,
        images=recipe.images_per_epoch,
        source_prior=recipe.source_prior,
    )
    valid = batches(rows["val"], batch_size=2 * step.stage.batch_size)
    loaders = DataLoaders(train, valid, device=torch.device(device))
    loaders.n_inp = 1  # all that follows the pixels is the loss's
    learner = Learner(
        loaders,
        network,
        loss_func=OpenLabelLoss(recipe.label_smoothing),
        opt_func=partial(OptimWrapper, opt=torch.optim.AdamW, fused=True, **ADAM),
        splitter=halves,
        wd=[recipe.weight_decay, 0.0] * len(network.layer_groups()),
        default_cbs=False,
        cbs=[TrainEvalCallback(), Recorder(add_time=False), Measures()],
    )
    learner.logger = _silent
    learner.create_mbar = False
    if recipe.precision == "bfloat16":
        learner.add_cb(Precision())
    if recipe.teachers:
        learner.add_cb(Distillation(teachers(recipe.teachers)))
    learner.create_opt()
    if step.frozen:
        learner.freeze_to(-2)  # the head's two halves
    else:
        learner.unfreeze()
    return learner


def _silent(*words: object) -> None:
    """Recorder's log line: ours is written by :class:`_State`."""


def _rates(
    run: Run,
    step: Step,
    learner: Learner,
    lr: str,
    choose: Callable[[str, float, float], float] | None,
    progress: Progress,
    *,
    resuming: bool,
) -> tuple[float, ...]:
    """The rates of a step: the recipe's, or the finder's, kept in the run for a resume."""
    facts = run.facts()
    chosen: dict[str, list[float]] = facts.setdefault("rates", {})
    if step.name in chosen:
        return tuple(chosen[step.name])
    if lr == "paper" or resuming:
        return step.lr
    torch.manual_seed(run.recipe().seed + step.number)  # the same suggestion after a resume
    suggested = find_rate(learner, step.name, run.folder, progress)
    last = choose(step.name, suggested, step.lr[-1]) if choose else suggested
    rates = tuple(rate * last / step.lr[-1] for rate in step.lr)
    chosen[step.name] = list(rates)
    run.write_facts(facts)
    return rates


class _State:
    """What grows from epoch to epoch: the log, and the best weights so far."""

    def __init__(
        self,
        run: Run,
        entries: Sequence[Entry],
        average: MovingAverage,
        *,
        best: float,
        rows: list[dict[str, Any]],
    ) -> None:
        self.run, self.best, self.rows, self.average = run, best, rows, average
        self._valid = [entry for entry in entries if entry.split == "val"]

    def extra(self) -> dict[str, Any]:
        """What a checkpoint needs of it."""
        return {"best": self.best, "average": self.average.state()}

    def epoch(self, learner: Learner, step: Step) -> dict[str, Any]:
        """Measure an epoch, log it, and keep its weights when they are the best of their size.

        Weights of an earlier stage are never kept over those of a later one: they were made for
        smaller images than the finished network gets.
        """
        measures: Measures = learner.measures
        right = is_right(torch.cat(measures.logits), torch.cat(measures.truth)).tolist()
        row = {
            "step": step.name,
            "image_size": step.stage.image_size,
            "epoch": learner.epoch + 1,
            "lr_first": learner.opt.hypers[0]["lr"],
            "lr_last": learner.opt.hypers[-1]["lr"],
            "train_loss": measures.train_loss(),
            "valid_loss": measures.valid_loss(),
            "valid_accuracy": sum(right) / len(right),
            "valid_group_recall": group_recall(self._valid, right),
            "kept": "",
        }
        done = [r for r in self.rows if (r["step"], int(r["epoch"])) != (step.name, row["epoch"])]
        own = {replace(step, frozen=frozen).name for frozen in (True, False)}
        first_of_stage = not any(r["step"] in own for r in done)
        better = row["valid_group_recall"] > self.best
        if first_of_stage or better or self.run.recipe().keep == "last":
            self.best = row["valid_group_recall"]
            row["kept"] = " *"
            place = {key: row[key] for key in ("step", "image_size", "epoch")}
            save_tensors(self.run.best_file, {"network": learner.model.state_dict(), "kept": place})
        self.rows = [*done, row]
        images = measures.loss_count * step.stage.batch_size
        self.run.write_time(step.name, row["epoch"], measures.seconds, images)
        self.run.write_log(self.rows)  # last: by its length a member of a soup is known to be done
        return row

    def callback(self, step: Step, progress: Progress) -> Callback:
        """Measures each epoch of one step, before the checkpoint is written."""
        return _EpochEnd(lambda learner: progress.epoch(self.epoch(learner, step)))


class _EpochEnd(Callback):  # type: ignore[misc]
    order = 80

    def __init__(self, act: Callable[[Learner], None]) -> None:
        self.act = act

    def after_validate(self) -> None:
        """An epoch's training and validation are over."""
        self.act(self.learn)


def _fit_step(
    learner: Learner,
    step: Step,
    rates: Sequence[float],
    state: _State,
    progress: Progress,
    place: dict[str, Any],
    checkpoint_seconds: float,
) -> None:
    progress.step(step.name, step.epochs, len(learner.dls.train), step.stage.batch_size)
    saving = Checkpoint(
        state.run, step.number, every_seconds=checkpoint_seconds, place=place, extra=state.extra
    )
    average = [state.average] if state.average.decay else []
    learner.add_cbs([progress.callback(), state.callback(step, progress), *average, saving])
    start = place.get("epoch", 0)
    layers = equidistant(rates, len(learner.opt.param_lists) // 2)
    groups = [rate for rate in layers for _ in range(2)]
    if step.stage.schedule == "one_cycle":
        learner.fit_one_cycle(step.epochs, groups, start_epoch=start)
    else:
        learner.fit(step.epochs, groups, start_epoch=start)
