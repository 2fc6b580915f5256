import csv
import io
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sample_data.results import DIGEST, build_results, wait
from screener.errors import StoreError
from screener.lungs import LungOutline
from screener.results import export
from screener.results.files import atomically
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import RESEARCH_ONLY, Outcome, Proof, Refusal
from tests.conftest import posix_only


@pytest.fixture
def worklist(tmp_path):
    with Store.open(build_results(tmp_path / "results", studies=30)) as store:
        yield Worklist(store)


def written(write, worklist: Worklist, wanted: Filter = Filter()) -> bytes:  # noqa: B008
    stream = io.BytesIO()
    write(worklist, stream, wanted)
    return stream.getvalue()


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8", "surrogateescape"))))


def test_the_document_has_the_published_schema(worklist):
    document = json.loads(written(export.write_json, worklist))
    assert list(document) == [
        "schema", "weights", "thresholds", "adopted", "counts", "studies", "refusals", "waiting",
    ]  # fmt: skip
    assert document["thresholds"] == {"PRIORITY": 0.6, "ELEVATED": 0.25}
    assert document["adopted"] is None
    assert document["schema"] == 1
    assert document["weights"] == {"name": "covid-resnet50", "digest": DIGEST}
    assert list(document["counts"]) == [
        "found", "scored", "unsuitable", "not_a_chest_radiograph", "unreadable", "not_attempted",
        "gone", "waiting", "studies",
    ]  # fmt: skip
    study = next(one for one in document["studies"] if one["rank"] == 1)
    groups = [one["group"] for one in document["studies"]]
    order = ["could not be scored", "ranking", "not a chest radiograph"]
    assert groups == sorted(groups, key=order.index)
    assert {"could not be scored", "ranking"} <= {*groups}
    assert [one["group"] for one in document["refusals"]] == sorted(
        one["group"] for one in document["refusals"]
    )
    assert list(study) == [
        "rank", "study", "patient", "band", "group", "reason", "gone", "score", "label",
        "probabilities", "marks", "radiographs",
    ]  # fmt: skip
    assert list(study["probabilities"]) == ["normal", "bacterial", "viral", "covid19"]
    assert list(study["radiographs"][0]) == [
        "path", "digest", "projection", "probabilities", "spread", "map", "lungs",
    ]  # fmt: skip
    assert list(study["radiographs"][0]["map"]) == ["proof", "said"]
    assert list(study["radiographs"][0]["map"]["proof"]) == ["whole", "hidden", "moved", "holds"]
    assert list(document["refusals"][0]) == ["path", "outcome", "reason", "group", "gone"]


def test_maps_are_rows_of_numbers_from_zero_to_one(worklist):
    content = io.BytesIO()
    export.write_json(worklist, content, maps=True)
    study = json.loads(content.getvalue())["studies"][-1]
    found = study["radiographs"][0]["map"]["rows"]
    assert [len(row) for row in found] == [10] * 10
    assert min(map(min, found)) >= 0
    assert max(map(max, found)) == 1


def test_lungs_have_their_outline_where_maps_are_wanted(worklist):
    [scored, *_] = worklist.radiographs(next(r.key for r in worklist.rows() if r.score))
    outline = LungOutline((((0.1, 0.2), (0.4, 0.2)),), 0.95, (), 0.7)
    film = replace(scored, lungs=outline)
    said = {"confidence": 0.95, "map_inside": 0.7}
    assert export.lungs_json(scored, whole=True) is None
    assert export.lungs_json(film, whole=False) == said
    assert export.lungs_json(film, whole=True) == {**said, "outline": outline.polygons}


@pytest.mark.parametrize("proof", [None, Proof(0.9, 0.95, 0.8)])
def test_a_map_that_is_not_drawn_has_no_share_inside_the_lungs(worklist, proof):
    [scored, *_] = worklist.radiographs(next(r.key for r in worklist.rows() if r.score))
    outline = LungOutline((((0.1, 0.2), (0.4, 0.2)),), 0.95, (), 0.7)
    failing = replace(scored.activation, proof=proof)
    film = replace(scored, activation=failing, lungs=outline)
    assert export.lungs_json(film, whole=False) == {"confidence": 0.95, "map_inside": None}


def test_the_csv_has_the_proof_of_the_deciding_radiograph(worklist):
    row = next(row for row in csv_rows(written(export.write_csv, worklist)) if row["score"])
    whole, _, moved = map(float, row["map_proof"].split())
    assert whole == pytest.approx(float(row["score"]), abs=1e-4)
    assert moved == pytest.approx(0.9 * whole, abs=1e-4)


def test_found_is_scored_and_refusals(worklist):
    document = json.loads(written(export.write_json, worklist))
    scored = sum(len(study["radiographs"]) for study in document["studies"])
    assert document["counts"]["scored"] == scored
    assert document["counts"]["found"] == scored + len(document["refusals"])


def test_an_empty_store_is_a_valid_document(tmp_path):
    with Store.open(build_results(tmp_path, studies=0)) as store:
        document = json.loads(written(export.write_json, Worklist(store)))
    assert (document["studies"], document["refusals"]) == ([], [])


def test_csv_has_a_row_for_each_study_and_each_refusal(worklist):
    rows = csv_rows(written(export.write_csv, worklist))
    assert tuple(rows[0]) == export.CSV_COLUMNS
    assert sum(row["kind"] == "study" for row in rows) == 30
    assert sum(row["kind"] == "refusal" for row in rows) == len(list(worklist.refusals()))
    assert {row["note"] for row in rows} == {RESEARCH_ONLY}


def test_what_is_not_scored_yet_is_in_every_format_and_is_no_refusal(worklist):
    before = len(list(worklist.refusals()))
    wait(worklist.store, "9.9")
    document = json.loads(written(export.write_json, worklist))
    last = {"path": "/waits/9.9.dcm", "outcome": "waiting", "reason": "not scored yet"}
    last |= {"group": "not scored yet", "gone": False}
    assert document["waiting"] == [last]
    assert len(document["refusals"]) == before
    assert document["counts"]["waiting"] == 1
    assert (document["studies"][-1]["study"], document["studies"][-1]["band"]) == ("9.9", "WAITING")
    rows = csv_rows(written(export.write_csv, worklist))
    study, row = (found for found in rows if found["study"] == "9.9")
    assert (study["kind"], study["waiting"]) == ("study", "1")
    assert (row["kind"], row["path"], row["outcome"]) == ("waiting", "/waits/9.9.dcm", "waiting")
    lines = [json.loads(line) for line in written(export.write_jsonl, worklist).splitlines()]
    assert lines[-1] == {"type": "waiting", **last}


def test_csv_keeps_scores_exactly(worklist):
    rows = csv_rows(written(export.write_csv, worklist))
    scores = {row["study"]: row["score"] for row in rows if row["kind"] == "study"}
    for row in worklist.rows():
        assert scores[row.key] == ("" if row.score is None else repr(row.score))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_spreadsheet_runs_no_formula(worklist, text):
    worklist.store.put_refusals([Refusal(Path("/x"), Outcome.UNREADABLE, text)])
    rows = csv_rows(written(export.write_csv, worklist))
    assert [row["reason"] for row in rows if row["path"] == "/x"] == [f"'{text}"]


@pytest.mark.parametrize("write", [export.write_csv, export.write_json])
def test_a_path_that_is_no_text_survives(worklist, write):
    path = b"/data/caf\xe9.dcm"
    refusal = Refusal(Path(os.fsdecode(path)), Outcome.UNREADABLE, "empty")
    worklist.store.put_refusals([refusal])
    content = written(write, worklist)
    if write is export.write_csv:
        found = [row["path"] for row in csv_rows(content)]
    else:
        found = [refusal["path"] for refusal in json.loads(content)["refusals"]]
    assert path in map(os.fsencode, found)


def test_json_lines_say_the_same(worklist):
    lines = [json.loads(line) for line in written(export.write_jsonl, worklist).splitlines()]
    document = json.loads(written(export.WRITERS["json"], worklist))
    assert lines[0]["counts"] == document["counts"]
    assert [{"type": "study", **s} for s in document["studies"]] == lines[1:31]
    assert [{"type": "refusal", **r} for r in document["refusals"]] == lines[31:]


def test_exports_carry_the_verdicts(worklist):
    document = json.loads(written(export.WRITERS["json"], worklist))
    verdicts = {s["study"]: s["review"]["verdict"] for s in document["studies"] if s["review"]}
    assert verdicts == {row.key: row.verdict for row in worklist.rows(Filter(review="reviewed"))}


def test_a_file_takes_its_place_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")
    with suppress(ZeroDivisionError), atomically(path) as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@posix_only
def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomically(pipe) as stream:
        stream.write(b"whole")
    assert os.read(reader, 100) == b"whole"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="another place"), atomically(tmp_path / "no" / "f"):
        pass


def test_a_scan_ends_with_both_files(worklist, tmp_path):
    export.write_worklist(worklist, tmp_path)
    assert (tmp_path / "worklist.json").read_bytes() == written(export.write_json, worklist)
    assert (tmp_path / "worklist.csv").read_bytes() == written(export.write_csv, worklist)
