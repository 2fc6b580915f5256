"""The review in a browser: the real server, and a real browser (headless Chromium)."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("textual_serve", reason="the serve extra is not installed")

import aiohttp

from screener.console import ExitCode
from screener.study import Band
from screener.tui import serving, themes
from tests.conftest import posix_only
from tests.tui import browser

REVIEW = [sys.executable, "-m", "screener.cli.main", "review"]
PATIENCE = 60.0
ENTER, ESCAPE, DOWN = 13, 27, 40


@pytest.fixture
def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(results, port):
    """A server of its own; gives its process and the address that it says."""
    line = [*REVIEW, str(results), "--serve", "--port", str(port)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(line, start_new_session=True, **pipes)
    try:
        said = process.stdout.readline()
        yield process, re.fullmatch(r"The review is at (http://\S+) until Ctrl-C.\n", said)[1]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def address(results, free_port):
    with served(results, free_port) as (_, address):
        yield address


async def status(url, **headers):
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as reply:
        return reply.status


def children(process):
    """The processes that one has started."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in found.split()]


def origin(address):
    return {"Origin": address.rsplit("/", 2)[0]}


async def first_bytes(page):
    return await asyncio.wait_for(page.receive_bytes(), PATIENCE)


async def test_the_review_is_for_whoever_was_told_its_address(address):
    port, secret = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/(\S{32})/", address).groups()
    root = f"http://127.0.0.1:{port}/"
    assert await status(address) == 200
    for wrong in (root, root + "ws", root + "static/js/textual.js", f"{root}{secret[:-1]}/"):
        assert await status(wrong) == 404
    assert await status(address, Origin="http://elsewhere.example") == 403
    assert await status(address, Host="rebound.example") == 403
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert await status(address + "ws", **upgrade) == 403  # no page has asked
    async with aiohttp.ClientSession() as session, session.get(address) as reply:
        page = await reply.text()
        assert "https://" not in page
        assert secret not in page
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'self'" in reply.headers["Content-Security-Policy"]


@posix_only
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
async def test_a_review_ends_with_its_page_and_all_end_with_the_server(results, free_port):
    with served(results, free_port) as (process, address):
        async with aiohttp.ClientSession(headers=origin(address)) as session:
            async with session.ws_connect(address + "ws?width=80&height=24") as page:
                await first_bytes(page)
                assert len(children(process)) == 1
                for hostile in ('["resize", {"width": 1e9, "height": 1e9}]', "[" * 9999, "7"):
                    await page.send_str(hostile)
                await first_bytes(page)
            end = time.monotonic() + 2 * serving.PATIENCE
            while children(process):
                assert time.monotonic() < end, "the review goes on without its page"
                await asyncio.sleep(0.05)
            async with session.ws_connect(address + "ws") as page:
                await first_bytes(page)
                process.send_signal(signal.SIGINT)
                _, said = await asyncio.to_thread(process.communicate, timeout=5)
        assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("size", ["width=x&height=2", "width=80&height="])
async def test_a_page_without_a_size_is_refused(address, size):
    async with aiohttp.ClientSession(headers=origin(address)) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="400"):
            await session.ws_connect(f"{address}ws?{size}")


def test_a_screen_is_no_larger_than_anybody_needs():
    assert serving.fitting(10**9, 10**9) == (500, 200)
    assert serving.fitting("-1", 0) == (20, 5)


def test_a_port_that_is_taken_is_said_in_one_line(results, free_port):
    with served(results, free_port):
        line = [*REVIEW, str(results), "--serve", "--port", str(free_port)]
        done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == (
        f"error: port {free_port} of 127.0.0.1: in use; choose another with --port\n"
    )


PICTURES = "document.querySelectorAll('.radiograph').length"
SOURCE = "document.querySelector('.radiograph')?.src"


async def test_a_browser_shows_the_radiograph_itself(address, stored, tmp_path):
    rows = [stored.study(key).row for key in stored.listed()]
    first = next(place for place, row in enumerate(rows) if row.score is not None)
    async with browser.review(address, tmp_path) as page:
        await page.until("document.querySelector('.xterm-screen') && true")
        await asyncio.sleep(1)  # the counts arrive
        seen = {colour for _, colour in (await page.photograph()).getcolors(1 << 20)}
        assert {browser.rgb(themes.DARK[f"band-{band.lower()}"]) for band in Band} <= seen
        for _ in range(first):
            await page.press("ArrowDown", DOWN)
        await page.press("Enter", ENTER)
        source = await page.until(SOURCE)
        width = await page.until("document.querySelector('.radiograph').naturalWidth")
        assert width > 4 * 80  # finer than cells
        await page.press("i")
        await page.until(f"({SOURCE}) !== {source!r}")
        await page.press("?")  # what stands over it is seen
        await page.until(f"{PICTURES} === 0")
        await page.press("Escape", ESCAPE)
        await page.until(f"{PICTURES} === 1")
        await page.press("Escape", ESCAPE)  # to the list
        await page.until(f"{PICTURES} === 0")
