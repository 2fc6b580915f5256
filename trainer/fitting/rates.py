"""The learning rate finder before a step: a mock training with growing rates, its plot kept."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastai.callback.core import Callback
from fastai.callback.schedule import valley
from fastai.learner import Learner

from screener.whole import replace_rows
from trainer.fitting.curves import plot_rate_finder
from trainer.fitting.progress import Progress

TRIALS = 100
"""Batches of the mock training."""


def find_rate(learner: Learner, step: str, folder: Path, progress: Progress) -> float:
    """Run the finder and keep its curve as ``lr-finder-STEP.csv`` and ``.png``.

    The learner's network and optimizer are as before afterwards.

    Returns:
        The rate in the steepest long valley of the loss, for the last layer group.
    """
    with TemporaryDirectory() as rest:  # where the finder keeps the network meanwhile
        learner.path = Path(rest)
        with learner.added_cbs(_Trials(progress, step)):
            found = learner.lr_find(num_it=TRIALS, show_plot=False, suggest_funcs=(valley,))
    suggested = float(found.valley)
    rates = [float(rate) for rate in learner.recorder.lrs]
    losses = [float(loss) for loss in learner.recorder.losses]
    rows = zip(rates, losses, strict=True)
    replace_rows(folder / f"lr-finder-{step}.csv", [("lr", "loss"), *rows], end="\r\n")
    plot_rate_finder(rates, losses, suggested, step, folder / f"lr-finder-{step}.png")
    return suggested


class _Trials(Callback):  # type: ignore[misc]
    """Tells how far the finder is."""

    order = 95

    def __init__(self, to: Progress, step: str) -> None:
        self.to, self.step = to, step

    def after_batch(self) -> None:
        """A batch is done."""
        self.to.trial(self.step, self.learn.train_iter, TRIALS)
