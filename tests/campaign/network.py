"""What a listener must hold before strangers: broken associations by the thousand."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from sample_data.make_phantoms import STUDIES
from screener.pacs.peer import Peer
from screener.pacs.sending import store
from tests.campaign.scans import Row
from tests.pacs.test_listening import PATIENCE, free_port, recorded, wait_until

FILM = STUDIES / "02-ground-glass" / "pa.dcm"
MORE_HANDLES, MORE_MEMORY = 40, 1.5
"""How many more open handles, and how many times the memory, a listener may have afterwards."""


def associations(seed: int, count: int, folder: Path) -> Row:
    """Send a listener associations that are broken somewhere; it must go on, and stay as large."""
    row = Row("broken associations", count)
    folder.mkdir(parents=True)
    port = free_port()
    command = [
        sys.executable, "-m", "screener.cli.main", "listen", str(folder / "spool"), "-o",
        str(folder / "results"), "--port", str(port), "--quiet", "3600", "--least-free", "1",
    ]  # fmt: skip
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, stderr=said)
    try:
        wait_until(lambda: "listening as" in (folder / "said.txt").read_text())
        peer = Peer("SCREENER", "127.0.0.1", port)
        good = _association(peer)
        rng, before = random.Random(seed), None
        for number in range(count):
            if number == count // 10:
                before = size_of(process.pid)
            _send(port, _broken(rng, good), rng)
            if process.poll() is not None:
                row.lost.append(f"seed {seed}: ended at {number} with {process.returncode}")
                return row
        row.lost += _afterwards(process.pid, before or size_of(process.pid), peer)
        process.send_signal(signal.SIGTERM)
        if process.wait(PATIENCE) != 0:
            row.lost.append(f"seed {seed}: ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()
    if "Traceback" in (folder / "said.txt").read_text():
        row.lost.append(f"seed {seed}: a traceback on its screen")
    return row


def _association(peer: Peer) -> bytes:
    """The bytes with which a real modality sends a film."""
    with recorded(peer) as (proxy, sent):
        assert not any(one.failure for one in store([FILM], proxy, "XRAY"))
    return bytes(sent)


def _broken(rng: random.Random, good: bytes) -> bytes:
    """One of them with something wrong: a length, a type, bits, its end or its order; or noise."""
    found = bytearray(good[: rng.choice((200, 600, 2_000, len(good)))])
    match rng.randrange(6):
        case 0:
            found[2:6] = struct.pack(">I", rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF)))
        case 1:
            found[0] = rng.randrange(256)
        case 2:
            for _ in range(rng.choice((1, 4, 32))):
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        case 3:
            at = rng.randrange(6, len(found) - 4)
            found[at : at + 2] = struct.pack(">H", rng.choice((0, 1, 65_535)))
        case 4:
            return rng.randbytes(rng.choice((1, 10, 1_000, 50_000)))
        case _:
            at = rng.randrange(len(found))
            found = found[at:] + found[:at]
    return bytes(found)


def _send(port: int, content: bytes, rng: random.Random) -> None:
    """Send, and hang up in one of the ways that peers do."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(content)
        if rng.random() < 0.3:
            line.shutdown(socket.SHUT_WR)
            line.settimeout(0.2)
            line.recv(4_096)
        elif rng.random() < 0.3:  # reset
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def size_of(process: int) -> tuple[int, int]:
    """Open handles and bytes of memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return len(list(Path(f"/proc/{process}/fd").iterdir())), pages * os.sysconf("SC_PAGE_SIZE")


def _afterwards(process: int, before: tuple[int, int], peer: Peer) -> list[str]:
    """What is wrong with a listener once all have hung up."""
    end, lost = time.monotonic() + PATIENCE, []
    while any(one.failure for one in store([FILM], peer, "XRAY")):
        if time.monotonic() > end:
            return ["takes no film any more"]
        time.sleep(1)
    while (now := size_of(process))[0] > before[0] + MORE_HANDLES and time.monotonic() < end:
        time.sleep(1)
    if now[0] > before[0] + MORE_HANDLES:
        lost.append(f"{now[0]} open handles, {before[0]} before")
    if now[1] > before[1] * MORE_MEMORY:
        lost.append(f"{now[1] >> 20} MB, {before[1] >> 20} MB before")
    return lost
