"""The audit: shortcuts, blacked-out centres, leaks and twins, on synthetic images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from screener.program import run
from screener.study import LABELS
from trainer.cli.main import trainer
from trainer.judging import audit, shortcuts
from trainer.judging.twins import twins
from trainer.manifest import Entry, read_manifest, write_manifest


@pytest.fixture(scope="module")
def entries(dataset):
    return read_manifest(dataset)


@pytest.fixture(scope="module")
def found(entries):
    return audit.audit(entries, "test")


def test_source_alone_gives_the_shares_of_training():
    train = [Entry(None, label, "p", "train", "a") for label in ("normal", "normal", "viral")]
    test = [Entry(None, "viral", "p", "test", source) for source in ("a", "unseen")]
    assert shortcuts.by_source(train, test) == pytest.approx(np.array([[2, 0, 1, 0]] * 2) / 3)


def test_frame_and_centre_make_up_the_image():
    picture = np.arange(1, 32 * 32 + 1).reshape(32, 32)
    frame, centre = shortcuts.without_centre(picture), shortcuts.only_centre(picture)
    assert (frame + centre == picture).all()
    assert (frame > 0).sum() == 32 * 32 - 24 * 24
    assert shortcuts.frame(picture[None]).shape == (1, 448)


def test_linear_model_gives_nothing_to_a_class_it_has_not_seen():
    features = np.random.default_rng(0).normal(size=(20, 4))
    labels = ["normal"] * 10 + ["covid19"] * 10
    shares = shortcuts.linear(features, labels, features)
    assert shares[:, [1, 2]].sum() == 0
    assert shares.sum(axis=1) == pytest.approx(np.ones(20))


def test_nothing_is_taught_by_one_class(entries):
    thumbs = shortcuts.thumbnails([e for e in entries if e.label == "normal"])
    assert shortcuts.baselines(thumbs, thumbs) == []


def test_test_split_may_be_learnt_for_from_validation(entries):
    assert {e.split for e in shortcuts.teachers(entries, "test")} == {"train", "val"}
    assert {e.split for e in shortcuts.teachers(entries, "val")} == {"train"}


def test_twins_survive_size_and_compression(tmp_path):
    draws = np.random.default_rng(1)
    for name in ("a", "b"):
        noise = draws.integers(0, 256, (9, 9), dtype=np.uint8)
        Image.fromarray(noise).resize((200, 160), Image.Resampling.BICUBIC).save(
            tmp_path / f"{name}.png"
        )
    Image.open(tmp_path / "a.png").resize((90, 90)).save(tmp_path / "c.jpg", quality=60)
    listed = [
        Entry(tmp_path / name, "normal", name, split, "s")
        for name, split in (("a.png", "train"), ("b.png", "train"), ("c.jpg", "test"))
    ]
    (pair,) = twins(shortcuts.thumbnails(listed))
    assert str(pair) == "a.png (train) and c.jpg (test)"
    assert pair.across


def test_patients_in_two_splits_are_named(entries):
    again = replace(entries[0], split="test")
    assert audit.crossing(entries) == ()
    assert audit.crossing([*entries, again]) == ("p00",)


def test_each_source_is_left_out_once(found):
    assert [judged.name for judged in found.left_out] == ["collection", "hospital"]


def test_verdict_names_the_best_shortcut(found):
    first, *_, last = audit.verdict(found)
    assert "'source alone' tells COVID-19 from the rest" in first
    assert last == "0 pairs of images are the same picture, 0 of them across splits."


def test_a_changed_file_is_noticed(entries):
    changed = [replace(entries[0], sha256="sha256:0"), *entries[1:]]
    found = audit.audit(changed, "test")
    assert found.altered == (entries[0].image.name,)
    assert "1 are not what the manifest's hash says" in audit.verdict(found)[-1]


def test_command_looks_at_weights_in_each_way(untrained, dataset, tmp_path, capsys):
    folder = tmp_path / "audit"
    arguments = ["--data", str(dataset), "--weights", str(untrained), "-o", str(folder)]
    assert run(trainer, "trainer", ["audit", *arguments]) == 0
    assert "centre blacked out" in capsys.readouterr().out
    content = json.loads((folder / "audit.json").read_text())
    assert [look["name"] for look in content["looks"]] == [
        "whole image",
        "centre blacked out",
        "only the centre left",
        "lungs greyed",
        "all outside the lungs greyed",
    ]
    html = (folder / "audit.html").read_text()
    assert "Leave one source out" in html
    assert "<img" not in html


def test_judged_labels_are_the_networks(found):
    assert found.shortcuts[0].accuracy.n == 12
    assert len(LABELS) == 4


@pytest.fixture
def partly(entries, dataset):
    """The manifest with labels that leave open what was there, one of another split, one cut."""
    changed = {"viral": "pneumonia", "bacterial": "abnormal", "normal": "not-covid"}
    kept = [
        replace(entry, label=changed[entry.label])
        if n % 3 == 0 and entry.label in changed
        else entry
        for n, entry in enumerate(entries)
    ]
    cut = dataset / "cut.png"
    cut.write_bytes(b"no film")
    kept.append(replace(entries[0], image=cut, patient_id="q"))
    kept[1] = replace(kept[1], label="tumour", split="aux")
    write_manifest(dataset / "partly.csv", kept)
    return dataset / "partly.csv"


def test_labels_of_less_detail_and_what_is_left_aside(partly, tmp_path, capsys):
    arguments = ["audit", "--data", str(partly), "-o", str(tmp_path / "out")]
    assert run(trainer, "trainer", arguments) == 3
    said = capsys.readouterr().err
    assert "1 images of split 'aux' were not looked at" in said
    assert "1 of 48 images could not be read" in said
