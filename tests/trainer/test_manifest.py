"""Manifests: what is refused, and that validation is carved out by patient."""

from collections import Counter
from pathlib import Path

import pytest

from screener.errors import ConfigurationError
from trainer.manifest import (
    Entry,
    adopted,
    allowed,
    manifest_digest,
    read_manifest,
    read_manifests,
    select,
    speaks_of,
    with_validation,
    write_manifest,
)

HEADER = "image,label,patient_id,split,source\n"


def manifest(folder: Path, *rows: str, images: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    folder.mkdir(exist_ok=True)
    for name in images:
        (folder / name).touch()
    (folder / "manifest.csv").write_text(HEADER + "\n".join(rows), encoding="utf-8")
    return folder


def patients(n: int = 100) -> list[Entry]:
    """Two images a patient; every tenth patient has COVID-19."""
    return [
        Entry(Path(f"{i}-{k}.png"), "normal" if i % 10 else "covid19", f"p{i}", "train", "s")
        for i in range(n)
        for k in range(2)
    ]


def test_reads_images_relative_to_the_manifest(tmp_path):
    folder = manifest(tmp_path, "a.png,normal,p1,train,here")
    expected = Entry(tmp_path / "a.png", "normal", "p1", "train", "here", manifest=tmp_path)
    assert read_manifest(folder) == read_manifest(folder / "manifest.csv") == [expected]


def test_reports_every_error_at_once(tmp_path):
    folder = manifest(
        tmp_path,
        "a.png,influenza,p1,train,s",
        "b.png,normal,,dev,s",
        "lost.png,normal,p2,train,",
        "a.png,normal,p3,train,s",
    )
    with pytest.raises(ConfigurationError) as error:
        read_manifest(folder)
    for part in ("influenza", "no patient_id", "'dev'", "lost.png", "no source", "twice: line 5"):
        assert part in str(error.value)


def test_names_missing_columns(tmp_path):
    (tmp_path / "manifest.csv").write_text("image,label\na,b\n")
    with pytest.raises(ConfigurationError, match="patient_id, split, source"):
        read_manifest(tmp_path)


def test_other_labels_are_allowed_as_aux_only(tmp_path):
    folder = manifest(tmp_path, "a.png,pneumonia,p1,aux,s")
    assert select(read_manifest(folder), "aux")[0].label == "pneumonia"


def test_an_image_in_two_manifests_is_an_error(tmp_path):
    folder = manifest(tmp_path, "a.png,normal,p1,train,s")
    with pytest.raises(ConfigurationError, match="more than one manifest"):
        read_manifests([folder, folder / "manifest.csv"])


def test_what_is_written_is_read_back(tmp_path):
    (tmp_path / "a.png").touch()
    entries = [
        Entry(
            tmp_path / "a.png", "viral", "p", "val", "s", "AP", "CC0", 'a "b", c', manifest=tmp_path
        )
    ]
    write_manifest(tmp_path / "manifest.csv", entries)
    assert read_manifest(tmp_path) == entries


def test_digest_depends_on_labels_but_not_on_order():
    entries = patients()
    assert manifest_digest(entries) == manifest_digest(reversed(entries))
    assert manifest_digest(entries) != manifest_digest(entries[1:])


def test_validation_is_a_tenth_of_each_label_by_patient():
    made = with_validation(patients(), 0.1, seed=1)
    assert Counter(e.label for e in select(made, "val")) == {"normal": 18, "covid19": 2}
    in_train = {e.patient_id for e in select(made, "train")}
    assert in_train.isdisjoint(e.patient_id for e in select(made, "val"))


def test_validation_patients_depend_on_the_seed_and_not_on_the_order():
    def chosen(entries, seed):
        return {e.patient_id for e in select(with_validation(entries, 0.1, seed), "val")}

    assert chosen(patients(), 1) == chosen(patients()[::-1], 1) != chosen(patients(), 2)


def test_a_manifest_with_validation_is_left_alone():
    entries = [*patients(), Entry(Path("v.png"), "normal", "v", "val", "s")]
    assert with_validation(entries) == entries


def test_covidx_gets_a_validation_split_of_every_label(shared):
    entries = with_validation(read_manifest(shared / "covidx-v1"), 0.1, seed=0)
    counts = Counter(e.label for e in select(entries, "val"))
    assert min(counts.values()) >= 6
    assert 500 <= sum(counts.values()) <= 640
    assert len(select(entries, "test")) == 637


@pytest.mark.parametrize("spelling", ["cohen-70", "cohen:70", "Cohen_070", " cohen / 70 "])
def test_a_patient_is_one_however_spelt(spelling):
    assert Entry(Path("a"), "normal", spelling, "train", "s").person == "cohen:70"


def test_no_patient_learns_in_one_manifest_and_validates_in_another():
    first = [Entry(Path("a"), "covid19", "cohen-70", "train", "cohen", manifest=Path("one"))]
    second = [Entry(Path("b"), "covid19", "cohen:70", "val", "cohen", manifest=Path("two"))]
    assert [entry.split for entry in with_validation(first + second, 0)] == ["val", "val"]


def test_an_image_under_two_spellings_is_one_image(tmp_path):
    folder = manifest(tmp_path, "a.png,normal,p1,train,s", "./x/../a.png,normal,p2,train,s")
    (folder / "x").mkdir()
    with pytest.raises(ConfigurationError, match="listed twice"):
        read_manifest(folder)


def test_labels_of_less_detail_may_be_trained_on(tmp_path):
    folder = manifest(tmp_path, "a.png,pneumonia,p1,train,s", "b.png,abnormal,p2,val,s")
    assert [entry.label for entry in read_manifest(folder)] == ["pneumonia", "abnormal"]


def test_only_what_leaves_the_target_open_is_silent_about_it():
    assert allowed("pneumonia") == ("bacterial", "viral")
    spoken = [speaks_of(label, "covid19") for label in ("covid19", "not-covid", "abnormal", "flu")]
    assert spoken == [True, True, False, False]


def test_other_labels_are_learnt_as_a_recipe_says_and_validated_by_patient():
    aux = [Entry(Path(f"{i}"), "pneumonia", f"p{i}", "aux", "nih") for i in range(20)]
    taken = adopted(
        [*aux, Entry(Path("t"), "other", "q", "aux", "tb")], {"nih pneumonia": "abnormal"}
    )
    assert Counter((e.label, e.split) for e in taken) == {
        ("abnormal", "train"): 20,
        ("other", "aux"): 1,
    }
    held = Entry(Path("v"), "normal", "v", "val", "nih")
    split = Counter((e.label, e.split) for e in with_validation([*taken, held], 0.1))
    assert split["abnormal", "val"] == 2


def test_many_bad_rows_are_a_line_a_kind_with_their_count(tmp_path):
    rows = [f"{'x' * 500}{n}.png,{'y' * 500}{n},,split{n},ward" for n in range(3000)]
    header = "image,label,patient_id,split,source"
    (tmp_path / "manifest.csv").write_text("\n".join([header, *rows, *rows[:9]]))
    with pytest.raises(ConfigurationError) as caught:
        read_manifest(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4  # split, patient, missing, twice
    assert len(str(caught.value)) < 4000
    assert "3009 rows, line 2" in lines[0]
    assert lines[0].endswith("and 3001 more")


def test_an_empty_manifest_is_told_in_one_line(tmp_path):
    (tmp_path / "manifest.csv").touch()
    with pytest.raises(ConfigurationError, match=r"^\S+manifest\.csv: lacks the columns image"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("place", ["../away/a.png", "{away}/a.png", "sub/../../away/a.png"])
def test_a_manifest_may_point_outside_its_folder_only_when_told(tmp_path, monkeypatch, place):
    away, own = tmp_path / "away", tmp_path / "own"
    for folder in (away, own / "sub"):
        folder.mkdir(parents=True)
    (away / "a.png").write_bytes(b"x")
    image = place.format(away=away)
    rows = f"image,label,patient_id,split,source\n{image},normal,1,train,s\n"
    (own / "manifest.csv").write_text(rows)
    with pytest.raises(ConfigurationError, match=r"outside the manifest.s folder.*TRAINER_IMAGES"):
        read_manifest(own)
    monkeypatch.setenv("TRAINER_IMAGES", str(away))
    assert len(read_manifest(own)) == 1


def test_a_link_inside_a_dataset_was_laid_there_by_its_owner(tmp_path):
    away, own = tmp_path / "away", tmp_path / "own"
    away.mkdir()
    own.mkdir()
    (away / "a.png").write_bytes(b"x")
    (own / "images").symlink_to(away, target_is_directory=True)
    rows = "image,label,patient_id,split,source\nimages/a.png,normal,1,train,s\n"
    (own / "manifest.csv").write_text(rows)
    assert len(read_manifest(own)) == 1


def test_a_full_disk_leaves_the_old_manifest(tmp_path, little_room):
    folder = manifest(tmp_path / "m", "a.png,normal,1,train,s", "b.png,viral,2,test,s")
    entries = read_manifest(folder)
    with little_room(60), pytest.raises(OSError, match="too large"):
        write_manifest(folder / "manifest.csv", entries)
    assert read_manifest(folder) == entries


def test_a_name_that_no_file_can_have_is_a_missing_image(tmp_path):
    with pytest.raises(ConfigurationError, match="image file missing: line 2"):
        read_manifest(manifest(tmp_path / "m", "\0a.png,normal,1,train,s"))
