"""Decoded radiographs in, scores out: one pass of the network gives everything that is said.

What computes is one of :mod:`screener.network.engine`; here is what is made of its answers, in
numpy. Every pass has the same shape, short ones padded, because the kernels chosen for another
shape round differently: so a score does not depend on its neighbours, and a resumed scan repeats
it bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from screener.card import WeightsCard
from screener.errors import DeviceError
from screener.lungs import LungOutline
from screener.network import explain, guard, lung_shape, proof, uncertainty
from screener.network.engine import Engine, Floats, NoRoomError, Squares
from screener.network.guard import Guard
from screener.network.lungs import Lungs
from screener.reading.decode import Decoded
from screener.study import (
    ActivationMap,
    Band,
    Maps,
    Outcome,
    Proof,
    RadiographScore,
    Refusal,
)

TOLERANCE = 1e-4
"""Largest difference of a probability between batch sizes on the CPU; none at equal batch size."""


Explanation = tuple[ActivationMap, float, LungOutline | None]
"""The map of a radiograph, its mass at the border, and its lungs."""


class _Pass(NamedTuple):
    """What the network says of some squares."""

    probabilities: NDArray[np.float64]
    """(N, classes)"""
    pooled: Floats
    """(N, C)"""
    spread: NDArray[np.float64] | None
    """(N,)"""


class Scorer:
    """An engine with the card of its weights, their guard, and what outlines lungs."""

    def __init__(
        self,
        engine: Engine,
        card: WeightsCard,
        *,
        guard: Guard | None = None,
        lungs: Lungs | None = None,
        refusing: bool = True,
        fix_inverted: bool = False,
        views: int = 1,
        maps: Maps = Maps.PROVEN,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Take what was loaded.

        Args:
            engine: with the weights' tensors.
            card: the weights' card.
            guard: measures how unlike the training radiographs each is; None for no measure.
            lungs: outlines them beside each map; None for no outlines.
            refusing: refuse what is above the guard's limit.
            fix_inverted: score what looks like a negative as its positive; needs the guard.
            views: slightly altered copies averaged for each radiograph; 1 for none.
            maps: which to make, for radiographs of the upper bands.
            thresholds: of those bands, where they are not the card's.
        """
        self._engine = engine
        self._card = card
        self._guard = guard
        self._lungs = lungs
        self._refusing = refusing
        self._fix_inverted = fix_inverted
        self._views = views
        self._maps = maps
        self._thresholds = thresholds or card.thresholds
        self._is_halved = False
        self._remarks: list[str] = []

    def remarks(self) -> list[str]:
        """What the user should know since this was last asked; each is said once."""
        said, self._remarks = self._remarks, []
        return said

    def score(self, batch: Sequence[Decoded]) -> list[RadiographScore | Refusal]:
        """Score some radiographs, or refuse those the guard finds too far from the training.

        Raises:
            DeviceError: not even one radiograph fits into the device's memory.
        """
        squares = np.stack([decoded.square for decoded in batch])  # (N, S, S)
        inverted = self._inverted(squares)
        if self._fix_inverted:
            squares[inverted] = 255 - squares[inverted]
        said = self._run(squares)
        distances = self._distances(squares, said.pooled)
        refusals = [
            _without_number(decoded, said.probabilities[i])
            or self._refusal(decoded, distances[i], inverted=bool(inverted[i]))
            for i, decoded in enumerate(batch)
        ]
        wanted = [i for i, refused in enumerate(refusals) if not refused and self._upper(said, i)]
        explained = self._explain(squares, wanted)
        results: list[RadiographScore | Refusal] = []
        for i, decoded in enumerate(batch):
            activation, border, outline = explained.get(i, (None, None, None))
            results.append(
                refusals[i]
                or RadiographScore(
                    decoded.radiograph,
                    decoded.digest,
                    tuple(said.probabilities[i].tolist()),
                    activation,
                    border,
                    distances[i],
                    None if said.spread is None else float(said.spread[i]),
                    bool(inverted[i]),
                    outline,
                )
            )
        return results

    def _upper(self, said: _Pass, index: int) -> bool:
        """Whether a radiograph's own score lies in a band of which maps are made."""
        score = float(said.probabilities[index, self._target])
        return Band.of(score, self._thresholds) in (Band.PRIORITY, Band.ELEVATED)

    def _explain(self, squares: NDArray[np.uint8], wanted: Sequence[int]) -> dict[int, Explanation]:
        """Map, border share and lungs of some of the squares, by their index."""
        if self._maps is Maps.NONE:
            return {}
        found = self._engine.pool.map(self.explain, [squares[i] for i in wanted])
        return dict(zip(wanted, found, strict=True))

    @property
    def input_size(self) -> int:
        """Side of the squares in pixels."""
        return self._card.input_size

    def explain(self, square: Squares) -> Explanation:
        """The map of one square, proven if that is wanted, its mass at the border, the lungs.

        Args:
            square: (S, S) uint8.
        """
        found = explain.scaled(self._engine.activation(square)[None])
        measured = self._prove(square, found) if self._maps is Maps.PROVEN else None
        activation = explain.to_activation_map(found[0], measured)
        border = float(explain.border_share(found)[0])
        return activation, border, self._outline(square, found[0])

    def _outline(self, square: Squares, found: NDArray[np.floating]) -> LungOutline | None:
        """The lungs of one square with its map; None where no weights for them are bundled."""
        if self._lungs is None:
            return None
        [fields] = self._lungs.fields(square[None])
        return lung_shape.outlined(fields, found)

    def _prove(self, square: Squares, found: NDArray[np.floating]) -> Proof:
        """Score the square as it is, with the map's tenth hidden, and with its copies'."""
        hidden = proof.hidden(square[None], found)[0]  # (V, S, S)
        answer = self._engine.look(np.concatenate([square[None], hidden]))
        scores = self._softmax(answer.logits)[:, self._target]
        return Proof(float(scores[0]), float(scores[1]), float(scores[2:].mean()))

    def _inverted(self, squares: NDArray[np.uint8]) -> NDArray[np.bool_]:
        if self._guard is None:
            return np.zeros(len(squares), bool)
        return self._guard.looks_inverted(squares)

    def _distances(
        self, squares: NDArray[np.uint8], pooled: NDArray[np.float32]
    ) -> list[float] | list[None]:
        """One at a time: a product of another shape would round differently."""
        if self._guard is None:
            return [None] * len(squares)
        return [
            float(self._guard.distance(squares[i : i + 1], pooled[i : i + 1])[0])
            for i in range(len(squares))
        ]

    def _refusal(
        self, decoded: Decoded, distance: float | None, *, inverted: bool
    ) -> Refusal | None:
        if self._guard is None or distance is None or not self._refusing:
            return None
        turned = inverted and not self._fix_inverted
        reason = guard.reason(distance, self._guard.limit, inverted=turned)
        if reason is None:
            return None
        radiograph = decoded.radiograph
        return Refusal(
            radiograph.path, Outcome.UNSUITABLE, reason, radiograph.study_key, decoded.digest
        )

    def _run(self, squares: Squares) -> _Pass:
        """All squares in parts side by side; smaller parts where memory does not suffice."""
        while True:
            try:
                parts = list(self._engine.pool.map(self._averaged, self._parts(squares)))
                break
            except NoRoomError:
                self._shrink()
        spreads = [part.spread for part in parts if part.spread is not None]
        return _Pass(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.pooled for part in parts]),
            np.concatenate(spreads) if spreads else None,
        )

    def _parts(self, squares: Squares) -> list[Squares]:
        size = self._engine.part
        return [squares[start : start + size] for start in range(0, len(squares), size)]

    def _shrink(self) -> None:
        if self._engine.part == 1:
            raise DeviceError(
                "not enough memory to score one radiograph; close other programs or use "
                "--device cpu"
            )
        self._engine.shrink()
        if not self._is_halved:
            self._is_halved = True
            self._remarks.append(
                "not enough memory for a whole batch: it is computed in parts, which is slower; "
                "a smaller --batch-size avoids the attempt"
            )

    def _averaged(self, squares: Squares) -> _Pass:
        """One part with test-time augmentation: the first view is the radiograph itself."""
        if self._views == 1:
            return self._look(squares)
        passes = [self._look(view) for view in uncertainty.views(squares, self._views)]
        mean, spread = uncertainty.mean_and_spread(
            np.stack([one.probabilities for one in passes]), self._target
        )
        return passes[0]._replace(probabilities=mean, spread=spread)

    @property
    def _target(self) -> int:
        return self._card.labels.index(self._card.target_label)

    def _look(self, squares: Squares) -> _Pass:
        """One pass, padded: (n, S, S) uint8 with n up to the part's size."""
        count = len(squares)
        missing = max(0, self._engine.part - count)
        answer = self._engine.look(np.pad(squares, ((0, missing), (0, 0), (0, 0))))
        return _Pass(self._softmax(answer.logits[:count]), answer.pooled[:count], None)

    def _softmax(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        warmed = logits / self._card.temperature
        shares = np.exp(warmed - warmed.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _without_number(decoded: Decoded, probabilities: NDArray[np.float64]) -> Refusal | None:
    """A refusal where the network's answer is no number: no band may be made of it."""
    if np.isfinite(probabilities).all():
        return None
    radiograph = decoded.radiograph
    return Refusal(
        radiograph.path,
        Outcome.UNREADABLE,
        "the network's answer is no number; try --device cpu or other weights",
        radiograph.study_key,
        decoded.digest,
    )
