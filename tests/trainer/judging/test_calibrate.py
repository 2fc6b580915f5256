import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from screener.card import CARD_FILE, load_card, save_card
from screener.console import ExitCode
from screener.errors import ConfigurationError, WeightsError
from screener.network.guard import Guard
from screener.network.weights import load_guard, load_network
from screener.program import run
from trainer.cli.main import trainer
from trainer.judging.calibrate import (
    band_figures,
    calibrate,
    some_of_each_source,
)
from trainer.judging.unseen import level
from trainer.manifest import MANIFEST_FILE, Entry, read_manifest, write_manifest


@pytest.fixture(scope="module")
def folder(untrained, dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated") / "weights"
    shutil.copytree(untrained, folder)
    calibrate(folder, read_manifest(dataset))
    return folder


def test_the_threshold_is_reached_by_the_share_asked_for():
    scores = np.arange(1, 11) / 10
    assert level(scores, 0.8) == pytest.approx(0.3)
    assert (scores >= level(scores, 0.8)).mean() == 0.8


def test_a_band_tells_its_specificity_by_source():
    scores = np.array([0.9, 0.2, 0.8, 0.1])
    positive = np.array([True, True, False, False])
    entries = [Entry(None, "", f"p{n}", "val", source) for n, source in enumerate("aaab")]
    found = band_figures(0.5, scores, positive, entries)
    assert found["sensitivity"]["value"] == 0.5
    assert found["specificity"]["value"] == 0.5
    assert found["specificity_by_source"]["b"]["value"] == 1
    assert found["specificity"]["low"] < 0.5 < found["specificity"]["high"]
    assert found["sensitivity"]["low"] is None  # the threshold was chosen for it


def test_each_source_gives_as_many_as_it_has_up_to_the_most(dataset):
    some = some_of_each_source(read_manifest(dataset), 20)
    counts = {name: sum(e.source == name for e in some) for name in ("hospital", "collection")}
    assert counts["hospital"] == 20
    assert counts["collection"] == 15


def test_the_card_is_bound_to_the_weights_that_were_measured(folder):
    card = load_card(folder)
    assert card.thresholds["PRIORITY"] >= card.thresholds["ELEVATED"]
    assert card.thresholds_for == card.digest
    validation = card.metrics["validation"]
    assert validation["images"] == 12
    assert validation["bands"]["ELEVATED"]["sensitivity"]["value"] >= 0.95
    assert len(validation["scores"]) == len(validation["distances"]) == 21


def test_calibrating_leaves_the_network_as_it_was(folder, untrained):
    before, after = (load_network(place)[1].state_dict() for place in (untrained, folder))
    assert all(before[name].equal(after[name]) for name in before)


def test_the_guard_comes_back_from_the_weights_file(folder):
    guard = Guard.from_weights(load_card(folder), load_guard(folder))
    assert guard is not None
    assert guard.features.mean.shape == (2048,)
    assert sum(t.size for t in load_guard(folder).values()) * 4 < 2_000_000


def test_thresholds_of_other_weights_are_refused(folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    save_card(other, replace(load_card(other), thresholds_for="sha256:0"))
    with pytest.raises(WeightsError, match="thresholds were made for other weights"):
        load_card(other)


def test_the_card_is_strict_json(folder):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads((folder / CARD_FILE).read_text(), parse_constant=refuse)


def test_no_target_among_the_validation_images_is_an_error(untrained, dataset, tmp_path):
    entries = [e for e in read_manifest(dataset) if e.label != "covid19" or e.split != "val"]
    copied = [replace(e, image=tmp_path / e.image.name) for e in entries]
    for entry in entries:
        shutil.copy(entry.image, tmp_path)
    write_manifest(tmp_path / MANIFEST_FILE, copied)
    with pytest.raises(ConfigurationError, match="no validation image is labelled covid19"):
        calibrate(untrained, read_manifest(tmp_path))


def test_what_a_calibration_leaves_aside_is_counted(untrained, dataset, tmp_path, capsys):
    folder = tmp_path / "weights"
    shutil.copytree(untrained, folder)
    entries = read_manifest(dataset)
    bare = next(e for e in entries if (e.split, e.label) == ("val", "bacterial"))
    broken = dataset / "cut.png"
    broken.write_bytes(bare.image.read_bytes()[:90])
    odd = [replace(bare, label="abnormal") if e is bare else e for e in entries]
    odd += [replace(bare, image=broken, label="normal", patient_id="q")]
    write_manifest(dataset / "odd.csv", odd)
    arguments = ["calibrate", str(folder), "--data", str(dataset / "odd.csv")]
    assert run(trainer, "trainer", arguments) == ExitCode.REFUSALS
    said = capsys.readouterr().err
    assert "1 validation images leave open whether it was COVID-19" in said
    assert "1 of 36 images could not be read" in said
    told = load_card(folder).metrics["validation"]
    assert (told["images"], told["open"], told["unread"]) == (11, 1, 1)


def test_a_calibration_without_a_readable_image_of_the_target_is_refused(
    untrained, dataset, tmp_path
):
    folder = tmp_path / "weights"
    shutil.copytree(untrained, folder)
    entries = read_manifest(dataset)
    kept = [e for e in entries if e.split == "train" or e.label != "covid19"]
    broken = dataset / "no film.png"
    broken.write_bytes(b"no film")
    kept.append(replace(entries[0], image=broken, label="covid19", split="val", patient_id="q"))
    with pytest.raises(ConfigurationError, match="cannot be read, all that are labelled covid19"):
        calibrate(folder, kept)
    assert load_card(folder).temperature == 1
