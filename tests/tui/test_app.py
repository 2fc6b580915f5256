"""The review as an app: what it does when its results cannot be read any more."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sample_data.results import NOW, PIPELINE
from screener.results.files import DATABASE
from screener.results.store import Store
from screener.results.worklist import Worklist
from tests.tui.conftest import settled, told


def damage(results):
    with closing(sqlite3.connect(results / DATABASE, isolation_level=None)) as connection:
        connection.execute("UPDATE study SET band = 'PURPLE'")


async def test_results_damaged_meanwhile_are_told_and_not_a_traceback(open_review, results):
    async with open_review() as (app, pilot):
        damage(results)
        app.poll()
        await settled(pilot)
        if app.failure is None:  # told on screen, which still shows what it had
            assert "damaged" in told(app)
    assert app.failure is None or "damaged" in str(app.failure)
    assert not app._exception


def begin(results, **options):
    """A further run over what was scanned, as a scan with these options records it."""
    with Store.open(results) as store:
        latest, card = Worklist(store).latest_run(), Worklist(store).card()
        store.begin_run(
            [Path(folder) for folder in latest.folders],
            card.digest,
            device="cpu",
            pipeline=PIPELINE,
            started_at=NOW,
            options=options,
        )
    return latest.folders


async def test_scan_from_the_palette_repeats_the_latest_run_as_it_was_made(open_review, results):
    folders = begin(results, **{"identify": "id", "no-guard": True, "weights": "/nowhere"})
    async with open_review() as (app, pilot):
        app.start_scan()
        words = app.scan._process.args
        app.scan.stop()
        await settled(pilot)
    assert words[words.index("scan") + 1 : words.index("--output")] == list(folders)
    assert set(words[words.index("--json") + 1 :]) == {
        "--identify=id",
        "--no-guard",
        "--weights=/nowhere",
    }
