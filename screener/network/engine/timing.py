"""How many squares a second each engine scores on this machine: measured in turns, for seconds.

The network alone: no file is read or decoded. Engines that cannot be used here are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from screener.card import WeightsCard
from screener.network import device as devices
from screener.network.device import Device
from screener.network.engine import Engine, Squares
from screener.network.engine.opening import opened

SECONDS = 20.0
"""Of the whole measurement, what loading takes apart."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one engine does."""

    device: str
    engine: str
    arithmetic: str
    films_per_second: float


def measure(
    folder: Path,
    card: WeightsCard,
    wanted: str = "auto",
    *,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Speed]:
    """Time each engine on a device, batch by batch in turns, the fastest first.

    Args:
        folder: of the weights.
        card: theirs.
        wanted: one of :data:`screener.network.device.DEVICES`.
        seconds: how long, all engines together.
        clock: tells the time in seconds.

    Raises:
        WeightsError: the weights are damaged.
        DeviceError: no engine can be used.
    """
    ready = _ready(folder, card, wanted)
    spent, done = [0.0] * len(ready), [0] * len(ready)
    for place, engine in ready:
        _score(engine, _batch(place, card))  # whatever is made ready at first is not counted
    while sum(spent) < seconds:
        for index, (place, engine) in enumerate(ready):
            batch = _batch(place, card)
            began = clock()
            _score(engine, batch)
            spent[index] += clock() - began
            done[index] += len(batch)
    speeds = [
        Speed(place.kind, place.engine, place.arithmetic, round(count / took, 2))
        for (place, _), count, took in zip(ready, done, spent, strict=True)
    ]
    return sorted(speeds, key=lambda speed: -speed.films_per_second)


def _ready(folder: Path, card: WeightsCard, wanted: str) -> list[tuple[Device, Engine]]:
    size = card.input_size
    auto = devices.choose(wanted, input_size=size, weights=folder)
    places = [devices.choose(wanted, input_size=size, engine="torch")]
    if auto.engine == "onnx":
        places.append(auto)
    return [(place, opened(folder, card, place)) for place in places]


def _batch(place: Device, card: WeightsCard) -> Squares:
    size = card.input_size
    return np.random.default_rng(0).integers(0, 256, (place.batch_size, size, size), np.uint8)


def _score(engine: Engine, batch: Squares) -> None:
    size = engine.part
    parts = [batch[start : start + size] for start in range(0, len(batch), size)]
    list(engine.pool.map(engine.look, parts))
