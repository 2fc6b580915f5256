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
    for words in ("no such file", "unknown split 'odd'", "no patient_id"):
        assert words in str(caught.value)


def test_a_patient_in_two_splits_is_refused(masked, tmp_path):
    shutil.copytree(masked, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "manifest.csv"
    file.write_text(file.read_text().replace("mask0.png,train", "mask0.png,test"))
    with pytest.raises(ConfigurationError, match="patient p0 is in the splits test, train"):
        read_pairs([file])


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
