"""Labels from outside find their studies, and no row is guessed or lost."""

import re

import pytest

from sample_data.results import build_results
from screener.errors import ConfigurationError
from screener.results import evidence, labels
from screener.results.store import Store
from screener.results.worklist import Worklist


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return build_results(tmp_path_factory.mktemp("labels") / "results", 30, identify="id")


@pytest.fixture
def read(results, tmp_path):
    def reading(text, encoding="utf-8"):
        path = tmp_path / "pcr.csv"
        path.write_bytes(text.encode(encoding))
        with Store.reading(results) as store:
            return labels.read(path, store)

    return reading


KEY = "1.2.826.0.1.3680043.8.498.{:07d}"


def test_by_accession_key_and_file(read, results):
    assert read("accession,result\nACC000003,positive\n").suspicious == {KEY.format(4): True}
    assert read(f"study,label\n{KEY.format(4)},0\n").suspicious == {KEY.format(4): False}
    with Store.reading(results) as store:
        path = Worklist(store).study(KEY.format(4)).radiographs[0].path
    assert read(f"file,label\n{path},yes\n").suspicious == {KEY.format(4): True}


def test_semicolons_a_mark_of_order_and_other_columns(read):
    text = "\ufeffName;Accession Number;Result\nx;ACC000003;NEG\n".replace(" N", "_N")
    assert read(text).suspicious == {KEY.format(4): False}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("ACC999999,positive", "line 2: ACC999999: no study has this accession"),
        ("ACC000003,pending", "line 2: ACC000003: pending is neither yes nor no"),
        (",positive", r"line 2: \(empty\): no study"),
        ("ACC000003", "line 2: ACC000003: nothing is neither"),
    ],
)
def test_a_row_that_fits_no_study_is_named(read, row, why):
    found = read(f"accession,label\n{row}\n")
    assert found.suspicious == {}
    assert len(found.unmatched) == 1
    assert re.match(why, found.unmatched[0])


def test_a_patient_with_two_studies_is_not_guessed(read, results):
    with Store.reading(results) as store:
        pseudonym = Worklist(store).study(KEY.format(1)).row.pseudonym
    found = read(f"pseudonym,label\n{pseudonym},1\n")
    assert found.unmatched == (
        f"line 2: {pseudonym}: 2 studies have this pseudonym; give the study key",
    )


def test_yes_and_no_of_one_study_cancel(read):
    found = read("accession,label\nACC000003,1\nACC000003,0\n")
    assert found.suspicious == {}
    assert "both yes and no" in found.unmatched[0]


def test_accessions_that_were_not_kept_are_explained(tmp_path):
    folder = build_results(tmp_path / "results", 3)
    path = tmp_path / "pcr.csv"
    path.write_text("accession,label\nACC000001,1\n")
    with Store.reading(folder) as store:
        assert "--identify id" in labels.read(path, store).unmatched[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "needs a first line"),
        ("a,b\n1,2\n", "needs a first line"),
        ("accession\nACC1\n", "needs a first line"),
    ],
)
def test_a_file_that_is_none_is_refused(read, text, why):
    with pytest.raises(ConfigurationError, match=why):
        read(text)


def test_another_encoding_is_refused(read):
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read("accession,label\nŁ,1\n", "iso8859-2")


def test_labels_of_studies_without_a_score_are_counted(read, results):
    found = read(f"study,label\n{KEY.format(12)},1\n{KEY.format(4)},1\n")
    with Store.reading(results) as store:
        known = evidence.of_labels(store, found, Worklist(store).card().thresholds)
    assert known.suspicious == {KEY.format(4): 1}
    assert known.gone == 1
