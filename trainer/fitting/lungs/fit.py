"""The loop that fits the lungs' outline: read it from top to bottom.

    for each stage, for each epoch: batches -> loss -> step; validation; log and checkpoint

Order, changes and rates of a batch depend on nothing but the seed and its place in the fit, so a
fit that was killed goes on from its last whole epoch and ends with the same weights. Films of
sources that the recipe holds out are never read here.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from screener.card import IMAGENET_MEAN, IMAGENET_STD, TIMM
from screener.errors import ConfigurationError
from screener.network.batch import to_input
from screener.network.lung_net import ENCODER, LungNet
from screener.network.model import Network
from trainer.facts import CURE
from trainer.fitting.backbones import load_backbone
from trainer.fitting.lungs.pairs import Pair, Squares, digest, learning_pairs, read_pairs, squares
from trainer.fitting.lungs.style import changed
from trainer.fitting.progress import Progress
from trainer.fitting.states import restore, rows_of
from trainer.recipe import Recipe, Stage
from trainer.run import Run, fill, load_tensors, save_tensors

HELD_BLOCKS = 2
"""First blocks of a fitted encoder, to a stride of 4, that stay as ImageNet left them: edges are
edges, few films would spoil them, and they cost half of a pass back."""

WARM_UP = 0.08
"""Share of a stage in which the rate rises to the recipe's; then it falls to 0 along a cosine."""


@dataclass(frozen=True, slots=True)
class Films:
    """Films and masks of one split, (N, S, S) uint8 each."""

    films: Squares
    masks: Squares


def fit(run: Run, progress: Progress, *, device: str = "cpu") -> None:
    """Fit the recipe of a run, or the rest of it, and leave its weights in ``best.pt``.

    Raises:
        ConfigurationError: a manifest is wrong, or nothing is left to train on.
        WeightsError: the first weights cannot be had.
    """
    recipe, facts = run.recipe(), run.facts()
    pairs = learning_pairs(read_pairs([Path(manifest) for manifest in facts["manifests"]]), recipe)
    run.write_facts(facts | {"films": _counts(pairs)})
    run.bind(digest(pairs))
    loop = _Loop(recipe, str(facts["backbone"]), device, progress)
    done = loop.resume(run) if run.checkpoint_file.is_file() else 0
    rows: list[dict[str, Any]] = [*rows_of(run, done)]
    for first, stage in zip(_firsts(recipe), recipe.stages, strict=True):
        if first + stage.epochs <= done:
            continue
        train, val = (_films(pairs, split, stage.image_size) for split in ("train", "val"))
        progress.step(stage.name, stage.epochs, _batches(train, stage), stage.batch_size)
        for epoch in range(max(0, done - first), stage.epochs):
            row = loop.epoch(stage, first, epoch, train, val)
            rows.append(row)
            progress.say(", ".join(f"{key.replace('_', ' ')} {row[key]}" for key in row))
            images = _batches(train, stage) * stage.batch_size
            run.write_time(stage.name, row["epoch"], loop.seconds, images)
            run.write_log(rows)  # first: a row that the checkpoint does not know is made again
            loop.keep(run, first + epoch + 1)
    save_tensors(run.best_file, {"network": loop.network.state_dict()})


def _films(pairs: Sequence[Pair], split: str, size: int) -> Films:
    return Films(*squares([pair for pair in pairs if pair.split == split], size))


def _counts(pairs: Sequence[Pair]) -> dict[str, int]:
    return {split: sum(pair.split == split for pair in pairs) for split in ("train", "val")}


def _batches(train: Films, stage: Stage) -> int:
    """Batches an epoch; an incomplete last one is left out."""
    return max(1, len(train.films) // stage.batch_size)


def _firsts(recipe: Recipe) -> list[int]:
    """Epochs of the fit that come before each stage."""
    return [0, *accumulate(stage.epochs for stage in recipe.stages)][:-1]


def begin(backbone: str) -> LungNet:
    """The network with the encoder's first weights, as :func:`load_backbone` knows them."""
    network = LungNet()
    if backbone == "none":
        return network
    whole = Network(f"{TIMM}{ENCODER}")
    load_backbone(whole, backbone)
    first = {key.removeprefix("net."): tensor for key, tensor in whole.body.state_dict().items()}
    own = network.encoder.state_dict()
    network.encoder.load_state_dict({key: first[key] for key in own})
    return network


def rate(share: float) -> float:
    """Share of the recipe's rate at a share of the stage: a short rise, then a half cosine."""
    if share < WARM_UP:
        return share / WARM_UP
    return (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP))) / 2


class _Loop:
    """The network, its optimizer, and one epoch after another."""

    def __init__(self, recipe: Recipe, backbone: str, device: str, progress: Progress) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.progress = recipe, device, progress
        self.seconds = 0.0
        """Of the last pass over the training films."""
        self.network = begin(backbone).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        encoder, decoder = self.network.encoder, [self.network.decoder, self.network.last]
        early = [encoder.conv_stem, encoder.bn1, *encoder.blocks[:HELD_BLOCKS]]
        self.held: list[nn.Module] = [] if backbone == "none" else early
        for module in self.held:
            module.requires_grad_(requires_grad=False)
        fitted = [weights for weights in encoder.parameters() if weights.requires_grad]
        rest = [weights for module in decoder for weights in module.parameters()]
        self.optimizer = torch.optim.AdamW(
            [{"params": fitted}, {"params": rest}], weight_decay=recipe.weight_decay
        )

    def resume(self, run: Run) -> int:
        """Take up a checkpoint; the number of epochs behind it.

        Raises:
            ConfigurationError: it is damaged, or of another fit.
        """
        file = run.checkpoint_file
        kept = load_tensors(file)
        fill(self.network, kept, file)
        restore(self.optimizer, kept, file)
        if not isinstance(epochs := kept.get("epochs"), int):
            raise ConfigurationError(f"{file}: damaged (no number of epochs); {CURE}")
        return epochs

    def keep(self, run: Run, epochs: int) -> None:
        """Write a checkpoint."""
        states = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        save_tensors(run.checkpoint_file, {**states, "epochs": epochs})

    def epoch(
        self, stage: Stage, first: int, epoch: int, train: Films, val: Films
    ) -> dict[str, Any]:
        """One pass over the training films and a look at the validation's: a row of the log."""
        loss = self._train(stage, first, epoch, train)
        groups = self.optimizer.param_groups
        return {
            "step": stage.name, "epoch": epoch + 1, "image_size": stage.image_size,
            "train_loss": round(loss, 5), **self._validate(val, stage.batch_size),
            "lr_first": groups[0]["lr"], "lr_last": groups[1]["lr"],
        }  # fmt: skip

    def _train(self, stage: Stage, first: int, epoch: int, train: Films) -> float:
        """The mean loss of one pass."""
        self.network.train()
        for module in self.held:
            module.eval()
        number, batches = first + epoch, _batches(train, stage)
        order = np.random.default_rng((self.recipe.seed, number)).permutation(len(train.films))
        began, total = time.monotonic(), 0.0
        for batch in range(batches):
            self._set_rates(stage, (epoch + (batch + 1) / batches) / stage.epochs)
            rows = np.sort(order[batch * stage.batch_size : (batch + 1) * stage.batch_size])
            random = _random(self.recipe.seed, number, batch)
            films, masks = changed(
                _gray(train.films[rows]), _gray(train.masks[rows]), stage.augment, random
            )
            loss = _loss(self._logits(films), masks.to(self.device))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            total += loss.item()
            self.seconds = time.monotonic() - began
            self.progress.batch(epoch, batch + 1, batches, self.seconds, batch + 1)
        return total / batches

    def _set_rates(self, stage: Stage, share: float) -> None:
        rates = (stage.lr[0], stage.lr[-1])
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr * rate(share)

    def _logits(self, films: Tensor) -> Tensor:
        """(N, 1, S, S) float32 -> (N, 1, S, S) float32 logits."""
        gray = (films * 255).round().to(torch.uint8).squeeze(1).to(self.device)
        pixels = to_input(gray, IMAGENET_MEAN, IMAGENET_STD)
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        low = self.recipe.precision == "bfloat16"
        with torch.autocast(self.device, torch.bfloat16, enabled=low):
            small = self.network(pixels)
        return functional.interpolate(small.float(), films.shape[2:], mode="bilinear")

    def _validate(self, val: Films, batch_size: int) -> dict[str, float]:
        """Loss and mean Dice on the validation films as they are."""
        self.network.eval()
        losses, dices = [], []
        with torch.inference_mode():
            for first in range(0, len(val.films), batch_size):
                part = slice(first, first + batch_size)
                films, masks = _gray(val.films[part]), _gray(val.masks[part]).to(self.device)
                logits = self._logits(films)
                losses.append(_loss(logits, masks).item() * len(films))
                found, true = logits > 0, masks > 0.5
                overlap = (found & true).sum((1, 2, 3))
                dices += (2 * overlap / (found.sum((1, 2, 3)) + true.sum((1, 2, 3)))).tolist()
        return {
            "valid_loss": round(sum(losses) / len(val.films), 5),
            "valid_dice": round(float(np.mean(dices)), 5),
        }


def _random(*place: int) -> Generator:
    """The generator of one batch, whatever came before it."""
    seed = hashlib.sha256(":".join(map(str, place)).encode()).digest()[:8]
    return Generator().manual_seed(int.from_bytes(seed, "little") >> 1)


def _gray(grays: Squares) -> Tensor:
    """(N, S, S) uint8 -> (N, 1, S, S) float32 in [0, 1]."""
    return torch.from_numpy(grays).unsqueeze(1).float() / 255


def _loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of the pixels and the Dice of each film, in equal parts."""
    shares = logits.sigmoid()
    overlap = (shares * masks).sum((1, 2, 3))
    total = (shares + masks).sum((1, 2, 3))
    dice = (2 * overlap + 1) / (total + 1)
    return functional.binary_cross_entropy_with_logits(logits, masks) + (1 - dice).mean()
