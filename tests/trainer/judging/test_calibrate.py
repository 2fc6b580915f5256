import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from screener.card import CARD_FILE, load_card, save_card
from screener.errors import ConfigurationError, WeightsError
from screener.network.guard import Guard
from screener.network.weights import load_guard, load_network
from screener.study import LABELS, TARGET
from trainer.judging.calibrate import (
    Observed,
    _halves,
    band_figures,
    calibrate,
    fit_temperature,
    held_out_reliability,
    reliability,
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


def test_the_temperature_undoes_overconfidence():
    draws = np.random.default_rng(0)
    logits = draws.normal(size=(4000, 4)).astype(np.float32) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (draws.random((4000, 1)) > shares.cumsum(1)).sum(1)
    assert fit_temperature(logits * 3, truth) == pytest.approx(3, rel=0.1)


def test_a_network_that_is_always_right_gets_the_least_temperature():
    assert fit_temperature(np.eye(4, dtype=np.float32), np.arange(4)) == 0.05


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


def test_reliability_is_told_of_patients_who_did_not_set_the_temperature():
    """Two kinds of patients whose best temperatures are 1 and 5: each gets the other's."""
    draws = np.random.default_rng(0)
    sure = draws.normal(size=(2000, 4)).astype(np.float32) * 2
    shares = np.exp(sure) / np.exp(sure).sum(1, keepdims=True)
    truth = (draws.random((2000, 1)) > shares.cumsum(1)).sum(1)
    who = draws.integers(0, 60, 2000)
    entries = tuple(
        Entry(None, LABELS[t], f"p{n}", "val", "s") for t, n in zip(truth, who, strict=True)
    )
    positive = truth == TARGET
    half = _halves([entry.person for entry in entries], positive)
    logits = np.where(half[:, None], sure * 5, sure)
    found = held_out_reliability(Observed(entries, None, logits), truth, positive)
    own = reliability(positive, shares[:, TARGET])
    assert own["ece"] < 0.05 < found["ece"]
    assert not {who[place] for place in np.flatnonzero(half)} & {
        who[place] for place in np.flatnonzero(~half)
    }


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
    assert sum(t.numel() for t in load_guard(folder).values()) * 4 < 2_000_000


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
