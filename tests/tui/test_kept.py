"""Filters that are kept: a text file, whole at every moment."""

import pytest

from screener.errors import StoreError
from screener.tui.kept import MOST, Kept


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "config" / "filters.txt")


def test_nothing_is_kept_at_first(kept):
    assert kept.lines() == []


def test_each_is_kept_once_the_newest_last(kept):
    for line in ("a", "b", "a"):
        kept.keep(line)
    assert kept.lines() == ["b", "a"]
    kept.drop("b")
    assert kept.path.read_text() == "a\n"


def test_the_oldest_goes_first(kept):
    for number in range(MOST + 1):
        kept.keep(f"age:{number}")
    assert kept.lines() == [f"age:{number}" for number in range(1, MOST + 1)]


def test_a_file_that_cannot_be_read_is_said(kept):
    kept.path.parent.mkdir()
    kept.path.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="correct or remove it"):
        kept.lines()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"is not kept|cannot be read"):
        Kept(tmp_path / "file" / "filters.txt").keep("a")
