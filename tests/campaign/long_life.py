"""A week of the listener and of the watch in fast motion: a clock of its own, all else real."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom

from sample_data.make_phantoms import STUDIES
from screener.cli import outputs
from screener.network.weights import find
from screener.pacs.sending import Sent
from screener.pacs.spool import Spool
from screener.pacs.station import Station
from screener.plan import Settings
from screener.reading.watching import Settling
from screener.results.files import DATABASE
from screener.scan import scan
from screener.study import Maps
from tests.campaign.scans import Row

HOURS, STUDIES_AN_HOUR = 168, 3
WARM = 20
"""Hours after which everything has been used once."""
MORE = 1.3
"""Times as much as at first that memory, time and room may take at the end."""


@dataclass(frozen=True)
class Hour:
    """What the process takes after an hour."""

    handles: int
    threads: int
    memory: int
    """Bytes."""
    seconds: float
    """That the hour's studies took; of a watch, for each file of its folder."""
    room: int
    """Bytes of the results folder."""


def week(folder: Path, hours: int = HOURS) -> Row:
    """Studies come every hour and are scored and sent; the process must stay as large as it was."""
    row, clock, sent = Row("hours of a listener's week", hours), [1e9], []

    def send(paths: Sequence[Path]) -> Iterator[Sent]:
        sent.extend(paths)
        return map(Sent, paths)

    spool = Spool(folder / "spool", 0, lambda: clock[0])
    settings = Settings((), folder / "results", find(None, "cpu"), maps=Maps.NONE)
    station = Station(
        folder / "spool", settings, spool=spool, quiet=30, send=send, say=bool,
        clock=lambda: clock[0],
    )  # fmt: skip
    seen = []
    for hour in range(hours):
        for number in range(STUDIES_AN_HOUR):
            content, *uids = _study(hour * STUDIES_AN_HOUR + number)
            spool.keep(content, *uids)
        clock[0] += 3600
        began = time.perf_counter()
        station.turn(30)
        seen.append(_taken(time.perf_counter() - began, folder / "results"))
    if len(sent) != 2 * hours * STUDIES_AN_HOUR:
        row.lost.append(f"{len(sent)} objects for {hours * STUDIES_AN_HOUR} studies")
    row.lost += _grown(seen)
    return row


def watched_week(folder: Path, hours: int = HOURS) -> Row:
    """Files come every hour into a folder that is watched; each time the whole of it is scanned."""
    row, clock = Row("hours of a watch's week", hours), [1e9]
    films, results = folder / "films", folder / "results"
    films.mkdir(parents=True)
    settling = Settling(30, lambda: clock[0])
    settings = Settings(
        (films,), results, find(None, "cpu"), maps=Maps.NONE, not_yet=settling.is_moving
    )
    seen = []
    for hour in range(hours):
        for number in range(hour * STUDIES_AN_HOUR, (hour + 1) * STUDIES_AN_HOUR):
            path = films / f"{number}.dcm"
            path.write_bytes(_study(number)[0])
            settling.touch(path)
        for _ in range(3):  # seen, standing still, taken
            settling.settled()
            clock[0] += 60
        clock[0] += 3420
        began = time.perf_counter()
        *_, end = scan(settings, bool)
        outputs.write(results, with_report=False)
        seconds = (time.perf_counter() - began) / len(list(films.iterdir()))
        seen.append(_taken(seconds, results, "*"))
    if end.scored != hours * STUDIES_AN_HOUR:
        row.lost.append(f"{end.scored} scored of {hours * STUDIES_AN_HOUR}")
    row.lost += _grown(seen)
    return row


def _study(number: int) -> tuple[bytes, str, str]:
    film = pydicom.dcmread(STUDIES / "02-ground-glass" / "pa.dcm")
    film.StudyInstanceUID, film.SOPInstanceUID = f"1.2.3.{number}", f"1.2.3.{number}.1"
    film.SeriesInstanceUID = f"1.2.3.{number}.2"
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    film.PatientID = f"WEEK-{number}"
    stream = BytesIO()
    film.save_as(stream)
    return stream.getvalue(), film.StudyInstanceUID, film.SOPInstanceUID


def _taken(seconds: float, results: Path, which: str = f"{DATABASE}*") -> Hour:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    room = sum(path.stat().st_size for path in results.glob(which))
    handles = len(list(Path("/proc/self/fd").iterdir()))
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return Hour(handles, threading.active_count(), memory, seconds, room)


def _grown(seen: Sequence[Hour]) -> list[str]:
    """What is more at the end than after the first hours."""
    early, late = seen[WARM : 2 * WARM], seen[-WARM:]
    lost = []
    for word in ("handles", "threads"):
        before, after = (max(getattr(hour, word) for hour in part) for part in (early, late))
        if after > before:
            lost.append(f"{after} {word}, {before} at first")
    for word in ("memory", "seconds"):
        parts = ([getattr(hour, word) for hour in part] for part in (early, late))
        before, after = map(statistics.median, parts)
        if after > MORE * before:
            lost.append(f"{word}: {after:.3g}, {before:.3g} at first")
    middle = len(seen) // 2
    first = (seen[middle].room - seen[WARM].room) / (middle - WARM)
    second = (seen[-1].room - seen[middle].room) / (len(seen) - 1 - middle)
    if second > MORE * max(first, 1):
        lost.append(f"room for an hour: {second:.0f} bytes, {first:.0f} at first")
    return lost
