"""How far a fit is: a bar with the time left on a terminal, a plain line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastai.callback.core import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

_LINE_EVERY = 60.0
"""Seconds between plain lines within an epoch."""


class Progress:
    """Says on stderr where the fit is."""

    def __init__(self) -> None:
        """Draw bars when stderr is a terminal."""
        self._console = Console(file=sys.stderr, highlight=False)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("decoding", total=None, rate="", left="")
        self._works: dict[str, float] = {}
        self._later = 0.0
        self._said_at = time.monotonic()

    def __enter__(self) -> Progress:
        """Begin to draw."""
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def followed_by(self, work: float) -> Iterator[None]:
        """Further fits come after this one: so much work, in the unit of :meth:`plan`."""
        self._later += work
        try:
            yield
        finally:
            self._later -= work

    def plan(self, works: Mapping[str, float]) -> None:
        """What the steps of a fit cost, in order, in a unit of whoever plans."""
        self._works = dict(works)

    def decoded(self, done: int, total: int) -> None:
        """How many images are in the cache."""
        self._bar.update(self._task, completed=done, total=total)
        if done == total:
            self.say(f"decoded {total} images once; later runs of this fit reuse them")

    def step(self, name: str, epochs: int, batches: int, batch_size: int) -> None:
        """A step begins."""
        self.say(f"{name}: {epochs} epochs of {batches} batches")
        self._step, self._epochs, self._batch_size = name, epochs, batch_size
        self._bar.reset(self._task, total=epochs * batches, description=name, rate="", left="")

    def batch(self, epoch: int, done: int, batches: int, seconds: float, fresh: int) -> None:
        """A batch is done, ``fresh`` of this epoch in this process."""
        rate = f"{fresh * self._batch_size / max(seconds, 1e-9):.1f} images/s"
        behind, all_batches = epoch * batches + done, self._epochs * batches
        left = seconds / max(1, fresh) * (all_batches - behind + self._ahead(all_batches))
        self._bar.update(self._task, completed=behind, rate=rate, left=f"{spoken(left)} left")
        now = time.monotonic()
        if self._bar.disable and now - self._said_at >= _LINE_EVERY:
            self._said_at = now
            at = f"epoch {epoch + 1} of {self._epochs}, batch {done} of {batches}"
            self.say(f"{self._step}: {at}, {rate}, {spoken(left)} left of the whole")

    def _ahead(self, batches: int) -> float:
        """What comes after this step, in its own batches."""
        if not self._works.get(self._step):
            return 0.0
        names = list(self._works)
        later = sum(self._works[name] for name in names[names.index(self._step) + 1 :])
        return (later + self._later) / self._works[self._step] * batches

    def trial(self, step: str, done: int, trials: int) -> None:
        """A batch of the rate finder is done."""
        self._bar.update(
            self._task, completed=done, total=trials, description=f"{step}: rates", left=""
        )
        if self._bar.disable and done in (1, trials // 2, trials):
            self.say(f"{step}: rate finder, batch {done} of {trials}")

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done."""
        figures = ", ".join(
            f"{key.replace('_', ' ')} {row[key]:.4f}"
            for key in ("train_loss", "valid_loss", "valid_accuracy", "valid_group_recall")
        )
        self.say(f"{row['step']}: epoch {row['epoch']} of {self._epochs}: {figures}{row['kept']}")

    def callback(self) -> Callback:
        """Follows the batches of one step."""
        return _Follow(self)


def spoken(seconds: float) -> str:
    """A time as one says it: seconds below two minutes, then minutes, then hours."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


class _Follow(Callback):  # type: ignore[misc]
    order = 95

    def __init__(self, progress: Progress) -> None:
        self.to = progress

    def after_batch(self) -> None:
        """Tell the bar."""
        if not self.learn.training:
            return
        batches = self.learn.dls.train
        fresh = self.learn.iter + 1
        done = batches.first_batch + fresh
        seconds = time.monotonic() - self.learn.measures.resumed_at
        self.to.batch(self.learn.epoch, done, len(batches), seconds, fresh)
