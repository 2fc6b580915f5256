"""Weights over the images of a manifest, in bounded memory.

Pixels come the screener's way (:mod:`screener.reading.pixels`, :mod:`screener.network.batch`), so a
figure measured here is a figure of what users get. An image that cannot be read becomes a refusal;
none is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screener.card import WeightsCard
from screener.network.weights import load_network
from screener.study import Refusal
from trainer.fitting.decoding import square_of
from trainer.manifest import Entry

Array = npt.NDArray[Any]
Square = npt.NDArray[np.uint8]
Change = Callable[[Square], Square]
"""Something done to each square before the network sees it, such as blacking out its centre."""

BATCH = 32
READERS = 2


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a network said of the images that could be read."""

    card: WeightsCard
    parameters: int
    entries: tuple[Entry, ...]
    logits: Array
    """(N, classes) float32, before the temperature."""
    refusals: tuple[Refusal, ...]

    def only(self, places: Sequence[int]) -> Predictions:
        """Those of some of the images."""
        return replace(
            self,
            entries=tuple(self.entries[place] for place in places),
            logits=self.logits[np.array(places, int)],
        )

    @property
    def probabilities(self) -> Array:
        """(N, classes), calibrated by the card's temperature; rows sum to 1."""
        scaled = self.logits / self.card.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: Array = powers / powers.sum(axis=1, keepdims=True)
        return shares


def predict(
    weights: Path,
    entries: Sequence[Entry],
    *,
    device: str = "auto",
    batch_size: int = BATCH,
    change: Change | None = None,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Score every image of a manifest with the weights of a folder.

    Args:
        weights: folder with a card and its safetensors.
        entries: the images.
        device: where to compute, as :func:`screener.network.device.choose` knows it.
        batch_size: images in memory at once.
        change: done to each uint8 (S, S) square before it becomes input.
        progress: told the number of images of each batch that is done.

    Raises:
        WeightsError: the weights are missing, damaged or do not fit their card.
        DeviceError: the device is not on this machine.
    """
    import torch

    from screener.network.batch import to_input
    from screener.network.device import choose
    from screener.network.model import parameter_count

    card, network = load_network(weights)
    place = torch.device(choose(device).kind)
    network = network.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    used: list[Entry] = []
    refusals: list[Refusal] = []
    logits = [np.empty((0, len(card.labels)), np.float32)]
    for batch in read_squares(entries, card.input_size, batch_size):
        refusals += (square for _, square in batch if isinstance(square, Refusal))
        readable = [(e, square) for e, square in batch if not isinstance(square, Refusal)]
        used += (entry for entry, _ in readable)
        if readable:
            squares = np.stack([change(s) if change else s for _, s in readable])  # (N, S, S)
            with torch.inference_mode():
                out = network(to_input(torch.from_numpy(squares).to(place), card.mean, card.std))
            logits.append(out.float().cpu().numpy())
        if progress:
            progress(len(batch))
    return Predictions(
        card, parameter_count(network), tuple(used), np.concatenate(logits), tuple(refusals)
    )


def read_squares(
    entries: Sequence[Entry], size: int, batch_size: int
) -> Iterator[list[tuple[Entry, Square | Refusal]]]:
    """Decode images to uint8 (size, size) squares, a batch at a time, in the order of entries."""
    with ThreadPoolExecutor(READERS) as readers:
        for start in range(0, len(entries), batch_size):
            batch = entries[start : start + batch_size]
            yield list(zip(batch, readers.map(partial(_square, size), batch), strict=True))


def _square(size: int, entry: Entry) -> Square | Refusal:
    return square_of(entry.image, size)
