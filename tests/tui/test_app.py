"""The review as an app: what it does when its results cannot be read any more."""

import sqlite3
from contextlib import closing

from screener.results.files import DATABASE
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
