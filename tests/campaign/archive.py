"""What asking an archive must hold that answers nonsense: each answer is a film, or one line."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from screener.pacs import web
from screener.pacs.fetching import Cache, fetch
from tests.campaign import hostile
from tests.campaign.network import FILM
from tests.campaign.scans import Row


def answers(seed: int, count: int, folder: Path) -> Row:
    """Ask an archive that answers with anything; each must become a film, or one line."""
    row = Row("answers of an archive", count)
    rng, inside = random.Random(seed), folder / "cache"
    folder.mkdir(parents=True)
    with _archive(rng) as url:
        client = web.connected(url)
        client.set_http_retry_params(max_attempts=1)
        for number in range(count):
            try:
                if number % 4 == 0:
                    web.studies(client, {})
                elif number % 4 == 1:
                    list(web.store([FILM], client))
                else:
                    list(fetch(client, [_uid(rng)], Cache(inside, 1 << 30), bool, lambda: False))
            except web.AnswerError as error:
                if "\n" in str(error) or not str(error).isprintable():
                    row.lost.append(f"seed {seed}, {number}: more than a line: {str(error)!r}")
            except Exception as error:  # noqa: BLE001 (which is what is looked for)
                row.lost.append(f"seed {seed}, {number}: {type(error).__name__}: {error}")
    beside = [path.name for path in folder.iterdir() if path != inside]
    row.lost += [f"seed {seed}: written beside the cache: {name}" for name in beside]
    return row


@contextmanager
def _archive(rng: random.Random) -> Iterator[str]:
    """A server that answers every request with something that was an answer once."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_object = "/instances/" in self.path
            good = partial(_object, self.path) if is_object else partial(_listed, rng)
            with suppress(OSError):
                self.wfile.write(_broken(rng, *good()))
            self.close_connection = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with suppress(OSError):
                self.wfile.write(_broken(rng, "application/dicom+json", _stored(rng)))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()


def _uid(rng: random.Random) -> str:
    return f"1.2.{rng.randrange(1000)}"


def _listed(rng: random.Random) -> tuple[str, bytes]:
    """What a search finds: studies, series and objects at once, so that it fits any search."""
    words = ("0020000D", "0020000E", "00080018")
    found = [
        {tag: {"vr": "UI", "Value": [_value(rng)]} for tag in words}
        for _ in range(rng.randrange(4))
    ]
    return "application/dicom+json", json.dumps(_twisted(rng, found)).encode("utf-8", "replace")


def _value(rng: random.Random) -> object:
    odd = (
        "../../out",
        "/etc/passwd",
        "",
        "\0",
        "1.2\x1b[2J",
        "\u202e1.2",
        "9" * 9_999,
        None,
        7,
        [],
        {},
    )
    return rng.choice(odd) if rng.random() < 0.3 else _uid(rng)


def _twisted(rng: random.Random, found: Any) -> Any:
    """Something else in one place of a document."""
    if rng.random() < 0.6:
        return found
    odd = (None, 3.5, "text", [], {}, [[[]]], {"vr": "SQ", "Value": [{}]}, float("nan"), True)
    if not isinstance(found, list | dict) or not found or rng.random() < 0.3:
        return rng.choice(odd)
    key = rng.randrange(len(found)) if isinstance(found, list) else rng.choice(sorted(found))
    found[key] = _twisted(rng, found[key])
    return found


def _object(path: str) -> tuple[str, bytes]:
    """The film that is asked for, as it would be given."""
    kind = "application/dicom"
    head = f"--x\r\nContent-Type: {kind}\r\n\r\n".encode()
    return f'multipart/related; type="{kind}"; boundary=x', head + FILM.read_bytes() + b"\r\n--x--"


def _stored(rng: random.Random) -> bytes:
    failed = [
        {"00081150": {"vr": "UI", "Value": ["1.2"]}, "00081197": {"vr": "US", "Value": [272]}}
    ]
    return json.dumps(_twisted(rng, {"00081198": {"vr": "SQ", "Value": failed}})).encode()


def _broken(rng: random.Random, kind: str, body: bytes) -> bytes:
    """An answer as it goes over the line, with something wrong in it more often than not."""
    if rng.random() < 0.4:
        return rng.choice(_otherwise(rng, body))
    status, length = "200 OK", len(body)
    match rng.randrange(8):
        case 0:
            body = rng.choice((hostile.flipped, hostile.cut))(rng, body or b"[]")
            length = len(body)
        case 1:
            length = rng.choice((0, 1, length + 100, 10**15, -1))
        case 2:
            status = f"{rng.choice((100, 204, 206, 304, 400, 401, 404, 409, 500, 503, 999))} No"
        case 3:
            kind = rng.choice(
                ("text/html", "multipart/related", "", "application/dicom", "x" * 9_999)
            )
        case 4:
            body = b"[" * rng.choice((10, 100_000))
            length = len(body)
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body


def _otherwise(rng: random.Random, body: bytes) -> tuple[bytes, ...]:
    """Answers that are wrong as HTTP."""
    ok = b"HTTP/1.1 200 OK\r\n"
    coded = rng.choice((b"gzip", b"deflate", b"br"))
    sizes = (b"5\r\nabc", b"-1\r\n", b"zz\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"0\r\n\r\n")
    to = rng.choice((b"/", b"//", b"file:///etc/passwd", b"http://127.0.0.1:1/", b"\0"))
    return (
        rng.randbytes(rng.choice((0, 1, 100, 70_000))),
        ok + b"X: y\r\n" * rng.choice((10, 1_000)) + b"\r\n" + body,
        ok + b"Content-Encoding: " + coded + b"\r\n\r\n" + body,
        ok + b"Transfer-Encoding: chunked\r\n\r\n" + rng.choice(sizes),
        b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n",
    )
