"""Decoded radiographs in, scores out: one pass of the network gives everything that is said.

For inference the batch norms are folded into the convolutions and the layout is channels last.
Every pass has the same shape, short ones padded, because the kernels chosen for another shape
round differently: so a score does not depend on its neighbours, and a resumed scan repeats it bit
for bit.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from screener.card import WeightsCard
from screener.errors import DeviceError
from screener.lungs import LungOutline
from screener.network import explain, guard, lung_shape, lungs, proof, uncertainty
from screener.network.batch import to_input
from screener.network.device import Device
from screener.network.folding import fold
from screener.network.guard import Guard
from screener.network.model import Network, Tap
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
    """What the network says of some squares, on the CPU."""

    probabilities: Tensor
    """(N, classes) float64"""
    pooled: Tensor
    """(N, C) float32"""
    spread: Tensor | None
    """(N,) float64"""


class Scorer:
    """A network made ready for one device, with its card and its guard."""

    def __init__(
        self,
        network: Network,
        card: WeightsCard,
        device: Device,
        *,
        guard: Guard | None = None,
        refusing: bool = True,
        fix_inverted: bool = False,
        views: int = 1,
        maps: Maps = Maps.PROVEN,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Fold, move and lay out the network.

        Args:
            network: with loaded weights, in evaluation mode; it is left as it is.
            card: the weights' card.
            device: where to run.
            guard: measures how unlike the training radiographs each is; None for no measure.
            refusing: refuse what is above the guard's limit.
            fix_inverted: score what looks like a negative as its positive; needs the guard.
            views: slightly altered copies averaged for each radiograph; 1 for none.
            maps: which to make, for radiographs of the upper bands.
            thresholds: of those bands, where they are not the card's.
        """
        body = fold(network.body, card.input_size)
        self._body = body.to(memory_format=torch.channels_last).to(device.kind)
        self._head = network.head.to(device.kind)
        self._card = card
        self._device = device
        self._guard = guard
        self._refusing = refusing
        self._fix_inverted = fix_inverted
        self._views = views
        self._maps = maps
        self._thresholds = thresholds or card.thresholds
        self._tap = Tap(self._body, explain.STRIDE)
        self._part = device.part_size
        self._streams = ThreadPoolExecutor(device.streams, initializer=self._limit_threads)

    def _limit_threads(self) -> None:
        """Each stream has its own share of the cores; the setting belongs to a thread."""
        torch.set_num_threads(self._device.threads)

    def score(self, batch: Sequence[Decoded]) -> list[RadiographScore | Refusal]:
        """Score some radiographs, or refuse those the guard finds too far from the training.

        Raises:
            DeviceError: not even one radiograph fits into the device's memory.
        """
        squares = np.stack([decoded.square for decoded in batch])  # (N, S, S)
        inverted = self._inverted(squares)
        if self._fix_inverted:
            squares[inverted] = 255 - squares[inverted]
        said = self._run(torch.from_numpy(squares))
        distances = self._distances(squares, said.pooled.numpy())
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
                    None if said.spread is None else said.spread[i].item(),
                    bool(inverted[i]),
                    outline,
                )
            )
        return results

    def _upper(self, said: _Pass, index: int) -> bool:
        """Whether a radiograph's own score lies in a band of which maps are made."""
        score = said.probabilities[index, self._target].item()
        return Band.of(score, self._thresholds) in (Band.PRIORITY, Band.ELEVATED)

    def _explain(self, squares: NDArray[np.uint8], wanted: Sequence[int]) -> dict[int, Explanation]:
        """Map, border share and lungs of some of the squares, by their index."""
        if self._maps is Maps.NONE:
            return {}
        found = self._streams.map(self.explain, [squares[i] for i in wanted])
        return dict(zip(wanted, found, strict=True))

    @property
    def input_size(self) -> int:
        """Side of the squares in pixels."""
        return self._card.input_size

    def explain(self, picture: NDArray[np.uint8]) -> Explanation:
        """The map of one square, proven if that is wanted, its mass at the border, the lungs.

        One at a time: passes of one shape, so that a map does not depend on its neighbours.

        Args:
            picture: (S, S) uint8.
        """
        square = torch.from_numpy(picture)
        pixels = self._input(square.unsqueeze(0).to(self._device.kind))
        with self._autocast():
            found = explain.activation_maps(self._tap, self._head, pixels, self._target)
        measured = self._prove(square, found) if self._maps is Maps.PROVEN else None
        activation = explain.to_activation_map(found[0], measured)
        return activation, explain.border_share(found)[0].item(), self._outline(picture, found)

    def _outline(self, picture: NDArray[np.uint8], found: Tensor) -> LungOutline | None:
        """The lungs of one square with its map; None where no weights for them are bundled."""
        network = lungs.ready()
        if network is None:
            return None
        [fields] = network.fields(picture[np.newaxis])
        return lung_shape.outlined(fields, found[0].cpu().numpy())

    def _prove(self, square: Tensor, found: Tensor) -> Proof:
        """Score the square as it is, with the map's tenth hidden, and with its copies'."""
        hidden = proof.hidden(square.unsqueeze(0), found.cpu())[0]  # (V, S, S)
        views = torch.cat([square.unsqueeze(0), hidden]).to(self._device.kind)
        _, logits = self._maps_and_logits(views)
        scores = torch.softmax(logits / self._card.temperature, dim=1)[:, self._target]
        return Proof(scores[0].item(), scores[1].item(), scores[2:].mean().item())

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

    def _run(self, squares: Tensor) -> _Pass:
        """All squares in parts side by side; smaller parts where memory does not suffice."""
        while True:
            try:
                parts = list(self._streams.map(self._averaged, torch.split(squares, self._part)))
                break
            except RuntimeError as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve()
        spreads = [part.spread for part in parts if part.spread is not None]
        return _Pass(
            torch.cat([part.probabilities for part in parts]),
            torch.cat([part.pooled for part in parts]),
            torch.cat(spreads) if spreads else None,
        )

    def _halve(self) -> None:
        if self._part == 1:
            raise DeviceError(
                f"{self._device.kind}: not enough memory to score one radiograph; "
                "close other programs or use --device cpu"
            )
        self._part //= 2
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()

    def _averaged(self, squares: Tensor) -> _Pass:
        """One part with test-time augmentation: the first view is the radiograph itself."""
        if self._views == 1:
            return self._forward(squares)
        passes = [self._forward(view) for view in uncertainty.views(squares, self._views)]
        mean, spread = uncertainty.mean_and_spread(
            torch.stack([one.probabilities for one in passes]), self._target
        )
        return passes[0]._replace(probabilities=mean, spread=spread)

    @property
    def _target(self) -> int:
        return self._card.labels.index(self._card.target_label)

    def _forward(self, squares: Tensor) -> _Pass:
        """One pass through body and head: (n, S, S) uint8 with n up to the part's size."""
        count = len(squares)
        padded = nn.functional.pad(squares, (0, 0, 0, 0, 0, self._part - count))
        features, logits = self._maps_and_logits(padded.to(self._device.kind))
        pooled = features.mean(dim=(2, 3))[:count].cpu()
        probabilities = torch.softmax(logits[:count] / self._card.temperature, dim=1)
        return _Pass(probabilities, pooled, None)

    def _maps_and_logits(self, squares: Tensor) -> tuple[Tensor, Tensor]:
        """(n, S, S) uint8 on the device -> (n, C, h, w) float32 there, (n, classes) on the CPU."""
        with torch.inference_mode():
            with self._autocast():
                maps = self._body(self._input(squares))
            features = maps.float()
            return features, self._head(features).cpu().double()

    def _input(self, squares: Tensor) -> Tensor:
        pixels = to_input(squares, self._card.mean, self._card.std)
        return pixels.contiguous(memory_format=torch.channels_last)

    def _autocast(self) -> torch.autocast:
        device = self._device
        return torch.autocast(device.kind, device.dtype, enabled=device.dtype != torch.float32)


def _without_number(decoded: Decoded, probabilities: Tensor) -> Refusal | None:
    """A refusal where the network's answer is no number: no band may be made of it."""
    if bool(probabilities.isfinite().all()):
        return None
    radiograph = decoded.radiograph
    return Refusal(
        radiograph.path,
        Outcome.UNREADABLE,
        "the network's answer is no number; try --device cpu or other weights",
        radiograph.study_key,
        decoded.digest,
    )


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has its own class; the CPU and Apple's allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError) or "alloc" in str(error)
