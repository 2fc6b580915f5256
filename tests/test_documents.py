import re
import runpy
from dataclasses import replace

import pytest

from sample_data.results import make_rates
from screener.card import load_card
from screener.config import SETTINGS
from screener.network.weights import bundled
from screener.results.export import CSV_COLUMNS
from tests.conftest import REPOSITORY

RESULTS = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")


def test_every_column_of_the_csv_is_documented():
    assert [column for column in CSV_COLUMNS if f"`{column}`" not in RESULTS] == []


def test_every_setting_says_what_it_is():
    assert all(setting.about for setting in SETTINGS)


def test_the_conformance_statement_is_what_the_program_does():
    pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")
    page = REPOSITORY / "docs" / "conformance.md"
    rendered = runpy.run_path(str(REPOSITORY / "docs" / "make_conformance.py"))["rendered"]()
    assert page.read_text(encoding="utf-8") == rendered, "renew it with: make docs"


def test_the_page_of_commands_is_what_the_programs_say():
    page = REPOSITORY / "docs" / "commands.md"
    rendered = runpy.run_path(str(REPOSITORY / "docs" / "make_commands.py"))["rendered"]()
    assert page.read_text(encoding="utf-8") == rendered, "renew it with: make docs"


def test_the_page_of_commands_knows_no_settings(monkeypatch):
    monkeypatch.setenv("SCREENER_RESULTS", "elsewhere")
    monkeypatch.setenv("SCREENER_DEVICE", "nonsense")
    rendered = runpy.run_path(str(REPOSITORY / "docs" / "make_commands.py"))["rendered"]()
    assert "elsewhere" not in rendered
    assert "[default: screening]" in rendered


def test_pages_give_the_rates_of_the_bundled_weights_as_their_cards_do():
    program = runpy.run_path(str(REPOSITORY / "docs" / "make_rates.py"))
    for page in program["PAGES"]:
        text = page.read_text(encoding="utf-8")
        assert program["PART"].search(text)
        assert program["renewed"](text) == text, "renew it with: make docs"


def test_pages_give_what_reaches_each_band_before_what_it_was_measured_on():
    lines = runpy.run_path(str(REPOSITORY / "docs" / "make_rates.py"))["lines"]
    card = load_card(bundled("covid-lite"))
    unseen = card.metrics["unseen"] | make_rates()
    said = "\n".join(lines(replace(card, metrics={"unseen": unseen})))
    row = "| tuberculosis | 200 | 40 % (35 to 45) | 70 % (65 to 75) |"
    places = [said.index(words) for words in (row, "| 124 of 200 |", "leaving sources out")]
    assert places == sorted(places)


def test_the_tree_for_contributors_names_every_room():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for package in ("screener", "trainer"):
        below = re.split(r"\n {4}(?=\w)", text.partition(f"    {package}/\n")[2])[0]
        tree = set(re.findall(r"^ {6}(\w+)/ ", below, re.MULTILINE))
        folders = {
            path.name
            for path in (REPOSITORY / package).iterdir()
            if path.is_dir() and not path.name.startswith("_")
        }
        assert tree == folders
