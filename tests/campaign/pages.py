"""What a served review must hold before strangers and hostile pages: it goes on, for its owner."""

from __future__ import annotations

import base64
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sample_data.make_phantoms import STUDIES
from tests.campaign import hostile
from tests.campaign.network import MORE_HANDLES, MORE_MEMORY, size_of
from tests.campaign.scans import Row, scan
from tests.pacs.test_listening import free_port

PATIENCE = 60.0
PAGES_A_HUNDRED = 2
"""Of a hundred requests to the review, those that open a page and send it messages."""
MESSAGES = 30


def pages(seed: int, count: int, folder: Path) -> Row:
    """Ask a served review for anything; it must go on as small as it was, for its owner alone."""
    row = Row("requests to a served review", count)
    folder.mkdir(parents=True)
    scan(STUDIES / "02-ground-glass", to=folder / "results", timeout=120)
    port = free_port()
    command = [
        sys.executable, "-m", "screener.cli.main", "review", str(folder / "results"), "--serve",
        "--port", str(port),
    ]  # fmt: skip
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
        )
    try:
        assert process.stdout
        address = re.fullmatch(r"The review is at (\S+) until Ctrl-C.\n", process.stdout.readline())
        assert address
        row.lost += [f"seed {seed}: {words}" for words in _asked(seed, count, address[1], process)]
        process.send_signal(signal.SIGINT)
        if process.wait(PATIENCE) != 0:
            row.lost.append(f"seed {seed}: ended with {process.returncode}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if "Traceback" in (text := (folder / "said.txt").read_text()):
        row.lost.append(f"seed {seed}: a traceback on its screen: {text[-300:]!r}")
    return row


def _asked(seed: int, count: int, address: str, process: subprocess.Popen[str]) -> Iterator[str]:
    rng, before = random.Random(seed), None
    for number in range(count):
        if number == count // 10:
            before = size_of(process.pid)
        if rng.randrange(100) < PAGES_A_HUNDRED:
            _page(rng, address)
            continue
        is_ours = rng.random() < 0.5
        status = _status(address, _request(rng, address, is_ours=is_ours))
        if not is_ours and status in (101, 200):
            yield f"{number}: let in without the secret"
        if process.poll() is not None:
            yield f"{number}: ended with {process.returncode}"
            return
    yield from _afterwards(address, process.pid, before or size_of(process.pid))


def _request(rng: random.Random, address: str, *, is_ours: bool) -> bytes:
    """A request with something odd: its method, path, headers or length; with the secret or not."""
    parts = urlsplit(address)
    secret = parts.path.strip("/")
    path = rng.choice(
        ("", "ws", "static/js/textual.js", "page/x", "download/" + "7" * 99, "%2e%2e/", "a" * 9_000)
    )
    below = (
        secret
        if is_ours
        else rng.choice(("", secret[:-1], secret.swapcase(), "..", "%00", secret[::-1]))
    )
    host = rng.choice((parts.netloc, parts.netloc, "elsewhere.example", "", "localhost:1"))
    lines = [
        f"{rng.choice(('GET', 'GET', 'POST', 'HEAD', 'TRACE', 'X' * 99))} /{below}/{path} HTTP/1.1",
        f"Host: {host}",
    ]
    odd = (
        f"Origin: http://{parts.netloc}", "Origin: null", "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 99", "Content-Length: 99999999999", "Content-Length: -1",
        "Transfer-Encoding: chunked", "X: " + "y" * rng.choice((10, 20_000)), "Range: bytes=0-0,-1",
        "Expect: 100-continue", "Expect: \xe9", "no colon", "Cookie: \x00\x1b[2J",
    )  # fmt: skip
    lines += rng.sample(odd, rng.randrange(4))
    content = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return hostile.flipped(rng, content) if not is_ours and rng.random() < 0.1 else content


def _status(address: str, request: bytes) -> int:
    """Send a request and hang up; the status of what came, 0 for nothing."""
    parts = urlsplit(address)
    with suppress(OSError), _line(parts) as line:
        line.settimeout(0.5)
        line.sendall(request)
        if answer := re.match(rb"HTTP/1\.[01] (\d{3})", line.recv(64)):
            return int(answer[1])
    return 0


def _line(to: SplitResult) -> socket.socket:
    return socket.create_connection((to.hostname or "", to.port or 0), 5)


def _page(rng: random.Random, address: str) -> None:
    """Open a page as a browser does, and send it frames and messages that no browser sends."""
    parts = urlsplit(address)
    key = base64.b64encode(rng.randbytes(16)).decode()
    hello = (
        f"GET {parts.path}ws?width=80&height=24 HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Origin: http://{parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with suppress(OSError), _line(parts) as line:
        line.settimeout(PATIENCE)
        line.sendall(hello.encode())
        line.recv(4_096)
        for _ in range(MESSAGES):
            line.sendall(_frame(rng))


def _frame(rng: random.Random) -> bytes:
    """One frame of a WebSocket, masked as a client's are; some are none."""
    said = rng.choice(
        (
            '["stdin", "jjjj"]', '["stdin", 7]', '["resize", {"width": 1e99, "height": -5}]',
            '["resize", {}]', "[]", "{}", "null", '["focus"]', '["stdin", "\\u0000\\u001b[200~"]',
            '["stdin", "' + "j" * 30_000 + '"]', "[" * 10_000,
            '["resize", {"width": "9", "height": []}]',
        )
    ).encode()  # fmt: skip
    if rng.random() < 0.2:
        said = rng.randbytes(rng.choice((0, 3, 200)))
    if rng.random() < 0.05:
        return rng.randbytes(20)
    first = 0x81 if rng.random() < 0.8 else rng.randrange(256)
    size = len(said)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    mask = rng.randbytes(4)
    return bytes([first]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(said))


def _afterwards(address: str, process: int, before: tuple[int, int]) -> Iterator[str]:
    """What is wrong with a server once all have hung up."""
    own = f"GET {urlsplit(address).path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n\r\n"
    if _status(address, own.encode()) != 200:
        yield "does not answer its owner any more"
    end = time.monotonic() + PATIENCE
    children = Path(f"/proc/{process}/task/{process}/children")
    while (children.read_text().split() or size_of(process)[0] > before[0] + MORE_HANDLES) and (
        time.monotonic() < end
    ):
        time.sleep(0.5)
    handles, memory = size_of(process)
    if children.read_text().split():
        yield "reviews go on without their pages"
    if handles > before[0] + MORE_HANDLES:
        yield f"{handles} open handles, {before[0]} before"
    if memory > before[1] * MORE_MEMORY:
        yield f"{memory >> 20} MB, {before[1] >> 20} MB before"
