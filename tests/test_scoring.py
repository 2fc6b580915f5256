"""Scores for programs: those of a scan, and nothing left behind."""

import json
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

import screener
from screener.plan import Settings
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import scan
from tests.conftest import REPOSITORY

EXAMPLES = re.findall(
    r"```python\n(.*?)```", (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8"), re.S
)


@pytest.fixture(scope="module")
def kept(phantoms, weights, tmp_path_factory):
    """A results folder, and what scoring into it gave."""
    folder = tmp_path_factory.mktemp("kept")
    return folder, list(screener.score(phantoms, weights=weights, results=folder))


def test_a_program_gets_the_scores_and_refusals_of_a_scan(kept, phantoms, weights, tmp_path):
    list(scan(Settings((phantoms,), tmp_path, weights), lambda: False))
    with Store.reading(tmp_path) as store:
        worklist = Worklist(store)
        scanned = {row.path: row.probabilities for _, row in worklist.files()}
        refused = {(one.path, one.outcome, one.reason) for one in worklist.refusals()}
    found = kept[1]
    scores = [one for one in found if isinstance(one, screener.RadiographScore)]
    refusals = [one for one in found if isinstance(one, screener.Refusal)]
    assert {one.radiograph.path: one.probabilities for one in scores} == scanned
    assert {(one.path, one.outcome, one.reason) for one in refusals} == refused
    assert (len(scores), len(refusals)) == (14, 3)


def test_the_score_is_the_share_of_the_target_label(kept):
    score = next(one for one in kept[1] if isinstance(one, screener.RadiographScore))
    assert score.score == score.probabilities[3]


def test_nothing_is_kept_unless_a_folder_is_given(phantoms, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    film = phantoms / "01-clear" / "pa.dcm"
    (one,) = screener.score([film], weights=weights, guard=False)
    assert isinstance(one, screener.RadiographScore)
    assert list(tmp_path.glob("screener-*")) == []


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(screener.ScreenerError, match="nowhere: there is no such file or folder"):
        next(screener.score(tmp_path / "nowhere"))


def test_every_public_name_is_there_and_in_the_stub():
    stub = (REPOSITORY / "screener" / "__init__.pyi").read_text(encoding="utf-8")
    told = set(re.findall(r" as (\w+)$|^(\w+):", stub, re.MULTILINE))
    assert {first or second for first, second in told} == set(screener.__all__)
    assert all(getattr(screener, name) for name in screener.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = screener.nothing


@pytest.mark.parametrize("first", ["screener.results", "screener.results.store", "screener"])
def test_results_can_be_called_whatever_was_imported_before(first, kept):
    program = (
        f"import {first}, screener; print(len(list(screener.results({str(kept[0])!r}).studies())))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "15\n"


LOADED = """
import sys
before = set(sys.modules)
import json, screener
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_package_alone_loads_nothing():
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", LOADED], text=True))
    assert [name for name in loaded if name.startswith("screener")] == ["screener"]


@pytest.mark.parametrize(
    ("example", "said"),
    zip(
        EXAMPLES,
        [
            "studies/05-two-views/lateral.dcm a lateral view",
            "pa.dcm no proven map",
            "ROUTINE     13",
        ],
        strict=True,
    ),
    ids=["score", "results", "pandas"],
)
def test_the_examples_run(example, said, kept, phantoms, tmp_path):
    if "to_pandas" in example:
        pytest.importorskip("pandas")
    shutil.copytree(kept[0], tmp_path / "screening")
    (tmp_path / "studies").symlink_to(phantoms)
    (tmp_path / "example.py").write_text(example)
    run = [sys.executable, "example.py"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_the_engine_can_be_chosen(phantoms):
    pytest.importorskip("onnxruntime")
    film = phantoms / "01-clear" / "pa.dcm"
    one, other = (
        next(screener.score(film, weights="covid-lite", guard=False, engine=engine))
        for engine in ("onnx", "torch")
    )
    assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
    with pytest.raises(screener.ScreenerError, match="--engine abacus: unknown"):
        next(screener.score(film, engine="abacus"))
