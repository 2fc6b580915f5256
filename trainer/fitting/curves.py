"""Plots of a fit: loss, measures and rates over the epochs, and the rate finder's curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from screener.whole import in_place_of


def plot_rate_finder(
    rates: Sequence[float], losses: Sequence[float], chosen: float, step: str, path: Path
) -> None:
    """Loss over the growing rate, the suggestion marked."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, losses, color="#1f4e79")
    axes.axvline(chosen, color="#b3541e", linestyle="--", label=f"suggested {chosen:.1e}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss", title=f"Rate finder, {step}")
    ceiling = 2 * max(losses[: max(1, len(losses) // 2)])
    axes.set_ylim(top=min(ceiling, max(losses) * 1.05))
    axes.legend(frameon=False)
    _plain(axes)
    _save(figure, path)


def plot_curves(
    log: Sequence[Mapping[str, str]],
    path: Path,
    measures: tuple[str, ...] = ("valid_accuracy", "valid_group_recall"),
) -> None:
    """Three panels over the epochs of all steps: losses, validation measures, rates."""
    epochs = range(1, len(log) + 1)
    figure = Figure(figsize=(8, 8), layout="constrained")
    losses, shares, rates = figure.subplots(3, sharex=True)
    for axes, columns in (
        (losses, ("train_loss", "valid_loss")),
        (shares, measures),
        (rates, ("lr_first", "lr_last")),
    ):
        for column, style in zip(columns, ("-", "--"), strict=False):
            values = [float(row[column]) for row in log]
            axes.plot(epochs, values, style, color="#1f4e79", label=column.replace("_", " "))
        _mark_steps(axes, [row["step"] for row in log])
        axes.legend(frameon=False)
        _plain(axes)
    losses.set_ylabel("loss")
    shares.set_ylabel("share")
    rates.set(ylabel="learning rate", yscale="log", xlabel="epoch")
    rates.xaxis.set_major_locator(MaxNLocator(integer=True))
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with in_place_of(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=120)


def _mark_steps(axes: Axes, steps: Sequence[str]) -> None:
    """A thin line and its name where a step begins."""
    for number, step in enumerate(steps):
        if number == 0 or steps[number - 1] != step:
            axes.axvline(number + 0.5, color="#bbbbbb", linewidth=0.8)
            axes.annotate(
                step, (number + 0.6, 1.01), xycoords=("data", "axes fraction"), fontsize=8
            )


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")
