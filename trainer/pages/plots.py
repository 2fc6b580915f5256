"""Figures of an evaluation as PNG bytes, drawn with matplotlib's Agg and no global state."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from screener.study import LABEL_NAMES, LABELS
from trainer.judging import statistics
from trainer.judging.statistics import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

COLOURS = {"normal": "#4477aa", "bacterial": "#228833", "viral": "#ccaa22", "covid19": "#cc3311"}
"""Told apart by colour-blind readers as well; each also has its own dashes."""
DASHES = {"normal": ":", "bacterial": "--", "viral": "-.", "covid19": "-"}
SHORT = {"normal": "Normal", "bacterial": "Bacterial", "viral": "Viral", "covid19": "COVID-19"}
_GRAY = "#8a94a3"


def png(figure: Figure) -> bytes:
    """A figure as PNG, the same bytes for the same figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=144, metadata={"Software": None})
    return out.getvalue()


def axes(width: float = 5.2, height: float = 5.4) -> tuple[Figure, Axes]:
    """An empty figure with one set of plain axes, sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    plot = figure.add_subplot()
    plot.spines[["top", "right"]].set_visible(False)
    plot.tick_params(labelsize=9)
    return figure, plot


def confusion(counts: Array) -> bytes:
    """A confusion table, coloured by the share of each true class (the paper's Figure 4)."""
    figure, plot = axes(5.2, 4.6)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    plot.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        plot.text(
            column, row, f"{count}\n{100 * share:.0f} %",
            ha="center", va="center", fontsize=10, color="white" if share > 0.55 else "#1d2430",
        )  # fmt: skip
    names = [SHORT[label] for label in LABELS]
    plot.set_xticks(range(len(names)), names)
    plot.set_yticks(range(len(names)), names)
    plot.set_xlabel("Predicted")
    plot.set_ylabel("True")
    plot.spines[:].set_visible(False)
    return png(figure)


def roc(truth: Array, probabilities: Array) -> bytes:
    """ROC curve of each class that occurs against the others."""
    figure, plot = axes()
    plot.plot([0, 1], [0, 1], color=_GRAY, lw=0.8)
    for label, points in _curves(truth, probabilities):
        plot.plot(
            points.false_positive_rate, points.sensitivity,
            color=COLOURS[label], ls=DASHES[label], label=LABEL_NAMES[label],
        )  # fmt: skip
    plot.set_xlabel("False positive rate (1 - specificity)")
    plot.set_ylabel("Sensitivity")
    return _square(figure, plot)


def precision_recall(truth: Array, probabilities: Array) -> bytes:
    """Precision over recall of each class that occurs, with its average precision."""
    figure, plot = axes()
    for label, points in _curves(truth, probabilities):
        area = statistics.average_precision(points)
        plot.step(
            points.sensitivity, points.precision, where="pre",
            color=COLOURS[label], ls=DASHES[label], label=f"{LABEL_NAMES[label]} ({area:.3f})",
        )  # fmt: skip
    plot.set_xlabel("Recall (sensitivity)")
    plot.set_ylabel("Precision (positive predictive value)")
    return _square(figure, plot)


def _curves(truth: Array, probabilities: Array) -> list[tuple[str, statistics.Curve]]:
    return [
        (label, statistics.curve(truth == index, probabilities[:, index]))
        for index, label in enumerate(LABELS)
        if 0 < (truth == index).sum() < len(truth)
    ]


def calibration(figures: Calibration) -> bytes:
    """What came of each probability that was said; the area of a dot is its number of images."""
    figure, plot = axes()
    plot.plot([0, 1], [0, 1], color=_GRAY, lw=0.8, label="right")
    plot.plot(figures.said, figures.came, color=COLOURS["covid19"], lw=1)
    areas = 12 + 160 * figures.cases / max(1, figures.cases.max(initial=0))
    plot.scatter(figures.said, figures.came, areas, color=COLOURS["covid19"], label="COVID-19")
    plot.set_xlabel("Suspicion score for COVID-19 (mean of the bin)")
    plot.set_ylabel("Share that is COVID-19")
    return _square(figure, plot)


def _square(figure: Figure, plot: Axes) -> bytes:
    plot.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.03), aspect="equal")
    plot.grid(color="#e6e9ee", lw=0.6)
    if plot.get_legend_handles_labels()[0]:  # a set of one class has no curves
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return png(figure)
