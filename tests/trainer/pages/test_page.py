"""The page builder escapes, embeds and warns."""

import pytest

from tests.tui import browser
from trainer.pages.page import Page


def test_everything_is_escaped():
    page = Page("<b>title</b>", "a & b")
    page.table(("<i>",), [("<script>",)], "<caption>")
    page.figure(b"png", '"quoted"')
    html = page.html()
    assert "<script>" not in html
    assert "<b>title" not in html
    assert "&quot;quoted&quot;" in html


def test_tables_have_row_and_column_headings():
    page = Page("t")
    page.table(("name", "value"), [("a", 1)])
    assert '<th scope="col">value</th>' in page.html()
    assert '<th scope="row">a</th><td data-title="value">1</td>' in page.html()


def test_warning_stands_at_both_ends():
    assert Page("t").html().count("Research use only") == 2


async def test_nothing_is_cut_at_any_width(tmp_path):
    pytest.importorskip("aiohttp", reason="the serve extra is not installed")
    page = Page("t")
    names = [f"a measure of {n} words" for n in range(10)]
    page.table(("weights", *names), [("all averaged", *["0.857 (0.833 to 0.881)"] * 10)])
    page.write(tmp_path / "page.html")
    cut = (
        "[...document.querySelectorAll('.scroll, html')].filter(x => x.scrollWidth > x.clientWidth)"
    )
    for width in (400, 760, 1100, 1800):
        url = (tmp_path / "page.html").as_uri()
        (number,) = await browser.answers(url, tmp_path / str(width), f"{cut}.length", width=width)
        assert number == 0, width
