"""Which radiographs are one study."""

from datetime import datetime
from pathlib import Path

import pytest

from screener.reading import grouping
from screener.study import Outcome, Projection, Radiograph, Refusal


def radiograph(key, name="", taken_at=None, patient="") -> Radiograph:
    return Radiograph(
        path=Path("/") / (name or key), study_key=key, patient_id=patient, patient_name="",
        accession="", taken_at=taken_at, patient_age=None, patient_sex="",
        projection=Projection.PA, photometric="L", transfer_syntax="png", rows=100, columns=100,
        bits_stored=8, size=1, mtime_ns=1,
    )  # fmt: skip


def keys(labels, mode="auto", refusals=()):
    found = [radiograph(label) for label in labels]
    return [study.key for study in grouping.group(found, refusals, mode).studies]


def test_dicom_goes_by_its_study_uid():
    found = [radiograph("1.2.3", "a"), radiograph("1.2.4", "b"), radiograph("1.2.3", "c")]
    studies = grouping.group(found, []).studies
    assert [study.key for study in studies] == ["1.2.3", "1.2.4"]
    assert [one.path.name for one in studies[0].radiographs] == ["a", "c"]


def test_a_folder_a_study_is_recognised():
    labels = ["root/p1/a.png", "root/p1/b.png", "root/p2/a.png"]
    assert keys(labels) == ["root/p1", "root/p2"]


def test_a_flat_folder_is_a_file_a_study():
    labels = ["root/a.png", "root/b.png"]
    assert keys(labels) == labels


def test_crowded_class_folders_are_a_file_a_study():
    labels = [f"root/normal/{number}.png" for number in range(7)] + ["root/covid/1.png"]
    assert keys(labels) == labels


def test_each_root_is_looked_at_by_itself():
    labels = ["flat/a.png", "tree/p1/a.png", "tree/p1/b.png"]
    assert keys(labels) == ["flat/a.png", "tree/p1"]


def test_mode_file_settles_it():
    labels = ["root/p1/a.png", "root/p1/b.png"]
    assert keys(labels, "file") == labels


def test_mode_folder_settles_it():
    labels = ["root/a.png", "root/b.png", "root/p1/a.png"]
    assert keys(labels, "folder") == ["root", "root/p1"]


def test_unknown_mode_is_an_error():
    with pytest.raises(ValueError, match="patient"):
        keys([], "patient")


def test_refusals_get_the_key_of_their_study():
    refusal = Refusal(Path("/b.png"), Outcome.UNREADABLE, "damaged", "root/p1/b.png")
    grouped = grouping.group([radiograph("root/p1/a.png")], [refusal])
    assert grouped.refusals[0].study_key == "root/p1"
    assert len(grouped.studies) == 1


def test_study_with_refusals_only_is_there_without_radiographs():
    refusal = Refusal(Path("/b.dcm"), Outcome.UNREADABLE, "damaged", "1.2.3")
    (study,) = grouping.group([], [refusal]).studies
    assert (study.key, study.radiographs) == ("1.2.3", ())


def test_refusals_that_belong_to_no_study_make_none():
    refusal = Refusal(Path("/b.txt"), Outcome.UNSUITABLE, "not a picture")
    assert grouping.group([], [refusal]).studies == []


def test_study_has_the_first_known_facts_and_the_earliest_time():
    early, late = datetime(2020, 1, 1), datetime(2020, 1, 2)
    found = [radiograph("1.2", "a", late), radiograph("1.2", "b", early, "ID")]
    (study,) = grouping.group(found, []).studies
    assert (study.patient_id, study.taken_at) == ("ID", early)
