"""Results with pictures for the review's tests: invented studies, phantoms for their files."""

import shutil
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sample_data.phantom import Variant, expose
from sample_data.results import NOW, build_results
from screener.results.pseudonym import KEY_BYTES
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.tui.app import ReviewApp

STUDIES = 40


def ticking():
    """A clock that gives each entry a time of its own, always the same ones."""
    ticks = count()
    return lambda: NOW + timedelta(days=1, seconds=next(ticks))


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Results of 40 studies; the first five scored ones have pictures."""
    keys = tmp_path_factory.mktemp("keys")
    (keys / "pseudonym.key").write_bytes(b"k" * KEY_BYTES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCREENER_DATA_DIR", str(keys))  # the same pseudonyms everywhere
        folder = build_results(tmp_path_factory.mktemp("review") / "results", STUDIES)
    picture = Image.fromarray((expose(Variant.GROUND_GLASS, 1, (256, 240)) * 255).astype(np.uint8))
    with Store.open(folder) as store:
        worklist = Worklist(store)
        scored = [row for row in worklist.rows() if row.score is not None][:5]
        for row in scored:
            for radiograph in worklist.study(row.key).radiographs:
                radiograph.path.parent.mkdir(parents=True, exist_ok=True)
                picture.save(radiograph.path, "PNG")
    return folder


@pytest.fixture
def results(template, tmp_path, monkeypatch):
    """A copy of the results to write into. Paths inside lead to the template's pictures."""
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):  # not on Windows
        time.tzset()
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Path(shutil.copytree(template, tmp_path / "results"))


@pytest.fixture
def open_review(results):
    """Open the app on the results: ``async with open_review() as (app, pilot)``."""

    @asynccontextmanager
    async def opened(size=(120, 36), folder=results, reviewer="ewa", **options):
        app = ReviewApp(folder, reviewer, clock=ticking(), **options)
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            yield app, pilot

    return opened


@pytest.fixture
def stored(results):
    """Read a fresh worklist: ``stored().study(key)``."""

    class Reader:
        def study(self, key):
            with Store.open(results) as store:
                return Worklist(store).study(key)

        def listed(self, wanted=Filter()):  # noqa: B008
            with Store.open(results) as store:
                return [row.key for row in Worklist(store).rows(wanted)]

    return Reader()


async def settled(pilot):
    """Wait until workers are done and what they told is shown."""
    for _ in range(3):  # a worker's message may start another one
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def told(app):
    """The notices of the app, as one text."""
    return "\n".join(notice.message for notice in app._notifications)


def text_of(app):
    """What is on screen, as plain lines."""
    return "\n".join(
        "".join(segment.text for segment in line)
        for line in app.screen._compositor.render_strips(app.size)
    )
