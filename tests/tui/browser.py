"""A headless Chromium that opens a page, looks at its colours, and asks it."""

import asyncio
import base64
import io
import shutil
from contextlib import asynccontextmanager

import pytest
from PIL import Image

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,760",
    "--remote-debugging-port=0",
)
LOADED = "location.href !== 'about:blank' && document.readyState === 'complete'"
DRAWN = "Boolean(document.body?.classList.contains('-first-byte'))"
PATIENCE = 60


def rgb(colour):
    """A colour as the three numbers of "#rrggbb"."""
    return tuple(bytes.fromhex(colour.removeprefix("#")))


class Page:
    """An open page with a review on it."""

    def __init__(self, socket):
        self._socket = socket

    async def ask(self, expression):
        """The value of an expression of JavaScript."""
        return await _value(self._socket, expression)

    async def until(self, expression):
        """Wait until it is true, and give its value."""
        for _ in range(PATIENCE * 5):
            if found := await self.ask(expression):
                return found
            await asyncio.sleep(0.2)
        raise AssertionError(f"{expression} did not become true")

    async def press(self, key, code=0):
        """A key, of a code where it writes no letter."""
        text = {"text": "\r"} if key == "Enter" else {} if code else {"text": key}
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "windowsVirtualKeyCode": code, **text}
            await _ask(self._socket, "Input.dispatchKeyEvent", **event)

    async def photograph(self):
        """What is seen, as an RGB picture."""
        taken = await _ask(self._socket, "Page.captureScreenshot")
        return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")


@asynccontextmanager
async def review(url, folder):
    """Open a page and wait for the review's first screen."""
    async with _opened(url, folder) as socket:
        page = Page(socket)
        await page.until(DRAWN)
        yield page


async def answers(url, folder, *questions, width=1200):
    """Open a page in a window of a width, and give the values of expressions of JavaScript."""
    async with _opened(url, folder) as socket:
        view = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        await _ask(socket, "Emulation.setDeviceMetricsOverride", **view)
        for _ in range(PATIENCE * 5):
            if await _value(socket, LOADED):
                break
            await asyncio.sleep(0.2)
        return [await _value(socket, question) for question in questions]


@asynccontextmanager
async def _opened(url, folder):
    import aiohttp

    async with _chromium(folder) as port, aiohttp.ClientSession() as session:
        async with session.put(f"http://127.0.0.1:{port}/json/new?{url}") as reply:
            address = (await reply.json())["webSocketDebuggerUrl"]
        async with session.ws_connect(address, max_msg_size=0) as socket:
            yield socket


async def _value(socket, expression):
    found = await _ask(socket, "Runtime.evaluate", expression=expression)
    return found["result"].get("value")


async def _ask(socket, method, **parameters):
    await socket.send_json({"id": 1, "method": method, "params": parameters})
    return (await socket.receive_json())["result"]


@asynccontextmanager
async def _chromium(folder):
    """Start Chromium with a profile of its own; gives the port it listens on."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is not installed")
    profile = folder / "profile"
    process = await asyncio.create_subprocess_exec(
        program,
        *FLAGS,
        f"--user-data-dir={profile}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        for _ in range(PATIENCE * 5):
            if (profile / "DevToolsActivePort").is_file():
                break
            await asyncio.sleep(0.2)
        yield int((profile / "DevToolsActivePort").read_text().split()[0])
    finally:
        process.terminate()
        await process.wait()
