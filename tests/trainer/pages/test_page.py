"""The page builder escapes, embeds and warns."""

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
    assert '<th scope="row">a</th><td>1</td>' in page.html()


def test_warning_stands_at_both_ends():
    assert Page("t").html().count("Research use only") == 2
