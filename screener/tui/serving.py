"""The same review in a browser on this machine, through textual-serve.

Listens on the loopback address only, refuses requests that another web page or another host name
makes, and loads nothing from the network. Needs the ``serve`` extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from textual_serve.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
TEMPLATES = Path(__file__).with_name("templates")


class LocalServer(Server):
    """textual-serve's server, for this machine only."""

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(_only_here(self.port))
        return app


def serve(command: str, port: int) -> None:
    """Serve until Ctrl-C; every browser tab runs its own review.

    Args:
        command: Shell command of the review.
        port: Port on the loopback address.
    """
    server = LocalServer(
        command, host=HOST, port=port, title="Screener", templates_path=str(TEMPLATES)
    )
    server.serve()


def _only_here(port: int) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Refuse other sites' pages (Origin) and other names for this machine (Host)."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in hosts or (origin and origin not in origins):
            raise web.HTTPForbidden(text="This review is open to pages of this machine only.")
        return await handler(request)

    return check
