"""What happens around a fit's batches: precision, measures, log, checkpoint.

Callbacks of fastai's kind. They change nothing about how the network learns, except that
:class:`Precision` lets it compute in bfloat16.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from torch import Tensor

from trainer.fitting.data import Batches
from trainer.run import Run, save_tensors


class Precision(Callback):  # type: ignore[misc]
    """Run the forward pass in bfloat16 on whatever device the batches are."""

    order = 10

    def before_batch(self) -> None:
        """Enter autocast."""
        device = self.learn.xb[0].device.type
        self.autocast = torch.autocast(device, dtype=torch.bfloat16)
        self.autocast.__enter__()  # type: ignore[no-untyped-call]

    def after_pred(self) -> None:
        """The loss is computed in float32."""
        self.learn.pred = self.learn.pred.float()

    def after_loss(self) -> None:
        """Leave autocast before the backward pass."""
        self.autocast.__exit__(None, None, None)


class Measures(Callback):  # type: ignore[misc]
    """Mean losses of the epoch, and the validation split's predictions."""

    order = 20

    def before_train(self) -> None:
        """Start the epoch's sums; a checkpoint from its middle puts its own in their place."""
        self.loss_sum, self.loss_count, self.seconds = 0.0, 0, 0.0
        self.resumed_at = time.monotonic()

    def after_batch(self) -> None:
        """Add a batch."""
        loss = float(self.learn.loss.detach())
        if self.learn.training:
            self.loss_sum += loss
            self.loss_count += 1
            return
        self.valid_sum += loss * len(self.learn.yb[0])
        self.logits.append(self.learn.pred.detach().float().cpu())
        self.truth.append(self.learn.yb[0].cpu())

    def after_train(self) -> None:
        """Stop the clock: validation is not training."""
        self.seconds += time.monotonic() - self.resumed_at

    def before_validate(self) -> None:
        """Start the validation sums."""
        self.valid_sum = 0.0
        self.logits: list[Tensor] = []
        self.truth: list[Tensor] = []

    def running_seconds(self) -> float:
        """Training time of this epoch so far."""
        return self.seconds + time.monotonic() - self.resumed_at

    def train_loss(self) -> float:
        """Mean loss of the epoch's training batches."""
        return self.loss_sum / max(1, self.loss_count)

    def valid_loss(self) -> float:
        """Mean loss of the validation images."""
        return self.valid_sum / max(1, sum(map(len, self.truth)))


class Checkpoint(Callback):  # type: ignore[misc]
    """Save everything a fit needs to go on, every epoch and every few minutes; and restore it.

    Optimizer, schedule, order of the data and random states are all functions of the place in
    the fit or are saved with it.
    """

    order = 90  # last, when everything else of a batch or an epoch is done

    def __init__(
        self,
        run: Run,
        step: int,
        *,
        every_seconds: float,
        place: dict[str, Any],
        extra: Callable[[], dict[str, Any]],
    ) -> None:
        """Checkpoint step number ``step``, starting from ``place`` if it holds a checkpoint's."""
        self.run_folder, self.step, self.every = run, step, every_seconds
        self.place, self.extra = place, extra
        self.saved_at = time.monotonic()

    def before_fit(self) -> None:
        """Restore the optimizer and the random state of a checkpoint."""
        self.batch = 0
        if not self.place:
            return
        self.learn.opt.opt.load_state_dict(self.place["optimizer"])
        self.learn.model.load_state_dict(self.place["network"])

    def before_train(self) -> None:
        """Put data and schedule where the checkpoint left them."""
        batches: Batches = self.learn.dls.train
        batches.step, batches.epoch = self.step, self.learn.epoch
        batches.first_batch = self.batch = 0
        torch.manual_seed(hash((batches.seed, self.step, self.learn.epoch)) & 0x7FFFFFFF)
        # A checkpoint between epochs holds the sums and the random state of the epoch before.
        if self.place and self.place["epoch"] == self.learn.epoch and self.place["batch"] > 0:
            self._go_on(batches)
        self.place = {}

    def _go_on(self, batches: Batches) -> None:
        batches.first_batch = self.batch = self.place["batch"]
        for _ in range(self.batch):  # added as fastai adds, so that the rates agree to the last bit
            self.learn.pct_train += 1 / (len(batches) * self.learn.n_epoch)
        _set_random(self.place["random"])
        measures: Measures = self.learn.measures
        measures.loss_sum, measures.loss_count, measures.seconds = self.place["measures"]

    def after_batch(self) -> None:
        """Count, and save when it is time."""
        if not self.learn.training:
            return
        self.batch += 1
        due = time.monotonic() - self.saved_at >= self.every
        if due and self.batch < len(self.learn.dls.train):
            self.save(self.learn.epoch, self.batch)

    def after_validate(self) -> None:
        """Save at the end of an epoch, as the beginning of the next."""
        self.save(self.learn.epoch + 1, 0)

    def save(self, epoch: int, batch: int) -> None:
        """Write the checkpoint of ``batch`` batches done in ``epoch``."""
        measures: Measures = self.learn.measures
        content = {
            "step": self.step,
            "epoch": epoch,
            "batch": batch,
            "network": self.learn.model.state_dict(),
            "optimizer": _plain(self.learn.opt.opt.state_dict()),
            "random": _random(),
            "measures": (measures.loss_sum, measures.loss_count, measures.running_seconds()),
        }
        save_tensors(self.run_folder.checkpoint_file, content | self.extra())
        self.saved_at = time.monotonic()


def _generators() -> dict[str, Any]:
    """The modules whose random state decides dropout, by the device they serve."""
    found: dict[str, Any] = {"cpu": torch}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda
    if torch.backends.mps.is_available():
        found["mps"] = torch.mps
    return found


def _random() -> dict[str, Tensor]:
    return {device: module.get_rng_state() for device, module in _generators().items()}


def _set_random(states: dict[str, Tensor]) -> None:
    for device, module in _generators().items():
        if device in states:  # else the fit began on a machine without it
            module.set_rng_state(states[device])


def _plain(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The optimizer's state with numpy's numbers, which schedules put there, made Python's."""
    groups = [
        {key: _number(value) for key, value in group.items()} for group in optimizer["param_groups"]
    ]
    return optimizer | {"param_groups": groups}


def _number(value: Any) -> Any:  # noqa: ANN401 (whatever a parameter group holds)
    if isinstance(value, tuple):
        return tuple(map(_number, value))
    return value.item() if isinstance(value, np.generic) else value
