"""What a scan must hold before hostile files and under kills, and how that is looked at."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sample_data.make_phantoms import STUDIES
from screener.results.reader import results
from tests.campaign import hostile

SECONDS_A_FILE, SECONDS_MORE = 2.0, 60.0
"""In which a scan of hostile files must end; the limit of one file is :data:`ONE_FILE`."""
ONE_FILE = 10
MEMORY = 3 << 30
"""Bytes that no process of a scan may come to hold."""
ACTING = frozenset(
    {*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0),
     0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
)  # fmt: skip
"""Characters that a terminal or a reader acts on; carriage return is CSV's own."""


WAYS = ("killed", "terminated", "Ctrl-C twice", "stopped", "worker")
"""What befalls a scan: all its processes at once, or one that decodes."""


@dataclass
class Row:
    """One kind of trial."""

    kind: str
    tried: int = 0
    lost: list[str] = field(default_factory=list)
    """What did not hold, in words."""

    @property
    def held(self) -> int:
        """How many trials held."""
        return self.tried - len(self.lost)


def scan(
    *folders: Path, to: Path, timeout: float, **more: object
) -> subprocess.CompletedProcess[bytes]:
    """A scan in a process of its own."""
    return subprocess.run(command(folders, to), capture_output=True, timeout=timeout, check=False)


def command(folders: Sequence[Path], to: Path) -> list[str]:
    """How it is typed."""
    return [
        sys.executable, "-m", "screener.cli.main", "scan", *map(str, folders), "-o", str(to),
        "--maps", "none", "--no-report", "--timeout", str(ONE_FILE), "--max-pixels", "20000000",
    ]  # fmt: skip


def hostile_files(seed: int, count: int, folder: Path) -> Row:
    """Scan files that mean harm; each must come to stand in exactly one place, with a reason."""
    lost = not_held(list(hostile.files(seed, count)), folder)
    return Row("hostile files", count, [f"seed {seed}: {words}" for words in lost])


def not_held(files: Sequence[tuple[bytes, bytes]], folder: Path) -> list[str]:
    """Scan files of these names and contents, among odd places; what of it did not hold."""
    place, to = folder / "files", folder / "results"
    place.mkdir(parents=True)
    for name, content in files:
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_bytes(content)
    hostile.odd_places(place / "odd")
    before = max(_largest_child(), _own())  # a child begins as a copy of this process
    try:
        ran = scan(place, to=to, timeout=SECONDS_A_FILE * len(files) + SECONDS_MORE)
    except subprocess.TimeoutExpired:
        return ["no end within its time"]
    said = ran.stdout + ran.stderr
    if ran.returncode not in (0, 3) or b"Traceback" in said or b"unexpected" in said:
        return [f"exit code {ran.returncode}: {said[-300:]!r}"]
    lost = [*_places(place, to), *_acts(said, to)]
    if _largest_child() > max(before, MEMORY):
        lost.append(f"more memory than {MEMORY >> 20} MB")
    return lost


Part = TypeVar("Part", bound=Sequence[Any])


def smallest(whole: Part, fails: Callable[[Part], bool]) -> Part:
    """A part of what fails that fails, too, and of which neither half does."""
    while len(whole) > 1:
        middle = len(whole) // 2
        half: Part | None = next(filter(fails, (whole[:middle], whole[middle:])), None)  # type: ignore[arg-type]
        if half is None:
            break
        whole = half
    return whole


def _largest_child() -> int:
    """Bytes of the largest process that this one has started and seen end, whatever it was."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _own() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _places(place: Path, to: Path) -> list[str]:
    """Files that stand nowhere, twice, or without a reason."""
    wanted = {
        Path(folder, name)
        for folder, _, names in os.walk(place)
        for name in names
        if not name.startswith(".") and name not in ("pipe.dcm", "DICOMDIR")
    }
    with results(to) as found:
        scored = [one.path for one in found.radiographs()]
        refused = list(found.refusals())
    stand = scored + [one.path for one in refused]
    lost = [f"nowhere: {os.fsencode(path)!r}" for path in wanted - set(stand)]
    lost += [f"twice: {os.fsencode(path)!r}" for path in set(stand) if stand.count(path) > 1]
    return lost + [f"no reason: {one.path!r}" for one in refused if not one.reason]


def _acts(said: bytes, to: Path) -> list[str]:
    """Characters that act, on the terminal or in a table."""
    texts = {"the terminal": said.decode("utf-8", "replace")}
    for name in ("worklist.csv", "worklist.json", "audit.jsonl"):
        texts[name] = (to / name).read_text(encoding="utf-8", errors="replace")
    found = []
    for where, text in texts.items():
        acting = {hex(ord(character)) for character in text if ord(character) in ACTING}
        if acting:
            found.append(f"characters that act on {where}: {', '.join(sorted(acting))}")
    return found


def kills(seed: int, count: int, folder: Path, ways: Sequence[str] = WAYS) -> Row:
    """Stop scans at any moment in one of some ways; the same command ends the same."""
    row = Row(f"stops of a scan: {', '.join(ways)}", count)
    rng = random.Random(seed)
    whole = folder / "whole"
    began = time.monotonic()
    scan(STUDIES, to=whole, timeout=120)
    seconds = time.monotonic() - began
    for number in range(count):
        to = folder / f"killed-{number // 5}"  # five kills for each
        _killed(to, rng.uniform(0, seconds), rng.choice(ways))
        if number % 5 == 4 or number == count - 1:
            row.lost += _ended(to, whole)
            shutil.rmtree(to)
    return row


def _killed(to: Path, after: float, way: str) -> None:
    """Start a scan, and at some moment do it one of the wrongs of :data:`WAYS`."""
    process = subprocess.Popen(
        command([STUDIES], to),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(after)
        return
    with suppress(ProcessLookupError):
        if way == "worker":
            for child in _children(process.pid)[-1:]:
                os.kill(child, signal.SIGKILL)
        elif way == "stopped":
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(1)
            os.killpg(process.pid, signal.SIGCONT)
        elif way == "Ctrl-C twice":
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
        else:
            os.killpg(process.pid, signal.SIGTERM if way == "terminated" else signal.SIGKILL)
    process.wait(60)


def _children(process: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(process)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def _ended(to: Path, whole: Path) -> list[str]:
    """What is not as if nobody had killed it, after the same command once more."""
    ran = scan(STUDIES, to=to, timeout=120)
    lost = []
    if ran.returncode != 3:
        lost.append(f"exit code {ran.returncode}: {ran.stderr[-300:]!r}")
    lost += [
        f"another {name} than undisturbed"
        for name in ("worklist.csv", "worklist.json")
        if (to / name).read_bytes() != (whole / name).read_bytes()
    ]
    lost += [f"left behind: {path.name}" for path in to.rglob("*.unfinished")]
    if running := subprocess.run(
        ["pgrep", "-f", str(to)], capture_output=True, text=True, check=False
    ).stdout:
        lost.append(f"still running: {running.split()}")
    return lost
