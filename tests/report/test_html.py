"""The HTML twin: well-formed, complete, nothing fetched, the same words as the PDF."""

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from sample_data.results import build_results
from screener.report.content import SECTIONS
from screener.report.html import write_html
from screener.report.style import BAND_COLOURS
from screener.report.wording import WARNING
from screener.study import RESEARCH_ONLY
from tests.report.conftest import MADE
from tests.report.illustrated import NAMES
from tests.tui import browser

VOID = {"meta", "img", "rect", "path", "br"}


class Strict(HTMLParser):
    """Collects elements and fails on what browsers forgive."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text, self.scripts = [], [], [], []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.text.append(data)


@pytest.fixture(scope="module")
def document(html):
    parser = Strict()
    parser.feed(html.read_text(encoding="utf-8"))
    parser.close()
    assert not parser.open
    return parser


@pytest.fixture(scope="module")
def text(document):
    return " ".join(" ".join(document.text).split())


def all_of(document, *tags):
    return [attributes for tag, attributes in document.elements if tag in tags]


def test_the_language_and_a_title_are_set(document):
    assert all_of(document, "html") == [{"lang": "en"}]
    assert len(all_of(document, "title")) == 2  # the document's and the chart's


def test_headings_descend_one_step_at_a_time(document):
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_picture_has_a_text(document):
    pictures = all_of(document, "img")
    assert len(pictures) == 10
    assert all(len(picture["alt"]) > 20 for picture in pictures)
    assert all(
        svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-labelledby"])
        for svg in all_of(document, "svg")
    )


def test_the_text_of_a_map_says_where_it_is_strongest(document):
    assert any("middle left of the picture" in p["alt"] for p in all_of(document, "img"))


def test_each_map_stands_beside_its_proof_and_the_legend_once(text):
    assert text.count("With the marked tenth hidden the score goes from") == 5
    assert text.count("Lines of equal effect:") == 1


def test_table_headers_say_what_they_head(document):
    assert {header.get("scope") for header in all_of(document, "th")} == {"col", "row"}
    assert len(all_of(document, "caption")) == len(all_of(document, "table"))


def test_names_are_unique_and_links_lead_somewhere(document):
    names = [a["id"] for _, a in document.elements if "id" in a]
    assert len(names) == len(set(names))
    assert {a["href"][1:] for a in all_of(document, "a")} <= set(names)
    labels = {x for _, a in document.elements for x in a.get("aria-labelledby", "").split()}
    assert labels <= set(names)


def test_no_script_runs_but_its_own(document):
    (script,) = document.scripts
    mark = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for a in all_of(document, "meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith(f"script-src 'sha256-{mark}'")


RANKING = "[...document.querySelectorAll('.wide')].find(x => x.ariaLabel.startsWith('Studies in'))"
NAMES_SHOWN = f"[...{RANKING}.querySelectorAll('tbody tr:not([hidden]) bdi')].map(x => x.innerText)"


async def test_its_list_is_sorted_filtered_and_its_pictures_enlarged(html, tmp_path):
    pytest.importorskip("aiohttp", reason="the serve extra is not installed")
    press = f"{RANKING}.querySelectorAll('thead button')[3].click()"
    rows = f"JSON.stringify({NAMES_SHOWN})"
    question = f"{press}; {rows}"
    enlarge = "document.querySelector('.pictures figcaption button').click();"
    width = "document.querySelector('.pictures figure img').getBoundingClientRect().width"
    first, up, down, before, after = await browser.answers(
        html.as_uri(), tmp_path, rows, question, question, width, f"{enlarge} {width}"
    )
    up, down = json.loads(up), json.loads(down)
    assert sorted(json.loads(first)) == sorted(up)
    assert up != json.loads(first)
    assert down == up[::-1]
    assert after > 2 * before


async def test_no_column_is_cut_on_a_narrow_screen(html, tmp_path):
    pytest.importorskip("aiohttp", reason="the serve extra is not installed")
    (beyond,) = await browser.answers(
        html.as_uri(),
        tmp_path,
        "[...document.querySelectorAll('.wide, html')]"
        ".filter(x => x.scrollWidth > x.clientWidth + 1).length",
        width=400,
    )
    assert beyond == 0


async def test_a_long_list_is_filtered_by_words(tmp_path):
    pytest.importorskip("aiohttp", reason="the serve extra is not installed")
    folder = build_results(tmp_path / "results", studies=40)
    page = write_html(folder, tmp_path / "r.html", generated_at=MADE)
    write = (
        f"(() => {{const field = {RANKING}.previousElementSibling.querySelector('input');"
        "field.value = 'routine'; field.dispatchEvent(new Event('input'));"
        f"return [...{RANKING}.querySelectorAll('tbody tr:not([hidden]) .band')]"
        ".map(x => x.className).join()})()"
    )
    (shown,) = await browser.answers(page.as_uri(), tmp_path, write)
    assert set(shown.split(",")) == {"band ROUTINE"}


def test_nothing_is_fetched(document, html):
    assert not all_of(document, "link", "iframe", "object", "form")
    sources = [a[key] for _, a in document.elements for key in ("src", "href") if key in a]
    assert all(source.startswith(("data:image/jpeg;base64,", "#")) for source in sources)
    assert "url(" not in html.read_text(encoding="utf-8")
    assert not any(key.startswith("on") for _, a in document.elements for key in a)


def test_it_says_what_the_pdf_says(text, pages):
    sections = [title for key, title in SECTIONS.items() if key not in ("summary", "other")]
    said = (*sections, *NAMES, RESEARCH_ONLY, "Tubes & lines", "the file ends early")
    assert [words for words in said if words not in text] == []
    figures = re.findall(r"\d\.\d{3}", " ".join(pages))
    assert set(figures) <= set(re.findall(r"\d\.\d{3}", text))


def test_no_word_claims_a_finding(text):
    said = text.replace(RESEARCH_ONLY, "").replace(WARNING, "")
    assert not re.search(r"positive|detected|diagnos", said, re.IGNORECASE)


def test_the_same_time_gives_the_same_bytes(results, html, tmp_path):
    again = write_html(results, tmp_path / "again.html", generated_at=MADE)
    assert again.read_bytes() == html.read_bytes()


def test_names_can_be_left_out(results, tmp_path):
    out = write_html(results, tmp_path / "r.html", generated_at=MADE, identify="none")
    assert "Kowalski" not in out.read_text(encoding="utf-8")


def test_its_colours_are_those_of_the_pdf(html):
    sheet = html.read_text(encoding="utf-8")
    for band, colour in BAND_COLOURS.items():
        assert f"--{band.value.lower()}: #{colour.hexval()[2:]};" in sheet
