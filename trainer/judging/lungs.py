"""How well the lungs are outlined, and what a network says without them, or of them alone.

Dice on whole films at the masks' own size, from the map that is stored, with intervals that
resample patients. Films of patients that were trained on are never judged, whatever their source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from screener.errors import ConfigurationError
from screener.network.lung_shape import EVEN, inside, levels_of
from screener.network.lungs import Lungs, bundled
from trainer.fitting.lungs.pairs import Pair, opened
from trainer.judging import shortcuts, statistics
from trainer.judging.predict import Change, Square
from trainer.judging.statistics import Estimate
from trainer.manifest import first_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Outlined:
    """One film against its mask."""

    pair: Pair
    dice: float
    confidence: float
    shown: bool
    """Whether the confidence is enough for an outline."""


@dataclass(frozen=True, slots=True)
class LungFigures:
    """What the outlines of some films reach."""

    name: str
    films: int
    patients: int
    dice: Estimate
    """Mean over films."""
    median: float
    lowest: float
    shown: Estimate
    """Share of films whose outline is given."""


def outline(pairs: Sequence[Pair], lungs: Lungs) -> list[Outlined]:
    """Outline each film and compare it with its mask.

    Raises:
        ConfigurationError: films or masks that cannot be read, one a line.
    """
    found: list[Outlined] = []
    errors: list[str] = []
    for pair in pairs:
        read = opened(pair, lungs.card.input_size)
        if isinstance(read, list):
            errors += read
            continue
        square, mask = read
        fields = lungs.fields(square[None])[0]
        score = dice(at_size(levels_of(fields), mask.shape), mask)
        found.append(Outlined(pair, score, fields.confidence, bool(fields.outline)))
    if errors:
        raise ConfigurationError("\n".join(first_of(errors, "films")))
    return found


def at_size(levels: Array, shape: tuple[int, ...]) -> Array:
    """A stored map at a film's own size, (rows, columns) uint8."""
    rows, columns = shape
    return np.asarray(Image.fromarray(levels).resize((columns, rows), Image.Resampling.BILINEAR))


def dice(levels: Array, mask: Array) -> float:
    """Twice the overlap over the sum of both areas; 1 where both are empty."""
    found, true = levels > EVEN, mask > EVEN
    total = int(found.sum() + true.sum())
    return float(2 * (found & true).sum() / total) if total else 1.0


def figures(name: str, outlined: Sequence[Outlined]) -> LungFigures:
    """The figures of a set of films."""
    scores = np.array([film.dice for film in outlined])
    patients = [film.pair.person for film in outlined]
    return LungFigures(
        name,
        len(outlined),
        len(set(patients)),
        statistics.mean(scores, patients),
        float(np.median(scores)),
        float(scores.min()),
        statistics.share(np.array([film.shown for film in outlined], bool), patients),
    )


def held_out(pairs: Sequence[Pair], sources: Sequence[str]) -> dict[str, list[Pair]]:
    """What can be judged: the test split of the sources trained on, and every source held out.

    Args:
        pairs: of all sources, as their manifests have them.
        sources: held out of training.

    Returns:
        Pairs by the name of their set, none of a patient that was trained on.
    """
    trained = {pair.person for pair in pairs if pair.source not in sources and pair.split != "test"}
    unseen = [pair for pair in pairs if pair.person not in trained]
    sets = {"test": [p for p in unseen if p.source not in sources and p.split == "test"]}
    sets |= {source: [p for p in unseen if p.source == source] for source in sources}
    return {name: found for name, found in sets.items() if found}


def changes() -> dict[str, Change]:
    """Lungs greyed, and all outside them greyed; empty where the lungs' weights are not there.

    Where no outline is sure, the centre of the picture stands for the lungs.
    """
    if not bundled().is_dir():
        return {}
    lungs = Lungs.load()
    return {
        "lungs greyed": partial(_greyed, lungs, inverse=False),
        "all outside the lungs greyed": partial(_greyed, lungs, inverse=True),
    }


def _greyed(lungs: Lungs, square: Square, *, inverse: bool) -> Square:
    found = lungs.fields(square[None])[0]
    side = len(square)
    if found.outline:
        area = inside(found, side, side) > 0.5
    else:
        area = np.zeros((side, side), bool)
        area[shortcuts.centre(side)] = True
    changed = square.copy()
    changed[~area if inverse else area] = round(float(square.mean()))
    return changed
