"""The same review in a browser on this machine, through textual-serve.

Listens on the loopback address only. The address holds a secret, for other accounts of this machine
reach its ports too; requests that another web page or another host name makes are refused, and
nothing is loaded from the network. Each page has a process of its own, which ends with it. Needs
the ``serve`` extra.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve.app_service import AppService
from textual_serve.server import Server

from screener import console
from screener.errors import ConfigurationError
from screener.tui.picture.page import PICTURE

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable, Sequence

    from textual_serve.download_manager import DownloadManager

HOST = "127.0.0.1"
TEMPLATES = Path(__file__).with_name("templates")

PAGES = 8
"""Open at once; each costs a process."""

WIDTHS, HEIGHTS = (20, 500), (5, 200)
"""Cells that a page may ask for: a screen is memory."""

LONGEST = 1 << 20
"""Bytes of one message of a page, a pasted text say."""

PATIENCE = 3.0
"""Seconds that a review has to end by itself once its page is gone."""


class Session(AppService):
    """The review of one page: a process that ends with it."""

    def __init__(
        self, arguments: Sequence[str], page: web.WebSocketResponse, downloads: DownloadManager
    ) -> None:
        async def close() -> None:
            await page.close()

        super().__init__(
            "",
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=close,
            download_manager=downloads,
        )
        self._arguments = arguments

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=self._build_environment(width=width, height=height),
            start_new_session=True,  # Ctrl-C is the server's, which ends its pages in order
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Pass on what the review draws; a page whose review has ended is told."""
        await super().run()
        await self.remote_close()

    async def on_meta(self, data: bytes) -> None:
        """Pass pictures on to the page, which lays them over the terminal."""
        told = json.loads(data)
        if told["type"] == PICTURE:
            await self.remote_write_str(json.dumps([PICTURE, told]))
            return
        await super().on_meta(data)

    async def stop(self) -> None:
        """Ask the review to end, and end it if it does not. What it was told is on the disk."""
        process = self._process
        try:
            async with asyncio.timeout(PATIENCE):
                await super().stop()
                if process:
                    await process.wait()
        except TimeoutError:
            if process and process.returncode is None:
                process.kill()
                await process.wait()

    async def heed(self, message: str) -> None:
        """Do what a page asks for; what is no request of ours is passed over."""
        try:
            kind, *rest = json.loads(message)
            if kind == "stdin":
                await self.send_bytes(rest[0].encode("utf-8", "replace"))
            elif kind == "resize":
                await self.set_terminal_size(*fitting(rest[0]["width"], rest[0]["height"]))
            elif kind == "focus":
                await self.focus()
            elif kind == "blur":
                await self.blur()
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return


def fitting(width: object, height: object) -> tuple[int, int]:
    """The size of a screen that a page asks for, within reason.

    Raises:
        ValueError: it is none.
        TypeError: it is no number.
    """
    wanted = (width, WIDTHS), (height, HEIGHTS)
    columns, rows = (min(most, max(least, int(n))) for n, (least, most) in wanted)  # type: ignore[call-overload]
    return columns, rows


class LocalServer(Server):
    """textual-serve's pages, for whoever was told the address."""

    def __init__(self, arguments: Sequence[str], port: int) -> None:
        super().__init__("", host=HOST, port=port, title="Screener", templates_path=str(TEMPLATES))
        self._arguments = arguments
        self._pages: set[web.WebSocketResponse] = set()
        self._secret = secrets.token_urlsafe(24)

    @property
    def address(self) -> str:
        """Where the review is."""
        return f"{self.public_url}/{self._secret}/"

    async def application(self) -> web.Application:
        """Everything below the secret; elsewhere is nothing."""
        below = await self._make_app()
        below.router.add_static("/page", TEMPLATES / "static")
        whole = web.Application(middlewares=[_only_here(self.port)])
        whole.add_subapp(f"/{self._secret}/", below)
        whole.on_shutdown.append(self._close)
        return whole

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: the port may be taken."""

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run the review of one page for as long as the page is there."""
        if len(self._pages) >= PAGES:
            raise web.HTTPServiceUnavailable(text=f"{PAGES} pages are open; close one.")
        try:
            size = fitting(request.query.get("width", 80), request.query.get("height", 24))
        except ValueError:
            raise web.HTTPBadRequest(text="A page has a width and a height.") from None
        page = web.WebSocketResponse(heartbeat=15, max_msg_size=LONGEST)
        self._pages.add(page)
        try:
            await page.prepare(request)
            await self._review(page, size)
        finally:
            self._pages.discard(page)
        return page

    async def _review(self, page: web.WebSocketResponse, size: tuple[int, int]) -> None:
        session = Session(self._arguments, page, self.download_manager)
        try:
            await session.start(*size)
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    await session.heed(message.data)
        finally:
            with suppress(ConnectionError):
                await session.stop()

    async def _close(self, app: web.Application) -> None:  # noqa: ARG002
        """End every page, so that Ctrl-C waits for none."""
        for page in tuple(self._pages):
            await page.close(code=WSCloseCode.GOING_AWAY)


def serve(arguments: Sequence[str], port: int) -> None:
    """Serve until Ctrl-C; every browser tab runs its own review.

    Args:
        arguments: the review's program and what it is given.
        port: on the loopback address.

    Raises:
        ConfigurationError: the port cannot be had.
    """
    server = LocalServer(arguments, port)
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    try:
        web.run_app(
            server.application(),
            host=HOST,
            port=port,
            access_log=None,
            shutdown_timeout=PATIENCE,
            print=lambda _: console.say(f"The review is at {server.address} until Ctrl-C."),
        )
    except OSError as error:
        fact = "in use" if error.errno == errno.EADDRINUSE else error.strerror
        raise ConfigurationError(
            f"port {port} of {HOST}: {fact}; choose another with --port"
        ) from None


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure is to be shown: that strangers send nonsense is no news.

    aiohttp quotes an odd "Expect" in its answer, and fails where that cannot be written.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], _NONSENSE))


_NONSENSE = (HttpProcessingError, UnicodeError)


def _only_here(port: int) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Refuse other sites' pages (Origin) and other names for this machine (Host)."""
    hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if "Upgrade" in request.headers and not origin:
            raise web.HTTPForbidden(text="This review is open to pages only.")
        if request.host not in hosts or (origin and origin not in origins):
            raise web.HTTPForbidden(text="This review is open to pages of this machine only.")
        reply = await handler(request)
        if not reply.prepared:
            reply.headers.update(_HEADERS)
        return reply

    return check


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every page: nothing from elsewhere, nothing kept, the address told to nobody."""
