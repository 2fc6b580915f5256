"""The public way for a program to score radiographs: ``screener.score(paths)``.

The pipeline of a scan, told radiograph by radiograph. Keeps nothing unless it is given a results
folder, and shows nothing; what cannot be scored is a :class:`Refusal` among the scores.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from screener import scan
from screener.errors import ConfigurationError
from screener.events import RadiographRefused, ScanEvent, StudyScored
from screener.network.weights import find
from screener.plan import Settings
from screener.reading.grouping import GroupBy
from screener.remote import place
from screener.study import Maps, RadiographScore, Refusal

Paths = str | Path | Iterable[str | Path]


def score(
    paths: Paths,
    *,
    weights: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    results: str | Path | None = None,
    group: str = "auto",
    views: int = 1,
    maps: str = "none",
    guard: bool = True,
    workers: int | None = None,
) -> Iterator[RadiographScore | Refusal]:
    """Score radiographs: one value for each file found, a study's when it is complete.

    The files are decoded in processes of their own, so a program that is a file calls this below
    ``if __name__ == "__main__":``.

    Args:
        paths: a file or folder, or several.
        weights: bundled weights by name, or a folder of weights; what suits the device if None.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        engine: ``auto``, ``torch`` or ``onnx``: what computes.
        results: a folder to keep the results in, as ``screener scan --output``: what is known there
            is not scored again. Nothing is kept if None.
        group: what is one study among PNG and JPEG files: ``auto``, ``folder`` or ``file``.
        views: slightly moved views of each radiograph that are averaged.
        maps: ``none``, ``fast`` or ``proven``; they change no score.
        guard: refuse what does not look like a chest radiograph.
        workers: processes that decode.

    Raises:
        ConfigurationError: a path is not there, or holds no radiographs.
        WeightsError: the weights are missing or damaged.
        DeviceError: the device cannot be used.
        StoreError: the results cannot be written, or a scan is writing them.
        ValueError: ``group`` or ``maps`` is none of its words.
    """
    folders = _existing(paths)
    with _kept(results) as folder:
        settings = Settings(
            folders,
            folder,
            find(weights, device),
            device,
            engine,
            workers=workers,
            group=GroupBy(group),
            views=views,
            maps=Maps(maps),
            guarded=guard,
        )
        with closing(scan.scan(settings, lambda: False)) as events:
            yield from _once(one for event in events for one in _settled(event))


def _settled(event: ScanEvent) -> Sequence[RadiographScore | Refusal]:
    if isinstance(event, RadiographRefused):
        return (event.refusal,)
    return event.result.scores if isinstance(event, StudyScored) else ()


def _once(
    settled: Iterable[RadiographScore | Refusal],
) -> Iterator[RadiographScore | Refusal]:
    """A scan whose device is lost tells some again."""
    told: set[Path] = set()
    for one in settled:
        path = one.path if isinstance(one, Refusal) else one.radiograph.path
        if path not in told:
            told.add(path)
            yield one


def _existing(paths: Paths) -> tuple[Path, ...]:
    several = [paths] if isinstance(paths, str | Path) else paths
    found = tuple(place(os.fspath(path)) for path in several)
    for path in found:
        if not path.exists():
            raise ConfigurationError(f"{path}: there is no such file or folder; check the path")
    return found


@contextmanager
def _kept(results: str | Path | None) -> Iterator[Path]:
    if results is not None:
        yield Path(results)
        return
    with TemporaryDirectory(prefix="screener-") as folder:
        yield Path(folder)
