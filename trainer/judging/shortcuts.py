"""What can be had without looking at the lungs: the floor beside which an accuracy is printed.

Three models that know no medicine: the image source alone, a linear model on the outer frame of
32 x 32 thumbnails, and the same on whole thumbnails. None of them is ever exported as weights.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from screener.study import LABELS, Refusal
from trainer.judging.judgement import Judgement, judge
from trainer.judging.predict import Square, read_squares
from trainer.manifest import Entry

Array = npt.NDArray[Any]

THUMBNAIL = 32
EDGE = 1 / 8
"""Width of the outer frame on each side, as a share of the image's side."""

_READ_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Images too small to show disease, of the entries that could be read."""

    entries: tuple[Entry, ...]
    squares: Array
    """(N, 32, 32) uint8."""
    refusals: tuple[Refusal, ...]

    def of(self, split: str) -> Thumbnails:
        """Those of one split."""
        return self.where([entry.split == split for entry in self.entries])

    def where(self, keep: Sequence[bool]) -> Thumbnails:
        """Those marked to be kept."""
        kept = tuple(entry for entry, stays in zip(self.entries, keep, strict=True) if stays)
        return Thumbnails(kept, self.squares[np.asarray(keep, bool)], self.refusals)


def thumbnails(entries: Sequence[Entry]) -> Thumbnails:
    """Read every image as a 32 x 32 thumbnail, through the screener's pixel path."""
    read = [pair for batch in read_squares(entries, THUMBNAIL, _READ_AT_ONCE) for pair in batch]
    squares = [(entry, square) for entry, square in read if not isinstance(square, Refusal)]
    return Thumbnails(
        entries=tuple(entry for entry, _ in squares),
        squares=np.array([s for _, s in squares], np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL),
        refusals=tuple(square for _, square in read if isinstance(square, Refusal)),
    )


def centre(size: int) -> tuple[slice, slice]:
    """The part of a (size, size) square inside its outer frame."""
    edge = round(EDGE * size)
    return slice(edge, size - edge), slice(edge, size - edge)


def without_centre(square: Square) -> Square:
    """A square with everything but its outer frame black."""
    changed = square.copy()
    changed[centre(len(square))] = 0
    return changed


def only_centre(square: Square) -> Square:
    """A square with its outer frame black."""
    changed = np.zeros_like(square)
    changed[centre(len(square))] = square[centre(len(square))]
    return changed


def by_source(train: Sequence[Entry], test: Sequence[Entry]) -> Array:
    """Class shares that each test image's source has in training, (N, classes).

    A source that training has not seen gets the shares of all of training.
    """
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in train:
        shares[entry.source][entry.label] += 1
    everything = sum(shares.values(), Counter())
    counted = [shares.get(entry.source, everything) for entry in test]
    table = np.array([[count[label] for label in LABELS] for count in counted], float)
    shared: Array = table / table.sum(axis=1, keepdims=True)
    return shared


def frame(squares: Array) -> Array:
    """(N, 32, 32) thumbnails to the pixels of their outer frame, (N, 448) in [0, 1]."""
    outside = np.ones(squares.shape[1:], bool)
    outside[centre(len(outside))] = False
    pixels: Array = squares[:, outside] / 255
    return pixels


def whole(squares: Array) -> Array:
    """(N, 32, 32) thumbnails to all of their pixels, (N, 1024) in [0, 1]."""
    pixels: Array = squares.reshape(len(squares), -1) / 255
    return pixels


def linear(features: Array, labels: Sequence[str], others: Array) -> Array:
    """Class probabilities of other images by a logistic regression, (M, classes).

    Classes weigh the same however many images they have; a class that is not in ``labels`` gets 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=300)
    )
    with threadpool_limits(1):  # threads of so small a product wait for each other
        model.fit(features, list(labels))
    probabilities = np.zeros((len(others), len(LABELS)))
    columns = [LABELS.index(label) for label in model.classes_]
    probabilities[:, columns] = model.predict_proba(others)
    return probabilities


def teachers(entries: Sequence[Entry], split: str) -> list[Entry]:
    """What a shortcut may learn from: train, and for judging the test split also val."""
    before = {"train", "val"} if split == "test" else {"train"}
    return [entry for entry in entries if entry.split in before and entry.label in LABELS]


def models(train: Thumbnails, test: Thumbnails) -> dict[str, Array]:
    """Probabilities of the shortcut models, taught on ``train``, for ``test``; by their names.

    None where ``train`` has less than two classes, which teach nothing.
    """
    labels = [entry.label for entry in train.entries]
    if len(set(labels)) < 2 or not test.entries:
        return {}
    return {
        "source alone": by_source(train.entries, test.entries),
        "outer frame, linear": linear(frame(train.squares), labels, frame(test.squares)),
        "32 x 32 thumbnail, linear": linear(whole(train.squares), labels, whole(test.squares)),
    }


def baselines(train: Thumbnails, test: Thumbnails) -> list[Judgement]:
    """The shortcut models, taught on ``train`` and judged on ``test``."""
    return [
        judge(name, test.entries, probabilities)
        for name, probabilities in models(train, test).items()
    ]
