"""The heading stands over its columns, at every width and in every order."""

import pytest

from screener.tui.worklist.columns import COLUMNS
from screener.tui.worklist.screen import SORTS
from screener.tui.worklist.table import TableHeading
from tests.tui.conftest import text_of


@pytest.mark.parametrize("width", [80, 97, 104, 120])
@pytest.mark.parametrize("sort", SORTS)
async def test_the_mark_of_the_order_moves_no_title(open_review, width, sort):
    async with open_review(size=(width, 24)) as (app, pilot):
        heading = app.screen.query_one(TableHeading)
        heading.sort = ""
        await pilot.pause()
        plain = text_of(app).splitlines()[2]
        app.screen.sort_by(sort)
        await pilot.pause()
        marked = text_of(app).splitlines()[2]
        assert marked.replace("▴", " ").rstrip() == plain.rstrip()


@pytest.mark.parametrize("width", range(70, 125, 5))
async def test_heading_and_lines_have_the_same_columns(open_review, width):
    async with open_review(size=(width, 24)) as (app, _):
        assert app.screen.query_one(TableHeading).content_size.width == app.screen.table.room


async def test_notes_are_cut_between_words(open_review):
    async with open_review(size=(120, 36)) as (app, _):
        cells = [column.cell for column in COLUMNS if column.title == "Notes"]
        words = {
            word
            for row in app.sitting.rows(0, 100)
            for word in cells[0](row)[0][0].replace("·", " ").split()
        }
        cut = [line.rstrip(" ▁▂▃▄▅▆▇█") for line in text_of(app).splitlines()[3:]]
        ends = [line[:-1].split()[-1] for line in cut if line.endswith("…")]
        assert ends
        assert set(ends) <= words
