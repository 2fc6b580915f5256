"""What a scan must hold where its disk or its database fails: one line, and then it goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from sample_data.make_phantoms import STUDIES
from screener.results.files import DATABASE
from tests.campaign.scans import Row, command

FILMS = [STUDIES / name for name in ("01-clear", "02-ground-glass", "12-damaged")]
FULL = Path(__file__).with_name("full_disk.c")
SECONDS = 120
LISTS = ("worklist.csv", "worklist.json")
REFUSED = (1, 2)
"""Exit codes of a scan that cannot use its results folder: now, or at all."""

Fault = Callable[[Path, random.Random], AbstractContextManager[Mapping[str, str]]]
"""What befalls a results folder until the block ends; gives what the scan's environment needs."""


def disks(seed: int, count: int, folder: Path, faults: Sequence[Fault] | None = None) -> list[Row]:
    """Scan while the disk is full from some write on, and into databases that are not as they were.

    Args:
        seed: of where a database is cut.
        count: writes at which the disk is full, over the whole of a scan.
        folder: to work in; made.
        faults: of databases; all that there are by default.
    """
    folder.mkdir(parents=True)
    whole = folder / "whole"
    _scan(whole)
    rng = random.Random(seed)
    rows = [Row("disks full at a write"), Row("databases that fail")]
    for number in _writes(folder, count):
        rows[0].tried += 1
        rows[0].lost += _trial(f"write {number}", _full(folder, number), None, whole, rng)
    for fault in FAULTS if faults is None else faults:
        rows[1].tried += 1
        rows[1].lost += _trial(fault.__name__, fault, whole, whole, rng)
    return rows


def _scan(to: Path, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **(more or {})}
    return subprocess.run(
        command(FILMS, to), env=environment, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip


def _trial(
    name: str, fault: Fault, begun: Path | None, whole: Path, rng: random.Random
) -> list[str]:
    """Scan under a fault, and again once it is over; what did not hold."""
    to = whole.parent / "results"
    shutil.rmtree(to, ignore_errors=True)
    if begun:
        shutil.copytree(begun, to)
    with fault(to, rng) as environment:
        under = _scan(to, environment)
        lost = _one_line(under) if under.returncode in REFUSED else _as_ever(under, to, whole)
    return [f"{name}: {words}" for words in (*lost, *_as_ever(_scan(to), to, whole))]


def _one_line(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """Whether a scan that refused said so in one line, with a fact and a cure."""
    errors = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    if len(errors) == 1 and ";" in errors[0] and "Traceback" not in ran.stderr:
        return []
    return [f"said {ran.stderr[-300:]!r}"]


def _as_ever(ran: subprocess.CompletedProcess[str], to: Path, whole: Path) -> list[str]:
    """Whether a scan ended as an undisturbed one."""
    if ran.returncode != 3:
        return [f"exit code {ran.returncode}: {ran.stderr[-300:]!r}"]
    return [
        f"another {name} than undisturbed"
        for name in LISTS
        if not (to / name).exists() or (to / name).read_bytes() != (whole / name).read_bytes()
    ]


# Full


def _writes(folder: Path, count: int) -> list[int]:
    """Numbers of writes of one scan, evenly over all of it; the first and the last among them."""
    counted = folder / "counted"
    to = folder / "results"
    _scan(to, {"LD_PRELOAD": _library(folder), "FAULT_BELOW": str(to), "FAULT_COUNT": str(counted)})
    last = counted.stat().st_size
    return sorted({1 + (last - 1) * number // max(1, count - 1) for number in range(count)})


def _full(folder: Path, number: int) -> Fault:
    @contextmanager
    def full(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
        yield {
            "LD_PRELOAD": _library(folder), "FAULT_BELOW": str(to), "FAULT_FROM": str(number),
        }  # fmt: skip

    return full


def _library(folder: Path) -> str:
    built = folder / "full_disk.so"
    if not built.exists():
        subprocess.run(["cc", "-shared", "-fPIC", "-o", built, FULL, "-ldl"], check=True)
    return str(built)


# Databases


@contextmanager
def _restored(to: Path) -> Iterator[Path]:
    """The database, which is afterwards again what it was; what is at fault must not be touched."""
    path = to / DATABASE
    kept = path.read_bytes()
    yield path
    for log in to.glob(f"{DATABASE}-*"):
        log.unlink()
    path.write_bytes(kept)


@contextmanager
def cut(to: Path, rng: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        os.truncate(path, rng.randrange(100, path.stat().st_size))
        yield {}


@contextmanager
def empty(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        os.truncate(path, 0)
        yield {}


@contextmanager
def _untouched(path: Path) -> Iterator[None]:
    """A file that is not ours stays what it is.

    Raises:
        AssertionError: it did not.
    """
    before = path.read_bytes()
    yield
    assert path.read_bytes() == before, "a foreign file was written to"


@contextmanager
def text(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        path.write_text("a letter to the hospital\n" * 1000)
        with _untouched(path):
            yield {}


@contextmanager
def foreign(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        path.unlink()
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE song (title TEXT)")
            database.commit()
        with _untouched(path):
            yield {}


@contextmanager
def newer(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 999")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield {}


@contextmanager
def locked(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with closing(sqlite3.connect(to / DATABASE, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield {}


@contextmanager
def without_its_log(to: Path, rng: random.Random) -> Iterator[Mapping[str, str]]:
    """Killed in the middle, and the log of what was not yet in the database is gone."""
    shutil.rmtree(to)
    process = subprocess.Popen(
        command(FILMS, to), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + SECONDS
    while not list(to.glob(f"{DATABASE}-wal")) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.5))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for log in to.glob(f"{DATABASE}-*"):
        log.unlink()
    yield {}


@contextmanager
def of_a_folder(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    with _restored(to) as path:
        path.unlink()
        path.mkdir()
        yield {}
        path.rmdir()


@contextmanager
def readable_only(to: Path, _: random.Random) -> Iterator[Mapping[str, str]]:
    """For root, who may write everywhere, by a mount of its own."""
    if os.getuid():
        to.chmod(0o500)
        yield {}
        to.chmod(0o700)
        return
    for options in (["--bind", to, to], ["-o", "remount,bind,ro", to]):
        subprocess.run(["mount", *options], check=True)
    try:
        yield {}
    finally:
        subprocess.run(["umount", to], check=True)


FAULTS: tuple[Fault, ...] = (
    cut, cut, cut, empty, text, foreign, newer, locked, without_its_log,
    without_its_log, of_a_folder, readable_only,
)  # fmt: skip
