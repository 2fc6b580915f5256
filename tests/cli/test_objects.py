"""Results as DICOM objects, from the command line."""

import shutil
import sys
from pathlib import Path

import pytest

from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run

pytest.importorskip("highdicom", reason="the extra 'pacs' is not installed")


def call(*words):
    return run(screener, "screener", [str(word) for word in words])


@pytest.fixture(scope="module")
def results(phantoms, tmp_path_factory):
    place = tmp_path_factory.mktemp("scan")
    for name in ("01-clear", "05-two-views", "14-png-eight-bit"):
        shutil.copytree(phantoms / name, place / "films" / name)
    code = call("scan", place / "films", "-o", place / "out", "--no-report", "--dicom")
    assert code == ExitCode.REFUSALS
    return place / "out"


def names(folder):
    return sorted(path.name[:2] for path in folder.rglob("*.dcm"))


def test_a_scan_writes_them_among_its_results(results):
    assert names(results / "dicom") == ["SC", "SC", "SR", "SR"]


def test_a_scan_of_that_folder_passes_over_them(results, capsys):
    assert call("scan", results.parent, "-o", results, "--dry-run") == ExitCode.DONE
    assert "SR-" not in capsys.readouterr().out


def test_an_export_says_what_it_wrote_and_left_out(results, tmp_path, capsys):
    assert call("export", "--format", "dicom", results, "-o", tmp_path / "d") == ExitCode.REFUSALS
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'd'}\n"
    left, summary = err.splitlines()
    assert left.endswith("film.png: not a DICOM file; there is no DICOM study to put a result into")
    assert summary == "4 new DICOM objects, 0 that were there; 2 studies"
    assert call("export", "--format", "dicom", results, "-o", tmp_path / "d") == ExitCode.REFUSALS
    assert "0 new DICOM objects, 4 that were there; 2 studies" in capsys.readouterr().err


def test_folders_and_files_are_for_their_owner_alone(results):
    for path in (results / "dicom", *(results / "dicom").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_file_is_no_place_for_them(results, tmp_path, capsys):
    (tmp_path / "file").touch()
    code = call("export", "--format", "dicom", results, "-o", tmp_path / "file")
    assert code == ExitCode.USAGE
    assert "file: a file, where a folder is wanted" in capsys.readouterr().err


def test_a_folder_is_no_place_for_a_file(results, tmp_path, capsys):
    assert call("export", results, "-o", tmp_path) == ExitCode.USAGE
    assert "is a directory" in capsys.readouterr().err


def test_a_full_disk_is_told_and_leaves_no_half_object(results, tmp_path, little_room, capsys):
    with little_room(200_000):
        code = call("export", "--format", "dicom", results, "-o", tmp_path / "d")
    assert code == ExitCode.FAILED
    assert "make room" in capsys.readouterr().err
    assert not list((tmp_path / "d").rglob("*.unfinished"))


@pytest.mark.parametrize("words", [("export", "--format", "dicom"), ("scan", "films", "--dicom")])
def test_without_the_extra_it_says_so_before_any_work(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("films").mkdir()
    monkeypatch.setattr("screener.pacs.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert call(*words) == ExitCode.USAGE
    assert "pip install 'covid-resnet-screener[pacs]'" in capsys.readouterr().err
    assert not Path("screening").exists()
