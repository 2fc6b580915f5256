"""Importers on tiny copies of the original layouts, made of noise."""

import hashlib
import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from screener.errors import ConfigurationError
from screener.program import run
from tests.conftest import posix_only
from trainer.cli.main import trainer
from trainer.fitting import decoding
from trainer.importers import cohen, covidx, folders, kermany
from trainer.importers import prepare as importing
from trainer.importers.found import Import
from trainer.importers.prepare import prepare
from trainer.manifest import Entry, read_manifest, select

HEADER = "Patientid,offset,sex,age,finding,survival,view,date,location,filename,doi, url,license\n"


def picture(path: Path, like: str = "") -> Path:
    """Smooth noise that depends on the name, or is the noise of another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int(hashlib.sha256((like or path.name).encode()).hexdigest()[:8], 16)
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9), dtype=np.uint8)
    Image.fromarray(noise).resize((96, 80), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def chest_xray(tmp_path) -> Path:
    for name in (
        "train/NORMAL/IM-0115-0001.jpeg",
        "val/NORMAL/NORMAL2-IM-1427-0001.jpeg",
        "test/NORMAL/IM-0001-0001.jpeg",
        "train/PNEUMONIA/person1_bacteria_2.jpeg",
        "test/PNEUMONIA/person1_virus_6.jpeg",
    ):
        picture(tmp_path / "kermany" / "chest_xray" / name)
    return tmp_path / "kermany"


@pytest.fixture
def checkout(tmp_path) -> Path:
    root = tmp_path / "cohen"
    rows = [
        ("2", "COVID-19", "PA", "covid.jpeg"),
        ("2", "COVID-19", "L", "lateral.jpeg"),
        ("3", "SARS", "AP Supine", "sars.png"),
        ("4", "ARDS", "PA", "ards.png"),
        ("5", "Pneumonia", "PA", "unknown.png"),
        ("6", "No Finding", "PA", "lost.png"),
    ]
    lines = [f"{who},0,M,60,{what},Y,{view},2020,,{name},,," for who, what, view, name in rows]
    for *_, name in rows[:-1]:
        picture(root / "images" / name)
    (root / "metadata.csv").write_text(HEADER + "\n".join(lines) + "\n")
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("0123abcd\n")
    return root


@pytest.fixture
def lists(tmp_path) -> Path:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "train_split_v1.txt").write_text(
        "10000115 IM-0115-0001.jpeg normal\n"
        "10001427 NORMAL2-IM-1427-0001.jpeg normal\n"
        "10001 person1_bacteria_2.jpeg bacteria\n"
        "2 covid.jpg COVID-19\n"
    )
    (folder / "test_split.txt").write_text(
        "10000001 IM-0001-0001.jpeg normal\n3 sars.png bacteria\n7 gone.png COVID-19\n"
    )
    return folder


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("IM-0115-0001.jpeg", ("normal", "kermany-n0115")),
        ("NORMAL2-IM-1427-0001-0002.jpeg", ("normal", "kermany-n1427")),
        ("person1_bacteria_2.jpeg", ("bacterial", "kermany-p1")),
        ("person447_virus_921_1.jpeg", ("viral", "kermany-p447")),
        ("VIRUS-1980446-0001.jpeg", ("viral", "kermany-1980446")),
        ("holiday.jpeg", None),
    ],
)
def test_kermany_names_tell_label_and_patient(name, identity):
    assert kermany.identify(name) == identity


def test_kermany_validation_images_are_training(chest_xray):
    found = kermany.read(chest_xray)
    counts = Counter((entry.split, entry.label) for entry in found.entries)
    assert counts == {
        ("train", "normal"): 2,
        ("train", "bacterial"): 1,
        ("test", "normal"): 1,
        ("test", "viral"): 1,
    }
    assert found.expected == 5856


def test_kermany_reports_a_name_in_the_wrong_folder(chest_xray):
    picture(chest_xray / "chest_xray/train/NORMAL/person9_virus_1.jpeg")
    assert "does not tell one of normal" in kermany.read(chest_xray).problems[0]


def test_another_layout_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="chest_xray"):
        kermany.read(tmp_path)


@pytest.mark.parametrize(
    ("finding", "label"),
    [
        ("COVID-19", "covid19"),
        ("COVID-19, ARDS", "covid19"),
        ("Pneumonia/Viral/COVID-19", "covid19"),
        ("Pneumonia/Bacterial/Streptococcus", "bacterial"),
        ("Pneumonia", "pneumonia"),
        ("ARDS", None),
    ],
)
def test_cohen_findings(finding, label):
    assert cohen.label_of(finding) == label


def test_cohen_takes_frontal_views_and_says_what_is_missing(checkout):
    found = cohen.read(checkout)
    taken = [(e.image.name, e.label, e.patient_id, e.split, e.view) for e in found.entries]
    assert taken == [
        ("covid.jpeg", "covid19", "cohen-2", "train", "PA"),
        ("sars.png", "viral", "cohen-3", "train", "AP-supine"),
        ("unknown.png", "pneumonia", "cohen-5", "aux", "PA"),
    ]
    assert found.expected == 4
    assert "lost.png" in found.problems[0]
    assert found.left_aside == {"not a frontal radiograph": 1, "another disease": 1}
    assert found.entries[0].note == "commit 0123abcd"


def test_covidx_follows_the_lists_and_reports_what_differs(chest_xray, checkout, lists):
    found = covidx.read(lists, [kermany.read(chest_xray), cohen.read(checkout)])
    assert [(e.image.name, e.split) for e in found.entries][-3:] == [
        ("covid.jpeg", "train"),  # listed with another suffix
        ("IM-0001-0001.jpeg", "test"),
        ("sars.png", "test"),
    ]
    problems = "\n".join(found.problems)
    assert "sars.png: bacterial in the test list, viral at home" in problems
    assert "gone.png: in the test list, but in neither source" in problems
    assert "person1_virus_6.jpeg: in kermany, but in no list" in problems
    assert "train normal: 2 found / 1349 expected" in problems


def test_lists_of_a_later_version_are_refused(tmp_path):
    path = tmp_path / "train_split.txt"
    path.write_text("3 a.png pneumonia\n")
    with pytest.raises(ConfigurationError, match="line 1"):
        covidx.read_list(path)


def test_class_folders_with_splits(tmp_path):
    picture(tmp_path / "train" / "COVID-19" / "anna_1.png")
    picture(tmp_path / "train" / "Viral Pneumonia" / "ben" / "1.png")
    picture(tmp_path / "test" / "Influenza" / "x.png")
    found = folders.read(tmp_path, "ward", patient="([a-z]+)_")
    assert {(e.label, e.patient_id, e.split) for e in found.entries} == {
        ("covid19", "ward-anna", "train"),
        ("viral", "ward-ben", "train"),
        ("influenza", "ward-x", "aux"),
    }


def test_class_folders_refuse_what_is_no_radiograph(tmp_path):
    picture(tmp_path / "normal" / "a.png")
    (tmp_path / "normal" / "b.png").write_text("not a picture")
    found = folders.read(tmp_path, "ward")
    assert len(found.entries) == 1
    assert "b.png" in found.problems[0]
    assert found.expected == 2


def test_dicom_in_class_folders_passes_the_view_gate(shared, tmp_path):
    (tmp_path / "normal").symlink_to(shared / "dicom")
    found = folders.read(tmp_path, "archive")
    assert found.entries
    assert any("CT" in problem or "lateral" in problem for problem in found.problems)
    prepared = prepare(found, tmp_path / "made")
    assert all(entry.image.is_file() for entry in read_manifest(tmp_path / "made"))
    assert len(prepared.entries) + len(prepared.problems) >= prepared.expected


def test_prepared_folder_has_hashes_and_links(tmp_path):
    one, two = picture(tmp_path / "one" / "a.png"), picture(tmp_path / "two" / "a.png", "b")
    entries = [Entry(path, "normal", path.parent.name, "train", "ward") for path in (one, two)]
    prepared = prepare(Import("ward", 2, entries), tmp_path / "made")
    read = read_manifest(prepared.manifest)
    assert [entry.image.name for entry in read] == ["a.png", "a~2.png"]
    assert read[0].sha256 == "sha256:" + hashlib.sha256(one.read_bytes()).hexdigest()
    assert prepared.problems == ()


def test_no_image_is_lost_where_names_meet(tmp_path):
    """The number that a double gets may be another file's name; some file systems know no case."""
    names = ("a.png", "two/a.png", "a~2.png", "A.png")
    entries = [
        Entry(picture(tmp_path / name, name), "normal", f"p{n}", "train", "ward/../..")
        for n, name in enumerate(names)
    ]
    read = read_manifest(prepare(Import("ward", 4, entries), tmp_path / "made").manifest)
    assert len({entry.image.name.casefold() for entry in read}) == len(names)
    for entry, origin in zip(read, entries, strict=True):
        assert entry.image.read_bytes() == origin.image.read_bytes()
        assert entry.image.resolve().is_relative_to(tmp_path / "made")


def test_prepare_into_the_folder_it_reads_loses_no_image(tmp_path):
    image = picture(tmp_path / "images" / "ward" / "a.png")
    before = image.read_bytes()
    prepared = prepare(Import("ward", 1, [Entry(image, "normal", "p", "train", "ward")]), tmp_path)
    assert image.read_bytes() == before
    assert read_manifest(prepared.manifest)[0].image.read_bytes() == before


def test_a_name_that_two_files_have_is_a_problem_and_tells_neither(checkout):
    picture(checkout / "images" / "twice" / "sars.png")
    found = cohen.read(checkout)
    assert "sars.png: the name of 2 files" in found.problems[0]
    assert "sars.png" not in [entry.image.name for entry in found.entries]


def test_prepare_reports_leaks_across_splits(tmp_path):
    one = picture(tmp_path / "one.png")
    same = tmp_path / "same.jpg"
    Image.open(one).resize((150, 120)).save(same)
    other = picture(tmp_path / "other.png")
    entries = [
        Entry(one, "normal", "p1", "train", "ward"),
        Entry(same, "normal", "p2", "test", "ward"),
        Entry(other, "viral", "p1", "test", "ward"),
    ]
    problems = prepare(Import("ward", 3, entries), tmp_path / "made").problems
    assert problems == (
        "patient p1: in more than one split",
        "the same picture in two splits: one.png (train) and same.jpg (test)",
    )


def test_prepare_does_not_overwrite(tmp_path):
    (tmp_path / "manifest.csv").touch()
    with pytest.raises(ConfigurationError, match="already there"):
        prepare(Import("ward", 0), tmp_path)


def test_command_says_found_and_expected(chest_xray, checkout, lists, tmp_path, capsys):
    where = ["--kermany", str(chest_xray), "--cohen", str(checkout), "--lists", str(lists)]
    code = run(trainer, "trainer", ["prepare", "covidx-v1", *where, "-o", str(tmp_path / "made")])
    said = capsys.readouterr()
    assert code == 3
    assert "kermany: 5 found / 5856 expected" in said.out
    assert "covidx-v1: 6 found / 5941 expected" in said.out
    assert "problem: gone.png" in said.err
    assert len(select(read_manifest(tmp_path / "made"), "test")) == 2


@posix_only
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("place", ["decoding.pixels.load", "prepare.digest_of_file"])
def test_a_prepare_that_is_stopped_leaves_no_manifest_and_can_be_repeated(
    tmp_path, monkeypatch, capsys, place, number, code
):
    for number_of in range(6):
        picture(tmp_path / "in" / "normal" / f"{number_of}.png")
    arguments = ["prepare", "folders", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    module, _, name = place.partition(".")
    owner = {"decoding": decoding.pixels, "prepare": importing}[module]
    name = name.rpartition(".")[2]
    work, calls = getattr(owner, name), []

    def stopped(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            os.kill(os.getpid(), number)
        return work(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, stopped)
        assert run(trainer, "trainer", arguments) == code
    assert capsys.readouterr().err == {130: "interrupted\n", 143: "terminated\n"}[code]
    assert not (tmp_path / "out" / "manifest.csv").exists()
    assert run(trainer, "trainer", arguments) == 0
    assert len(read_manifest(tmp_path / "out")) == 6
