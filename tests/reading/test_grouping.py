"""Which radiographs are one study."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from screener.reading.gathered import Gathered, Packed
from screener.reading.grouping import GroupBy, in_clear
from screener.study import Outcome, Patient, Projection, Radiograph, Refusal


def radiograph(key, name="", taken_at=None, patient="") -> Radiograph:
    return Radiograph(
        path=Path("/") / (name or key), study_key=key, patient_id=patient, patient_name="",
        accession="", taken_at=taken_at, patient_age=None, patient_sex="",
        projection=Projection.PA, photometric="L", transfer_syntax="png", rows=100, columns=100,
        bits_stored=8, size=1, mtime_ns=1,
    )  # fmt: skip


def group(radiographs, refusals=(), mode="auto", named=in_clear):
    """Studies and refusals of what was found."""
    gathered = Gathered()
    for one in [*radiographs, *refusals]:
        gathered.add(Packed.of(one))
    gathered.make_studies(GroupBy(mode), named)
    return list(gathered.studies), list(gathered.refusals)


def keys(labels, mode="auto", refusals=()):
    found = [radiograph(label) for label in labels]
    return [study.key for study in group(found, refusals, mode)[0]]


def test_dicom_goes_by_its_study_uid():
    found = [radiograph("1.2.3", "a"), radiograph("1.2.4", "b"), radiograph("1.2.3", "c")]
    studies = group(found)[0]
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
    studies, (refused,) = group([radiograph("root/p1/a.png")], [refusal])
    assert refused.study_key == "root/p1"
    assert len(studies) == 1


def test_study_with_refusals_only_is_there_without_radiographs():
    refusal = Refusal(Path("/b.dcm"), Outcome.UNREADABLE, "damaged", "1.2.3")
    ((study,), _) = group([], [refusal])
    assert (study.key, study.radiographs) == ("1.2.3", ())


def test_refusals_that_belong_to_no_study_make_none():
    refusal = Refusal(Path("/b.txt"), Outcome.UNSUITABLE, "not a picture")
    assert group([], [refusal]) == ([], [refusal])


def test_study_has_the_first_known_facts_and_the_earliest_time():
    early, late = datetime(2020, 1, 1), datetime(2020, 1, 2)
    found = [radiograph("1.2", "a", late), radiograph("1.2", "b", early, "ID")]
    (study,) = group(found)[0]
    assert (study.patient_id, study.taken_at) == ("ID", early)


def film(uid, name, patient, age=None, **facts):
    return replace(
        radiograph(uid, name, patient=patient),
        patient_age=age,
        patient_name=f"N^{patient}",
        **facts,
    )


@pytest.mark.parametrize("uid", ["1.2.3", "root/p1/a.dcm"])
def test_a_study_of_two_patients_is_two(uid):
    found = [film(uid, "a", "A", 45.0), film(uid, "b", "B", 9.0)]
    one, other = group(found, [], "folder")[0]
    assert [(s.patient_id, s.patient_name, s.age) for s in (one, other)] == [
        ("A", "N^A", 45.0), ("B", "N^B", 9.0),
    ]  # fmt: skip
    assert one.key != other.key


def test_the_key_of_a_patients_study_does_not_depend_on_who_else_is_found():
    alone = group([film("1.2.3", "a", "A")])[0][0].key
    found = [film("1.2.3", "b", "B"), film("1.2.3", "a", "A")]
    assert group(found)[0][1].key == alone


def test_a_refused_file_goes_to_the_study_of_its_patient():
    refusal = Refusal(Path("/c"), Outcome.UNSUITABLE, "lateral", "1.2.3", patient=Patient("B"))
    found = [film("1.2.3", "a", "A"), film("1.2.3", "b", "B")]
    studies, (refused,) = group(found, [refusal])
    assert refused.study_key == studies[1].key
    assert refused.patient is None


def test_the_youngest_counts_whichever_file_says_it():
    """A refused lateral too; a child must not be lost."""
    refusal = Refusal(
        Path("/c"), Outcome.UNSUITABLE, "lateral", "1.2.3", patient=Patient("A", age=9.0)
    )
    ((study,), _) = group([film("1.2.3", "a", "A", 45.0), film("1.2.3", "b", "A")], [refusal])
    assert study.age == 9.0


def test_two_hospitals_patients_of_one_number_are_two():
    found = [film("1.2.3", name, "4711", issuer=name) for name in ("a", "b")]
    one, other = group(found)[0]
    assert one.person != other.person


def test_a_study_is_called_what_the_caller_says():
    ((study,), _) = group([film("1.2.3", "a", "A")], named=lambda uid, who: f"{who}@{uid}")
    assert study.key == study.radiographs[0].study_key == "A@1.2.3"
