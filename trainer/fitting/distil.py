"""A student that learns to say what its teachers say of the same picture (Beyer et al. 2022).

Student and teachers see one augmented picture, in half of the cases mixed from two, so that the
student is taught far from the training films as well. Teachers are weights as the screener loads
them; they learn nothing, and what they were trained on is the student's training, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from fastai.callback.core import Callback
from torch import Tensor
from torch.nn import functional

from screener.card import WeightsCard, load_card
from screener.errors import ConfigurationError
from screener.network.model import Network
from screener.network.weights import find, load_network
from screener.study import LABELS
from trainer.recipe import Recipe

TEMPERATURE = 2.0
MIXED = 0.5
"""Share of the pictures that are mixed with another of their batch; their labels teach nothing."""
LIKENESS = 10.0
"""Weight of the loss between the films' likenesses."""

Teacher = tuple[Network, int]
"""A network in evaluation mode, and the side of the pictures it takes."""


def teachers(names: Sequence[str]) -> list[Teacher]:
    """Load the teachers of a recipe, given as ``--weights`` takes them.

    Raises:
        WeightsError: one is not there or is damaged.
        ConfigurationError: one knows other classes.
    """
    found = []
    for name in names:
        card, network = load_network(find(name))
        if card.labels != LABELS:
            raise ConfigurationError(f"teachers: {name} knows {card.labels}, not {LABELS}")
        found.append((network.requires_grad_(requires_grad=False), card.input_size))
    return found


def cards(names: Sequence[str]) -> dict[str, WeightsCard]:
    """The cards of teachers by the name they were given by.

    Raises:
        WeightsError: one is not there, or its card cannot be believed.
    """
    return {name: load_card(find(name)) for name in names}


def settled(recipe: Recipe) -> Recipe:
    """The recipe with its teachers' folders made absolute: a run is gone on with from anywhere.

    Raises:
        WeightsError: a teacher is not there or is damaged.
        ConfigurationError: one knows other classes.
    """
    teachers(recipe.teachers)
    names = [str(Path(name).resolve()) if Path(name).is_dir() else name for name in recipe.teachers]
    return replace(recipe, teachers=tuple(names))


class Distillation(Callback):  # type: ignore[misc]
    """Adds to the loss how far the student is from its teachers, and mixes what both see."""

    order = 5  # before autocast is entered: teachers compute in float32

    def __init__(self, listed: Sequence[Teacher]) -> None:
        """Learn from the teachers' mean probabilities, and from the first one's likenesses."""
        self.teachers = listed

    def before_fit(self) -> None:
        """Bring teachers to the student's device and listen to what its head is given."""
        device = self.learn.dls.device
        self.teachers = [(network.to(device), size) for network, size in self.teachers]
        self.hook = self.learn.model.body.register_forward_hook(self._pooled)

    def after_fit(self) -> None:
        """Leave the network as it was."""
        self.hook.remove()

    def _pooled(self, _: object, __: object, maps: Tensor) -> None:
        self.features = maps.mean((2, 3))

    def before_batch(self) -> None:
        """Mix, and ask the teachers."""
        if not self.learn.training:
            return
        pixels, self.mixed = mix(self.learn.xb[0])
        self.learn.xb = (pixels,)
        with torch.no_grad():
            said = [ask(network, size, pixels) for network, size in self.teachers]
        self.target = torch.stack([logits for logits, _ in said])  # (T, N, C)
        self.alike = likeness(said[0][1])

    def after_loss(self) -> None:
        """The labels of what is not mixed, the teachers' word on everything."""
        if not self.learn.training:
            return
        own = ~self.mixed
        labels = self.learn.yb[0][own]
        loss: Any = distance(self.learn.pred, self.target)
        loss = loss + LIKENESS * (likeness(self.features) - self.alike).square().mean()
        if len(labels):
            loss = loss + self.learn.loss_func(self.learn.pred[own], labels)
        self.learn.loss_grad = loss
        self.learn.loss = loss.detach().clone()


def mix(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mix some pictures of a batch with another of it; drawn from torch's own random state.

    Args:
        pixels: (N, 3, S, S) float32.

    Returns:
        The pictures, and (N,) bool: which are mixed.
    """
    n = len(pixels)
    mixed = torch.rand(n) < MIXED
    share = torch.where(mixed, torch.rand(n), torch.ones(n)).view(-1, 1, 1, 1).to(pixels.device)
    partners = pixels[torch.randperm(n).to(pixels.device)]
    return pixels * share + partners * (1 - share), mixed.to(pixels.device)


def ask(network: Network, size: int, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """A teacher's (N, C) logits and (N, F) pooled features of pictures of any size."""
    if pixels.shape[-1] != size:
        pixels = functional.interpolate(pixels, (size, size), mode="bilinear", antialias=True)
    maps = network.body(pixels)
    return network.head(maps), maps.mean((2, 3))


def distance(logits: Tensor, target: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the teachers' mean probabilities at the temperature.

    Args:
        logits: (N, C), the student's.
        target: (T, N, C), each teacher's logits.
    """
    wanted = (target / TEMPERATURE).softmax(2).mean(0)
    shares = (logits / TEMPERATURE).log_softmax(1)
    return TEMPERATURE**2 * functional.kl_div(shares, wanted, reduction="batchmean")


def likeness(features: Tensor) -> Tensor:
    """(N, F) pooled features -> (N, N) cosines between the films (Tung and Mori 2019).

    Films are compared with each other within a network, so that students and teachers may have
    different numbers of features.
    """
    unit = functional.normalize(features.float(), dim=1)
    return unit @ unit.T
