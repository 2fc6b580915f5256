"""Headers read by many processes are those that one would read, in the same order."""

import os
import shutil
from functools import partial

import pytest

from sample_data.make_phantoms import STUDIES
from screener.reading import decode, folder, header, headers
from screener.reading.decode import Limits
from screener.reading.survey import survey
from screener.study import Outcome, Radiograph, Refusal

LIMITS = Limits()


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A folder of 150 files, and handfuls small enough that they are many."""
    monkeypatch.setattr(headers, "ALONE", 7)
    monkeypatch.setattr(headers, "HANDFUL", 11)
    for number in range(10):
        shutil.copytree(STUDIES, tmp_path / f"{number:02}")
    (tmp_path / "05" / ".hidden").write_text("skipped")
    (tmp_path / "06" / "notes.txt").write_text("refused")
    return tmp_path


def read_all(folders, workers):
    read = headers.read_all(folder.listed(folders), LIMITS, workers)
    return [one if isinstance(one, folder.SkippedFile) else one.unpacked for one in read]


def test_many_processes_read_what_one_reads_in_its_order(many):
    one = read_all([many], workers=1)
    two = read_all([many], workers=2)
    assert two == one
    assert {type(found) for found in two} == {Radiograph, Refusal, folder.SkippedFile}


def test_few_files_start_no_process(many, monkeypatch):
    monkeypatch.setattr(headers, "processes", None)  # would be called
    found = read_all([many / "01-none"], workers=2)
    assert len(found) == 1
    assert headers.read_all(iter(()), LIMITS, workers=2)
    assert list(headers.read_all(iter(()), LIMITS, workers=2)) == []


def dies_of(name):
    """Of a header with this name the process dies."""
    whole = header.read

    def read(found, *, max_pixels):
        if name in str(found.path):
            os._exit(9)
        return whole(found, max_pixels=max_pixels)

    return read


def test_a_file_that_ends_its_process_is_refused_alone(many, monkeypatch):
    expected = read_all([many], workers=1)
    bad = next(p for p in sorted((many / "07").rglob("*.dcm")) if "02-ground" in str(p))
    monkeypatch.setattr(headers.header, "read", dies_of(f"07/{bad.relative_to(many / '07')}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "context", forking)  # so that the workers have the patched reader
        found = read_all([many], workers=2)
    changed = [(a, b) for a, b in zip(found, expected, strict=True) if a != b]
    ((refusal, radiograph),) = changed
    assert (refusal.path, refusal.outcome) == (bad, Outcome.UNREADABLE)
    assert radiograph.path == bad


def forking():
    import multiprocessing

    return multiprocessing.get_context("fork")


def test_a_survey_that_is_stopped_ends_its_processes(many):
    stopped = []

    def stop():
        stopped.append(1)
        return len(stopped) > 30

    ended = []

    def surveyed():
        read = partial(headers.read_all, workers=2)
        ended.append((yield from survey([many], read=read, stop=stop)))

    list(surveyed())
    assert ended[0].found < 40
