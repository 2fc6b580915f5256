"""The learning rate finder before a step: a mock training with growing rates, its plot kept."""

from __future__ import annotations

import csv
from pathlib import Path

from fastai.callback.schedule import valley
from fastai.learner import Learner

from trainer.fitting.curves import plot_rate_finder

TRIALS = 100
"""Batches of the mock training."""


def find_rate(learner: Learner, step: str, folder: Path) -> float:
    """Run the finder and keep its curve as ``lr-finder-STEP.csv`` and ``.png``.

    The learner's network and optimizer are as before afterwards.

    Returns:
        The rate in the steepest long valley of the loss, for the last layer group.
    """
    learner.path = folder
    suggested = float(
        learner.lr_find(num_it=TRIALS, show_plot=False, suggest_funcs=(valley,)).valley
    )
    rates = [float(rate) for rate in learner.recorder.lrs]
    losses = [float(loss) for loss in learner.recorder.losses]
    with (folder / f"lr-finder-{step}.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("lr", "loss"), *zip(rates, losses, strict=True)])
    plot_rate_finder(rates, losses, suggested, step, folder / f"lr-finder-{step}.png")
    return suggested
