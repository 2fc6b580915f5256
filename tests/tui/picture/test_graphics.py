"""The real-picture view makes its picture as large as its place allows, and hides it for text."""

import pytest

from screener.tui.study import screen as study_screen
from tests.tui.conftest import settled, text_of

pytest.importorskip("textual_image", reason="the graphics extra is not installed")

from screener.tui.picture import graphics


@pytest.mark.parametrize("make_view", [graphics.kitty, graphics.sixel])
async def test_picture_fits_its_place(open_review, stored, make_view):
    async with open_review(make_view=make_view) as (app, pilot):
        app.open_study(next(key for key in stored.listed() if stored.study(key).row.score))
        await pilot.pause(study_screen.PAUSE * 2)
        await settled(pilot)
        view = app.screen.view
        [picture] = view.children
        assert picture.display
        assert picture.image.size[1] <= graphics.LARGEST
        assert 0 < picture.size.height <= view.size.height
        await pilot.press("i", "o")
        assert "inverted" in text_of(app)


async def test_text_takes_the_place_of_the_picture(open_review, stored):
    async with open_review(make_view=graphics.kitty) as (app, pilot):
        app.open_study(stored.listed()[-1])
        await pilot.pause(study_screen.PAUSE * 2)
        await settled(pilot)
        assert "No such file" in text_of(app)
        assert not app.screen.view.children[0].display
