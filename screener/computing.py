"""From radiographs to results, batch by batch: decode in worker processes, compute, refuse.

The part of a scan that knows no store: what it hands on is settled, with the time that it took.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from screener.network import weights
from screener.reading import headers
from screener.reading.away import folder_away, is_back, may_be_away
from screener.reading.decode import CRASHED, Decoded, Decoders, Limits, decode_all
from screener.reading.folder import Listed
from screener.results.open_studies import Settled
from screener.study import Maps, Radiograph, RadiographScore, Refusal

if TYPE_CHECKING:
    from screener.card import WeightsCard
    from screener.network.device import Device
    from screener.network.score import Scorer
    from screener.plan import Settings

BATCHES_AHEAD = 2
"""Batches that are decoded while one is in the network."""

Known = Callable[[Decoded], Settled | None]
"""The result of an identical file, where there is one."""


@dataclass(frozen=True, slots=True)
class Done:
    """Some radiographs, and what became of each."""

    results: list[Settled]
    milliseconds: Mapping[Path, Mapping[str, float]]
    """Of each picture, stage by stage; the network's time in equal parts."""
    seconds: Mapping[str, float]
    """That a scan waited for each stage."""
    remarks: list[str] = field(default_factory=list)
    """What the user should know."""


class Computing(Protocol):
    """What makes results of radiographs."""

    def read(self, listed: Iterable[Listed], limits: Limits) -> Iterator[headers.Read]:
        """What the headers of the files of some folders say, in their order."""

    def results(self, radiographs: Iterable[Radiograph]) -> Iterator[Done]:
        """A result for each, in parts of a batch's size; all, unless it is stopped.

        Takes them as they are needed.
        """


def scorer(
    settings: Settings, card: WeightsCard, device: Device, thresholds: Mapping[str, float] | None
) -> Scorer:
    """All of a scan that computes, loaded.

    Args:
        settings: of the scan.
        card: of its weights.
        device: that was chosen.
        thresholds: of the bands whose radiographs get a map, where they are not the card's.

    Raises:
        WeightsError: a file is missing, damaged, or not of these weights.
        DeviceError: the engine cannot be used.
    """
    from screener.network import lungs
    from screener.network.engine.opening import opened
    from screener.network.guard import Guard
    from screener.network.score import Scorer

    outlined = settings.maps is Maps.PROVEN  # a fast map is shown once it is proven, and then
    return Scorer(
        opened(settings.weights, card, device),
        card,
        guard=Guard.from_weights(card, weights.load_guard(settings.weights)),
        lungs=lungs.ready(device.engine) if outlined else None,
        refusing=settings.guarded,
        fix_inverted=settings.fix_inverted,
        views=settings.views,
        maps=settings.maps,
        thresholds=thresholds,
    )


class Scoring(Protocol):
    """What computes; a :class:`screener.network.score.Scorer`."""

    def score(self, batch: Sequence[Decoded]) -> list[RadiographScore | Refusal]:
        """A score or a refusal for each."""

    def remarks(self) -> list[str]:
        """What the user should know since it was last asked."""


def limits_of(settings: Settings, input_size: int) -> Limits:
    """How a scan reads its films, for a network that sees squares of ``input_size`` pixels."""
    return Limits(input_size, settings.max_pixels, settings.seconds, settings.guarded)


class Local:
    """On this machine: processes decode, this one computes."""

    def __init__(
        self,
        settings: Settings,
        device: Device,
        loaded: Scoring,
        *,
        input_size: int,
        stop: Callable[[], bool],
        known: Known,
        decoders: Decoders | None = None,
    ) -> None:
        """Take what was loaded; ``known`` is asked before anything is computed twice.

        ``decoders`` are the caller's, who closes them; without, they start and end with each call.
        """
        self._device, self._scorer = device, loaded
        self._stop, self._known = stop, known
        self._limits, self._decoders = limits_of(settings, input_size), decoders
        self._folders = settings.folders
        self._is_patient = True
        """No folder stayed away for longer than is waited for."""
        self._remarks: list[str] = []

    def read(self, listed: Iterable[Listed], limits: Limits) -> Iterator[headers.Read]:
        """As :class:`Computing` says."""
        return headers.read_all(listed, limits, self._device.workers)

    def results(self, radiographs: Iterable[Radiograph]) -> Iterator[Done]:
        """As :class:`Computing` says."""
        batches = self._batches(radiographs)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            waited = time.perf_counter()
            if batch is None:
                return
            settled = self._settle(batch)
            computed = time.perf_counter() - waited
            yield Done(
                settled,
                _milliseconds(batch, computed),
                {"decode": waited - began, "network": computed},
                self._scorer.remarks() + self._remarks,
            )
            self._remarks = []

    def _batches(self, radiographs: Iterable[Radiograph]) -> Iterator[list[Decoded | Refusal]]:
        """Decoded radiographs, as many as the network takes at once, and refusals among them."""
        size = self._device.batch_size
        batch: list[Decoded | Refusal] = []
        pictures = 0
        with closing(self._decoded(radiographs)) as decoded:
            for one in decoded:
                if one is None:
                    yield batch
                    batch, pictures = [], 0
                    continue
                if isinstance(one, Refusal) and one.reason == CRASHED and self._stop():
                    break  # who stops the scan may have ended its processes, too
                batch.append(one)
                pictures += isinstance(one, Decoded)
                if pictures == size or len(batch) == 4 * size or self._stop():
                    yield batch
                    batch, pictures = [], 0
                if self._stop():
                    return
        if batch:
            yield batch

    def _decoded(
        self, radiographs: Iterable[Radiograph]
    ) -> Generator[Decoded | Refusal | None, None, None]:
        """Each decoded or refused; those whose folder is away for a while once it is back.

        None says that there is something to wait for.
        """
        while True:
            handed: deque[Radiograph] = deque()
            lost: list[Radiograph] = []
            with closing(self._decode(_noted(radiographs, handed))) as decoded:
                for one in decoded:
                    radiograph = handed.popleft()
                    if not (isinstance(one, Refusal) and self._may_wait(one)):
                        yield one
                    elif folder := folder_away(one.path, self._folders):
                        self._remarks.append(f"{folder} is away; waiting until it is back")
                        yield None
                        self._is_patient = is_back(folder, self._stop)
                        if self._is_patient:
                            lost.append(radiograph)
                        else:
                            yield one
                    elif lost:  # it was tried while the folder was away
                        lost.append(radiograph)
                    else:
                        yield one
            if not lost:
                return
            radiographs = lost

    def _decode(
        self, radiographs: Iterable[Radiograph]
    ) -> Generator[Decoded | Refusal, None, None]:
        ahead = BATCHES_AHEAD * self._device.batch_size
        if self._decoders:
            return self._decoders.decode(radiographs, ahead=ahead)
        return decode_all(radiographs, self._limits, workers=self._device.workers, ahead=ahead)

    def _may_wait(self, refusal: Refusal) -> bool:
        return may_be_away(refusal) and self._is_patient and not self._stop()

    def _settle(self, batch: Iterable[Decoded | Refusal]) -> list[Settled]:
        """A score or a refusal for each of a batch."""
        settled: list[Settled] = []
        fresh: list[Decoded] = []
        for one in batch:
            if isinstance(one, Refusal):
                settled.append(one)
            elif known := self._known(one):
                settled.append(known)
            else:
                fresh.append(one)
        return settled + (self._scorer.score(fresh) if fresh else [])


def _noted(radiographs: Iterable[Radiograph], handed: deque[Radiograph]) -> Iterator[Radiograph]:
    """The same, kept in the order in which they were handed on."""
    for one in radiographs:
        handed.append(one)
        yield one


def _milliseconds(
    batch: Iterable[Decoded | Refusal], pass_seconds: float
) -> dict[Path, dict[str, float]]:
    """What each picture of a batch took, stage by stage; the network's time in equal parts."""
    decoded = [one for one in batch if isinstance(one, Decoded)]
    share = 1000 * pass_seconds / max(1, len(decoded))
    return {one.radiograph.path: {"decode": one.milliseconds, "score": share} for one in decoded}
