"""``screener report``."""

import pytest
from pypdf import PdfReader

from sample_data.results import build_results
from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("results"), studies=12)


def test_it_prints_the_file_it_wrote(folder, capsys):
    assert run(screener, "screener", ["report", str(folder)]) == ExitCode.DONE
    assert capsys.readouterr().out.strip() == str(folder / "report.pdf")
    assert PdfReader(folder / "report.pdf").pages


def test_source_date_epoch_is_the_time_of_the_report(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        run(screener, "screener", ["report", str(folder), "-o", str(file), "--paper", "letter"])
    assert files[0].read_bytes() == files[1].read_bytes()
    assert PdfReader(files[0]).metadata.creation_date.timestamp() == 1_700_000_000


def test_a_bad_source_date_epoch_is_named(folder, monkeypatch, capsys):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert run(screener, "screener", ["report", str(folder)]) == ExitCode.USAGE
    assert "SOURCE_DATE_EPOCH is 'yesterday'" in capsys.readouterr().err


def test_a_folder_without_results_is_a_usage_error(tmp_path, capsys):
    assert run(screener, "screener", ["report", str(tmp_path)]) == ExitCode.USAGE
    assert "no results here" in capsys.readouterr().err
