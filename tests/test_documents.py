import re
import runpy

from screener.config import SETTINGS
from screener.results.export import CSV_COLUMNS
from tests.conftest import REPOSITORY

RESULTS = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")


def test_every_column_of_the_csv_is_documented():
    assert [column for column in CSV_COLUMNS if f"`{column}`" not in RESULTS] == []


def test_every_setting_says_what_it_is():
    assert all(setting.about for setting in SETTINGS)


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
