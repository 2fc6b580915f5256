from screener.config import SETTINGS
from screener.results.export import CSV_COLUMNS
from tests.conftest import REPOSITORY

RESULTS = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")


def test_every_column_of_the_csv_is_documented():
    assert [column for column in CSV_COLUMNS if f"`{column}`" not in RESULTS] == []


def test_every_setting_says_what_it_is():
    assert all(setting.about for setting in SETTINGS)
