import shutil
from dataclasses import replace

import numpy as np
import pytest

from screener.errors import ConfigurationError
from trainer.fitting.lungs.pairs import read_mask, read_pairs, squares, with_validation


def test_films_and_masks_come_as_squares(masked):
    films, masks = squares(read_pairs([masked]), 32)
    assert films.shape == masks.shape == (16, 32, 32)
    assert films[masks == 255].mean() < films[masks == 0].mean()


def test_a_mask_has_its_own_size_unless_told(masked):
    assert read_mask(masked / "mask0.png").shape == (64, 64)
    assert read_mask(masked / "mask0.png", (48, 32)).shape == (32, 48)


def test_every_fault_of_a_manifest_is_told_at_once(masked, tmp_path):
    shutil.copytree(masked, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "manifest.csv"
    text = file.read_text().replace("mask0.png,train", "gone.png,odd").replace("own,p0", "own,", 1)
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_pairs([file])
    for words in (
        "mask file missing: line 2 'gone.png'",
        "unknown split (known: train, val, test, aux): line 2 'odd'",
        "no patient_id: line 2",
    ):
        assert words in str(caught.value)


def test_a_patient_in_two_splits_is_refused(masked, tmp_path):
    shutil.copytree(masked, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "manifest.csv"
    file.write_text(file.read_text().replace("mask0.png,train", "mask0.png,test"))
    with pytest.raises(
        ConfigurationError,
        match=r"patient in more than one split; keep each in one: 'p0' \(test, train\)",
    ):
        read_pairs([file])


def test_a_patient_is_one_whatever_the_spelling(masked, tmp_path):
    pairs = read_pairs([masked])
    first = next(pair for pair in pairs if pair.split == "train")
    twice = [replace(first, patient_id=name) for name in ("Site-07", "site:7", "SITE_007")]
    for seed in range(20):
        drawn = with_validation(twice, 0.5, seed)
        assert len({pair.split for pair in drawn}) == 1
    shutil.copytree(masked, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "manifest.csv"
    text = (
        file.read_text()
        .replace("mask0.png,train", "mask0.png,test")
        .replace("own,p0", "own,P-0", 1)
    )
    file.write_text(text.replace("own,p0", "own,p:00"))
    with pytest.raises(ConfigurationError, match="keep each in one: 'p:0'"):
        read_pairs([file])


def test_many_faults_are_told_by_kind_and_briefly(tmp_path):
    rows = "".join(f"no{n}.png,no{n}.png,odd{n},,\n" for n in range(20_000))
    (tmp_path / "manifest.csv").write_text("image,mask,split,source,patient_id\n" + rows)
    with pytest.raises(ConfigurationError) as caught:
        read_pairs([tmp_path])
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert all("20000 rows, line 2" in line and "19992 more" in line for line in lines)
    assert len(str(caught.value)) < 2000


def test_films_and_masks_lie_in_the_manifests_folder_unless_told(masked, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    row = f"{masked}/image0.png,{masked}/mask0.png,train,s,p\n"
    (tmp_path / "own" / "manifest.csv").write_text("image,mask,split,source,patient_id\n" + row)
    with pytest.raises(ConfigurationError, match=r"outside the manifest's folder.*: 2 rows"):
        read_pairs([tmp_path / "own"])
    monkeypatch.setenv("TRAINER_IMAGES", str(masked))
    assert len(read_pairs([tmp_path / "own"])) == 1


@pytest.mark.parametrize(
    ("rows", "fact"),
    [
        ("", "lacks the columns image, mask"),
        ("image,mask,split,source,patient_id\n", "lists no film"),
        ("image,mask,split,source,patient_id\n\0,\0,train,s,p\n", "film file missing: line 2"),
        ("image,mask,split,source,patient_id\n" + 2 * "a,b,train,s,p\n", "film listed twice"),
    ],
)
def test_odd_manifests_are_told_in_their_words(tmp_path, rows, fact):
    (tmp_path / "manifest.csv").write_text(rows)
    with pytest.raises(ConfigurationError, match=fact):
        read_pairs([tmp_path])


def test_validation_is_drawn_by_whole_patients(masked):
    pairs = [replace(p, split="train") for p in read_pairs([masked]) if p.split != "test"]
    drawn = with_validation(pairs, 0.5, seed=0)
    splits = {pair.patient_id: set() for pair in drawn}
    for pair in drawn:
        splits[pair.patient_id].add(pair.split)
    assert all(len(where) == 1 for where in splits.values())
    assert {"train", "val"} == set.union(*splits.values())


def test_masks_stay_masks(masked):
    assert set(np.unique(read_mask(masked / "mask0.png"))) == {0, 255}
