import json
from dataclasses import replace

import pytest
import torch

from screener.card import CARD_FILE, WeightsCard, load_card, save_card
from screener.digest import digest_of_file
from screener.errors import WeightsError
from screener.network import weights
from screener.network.model import Network
from screener.network.weights import WEIGHTS_FILE, bundled, load_guard, load_network, save_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Network()


@pytest.fixture
def folder(network, tmp_path):
    card = WeightsCard("test", "1", thresholds={"PRIORITY": 0.5, "ELEVATED": 0.2})
    save_weights(tmp_path, network, card, {"mean": torch.tensor([0.5, 0.25])})
    return tmp_path


def change(folder, **values):
    path = folder / CARD_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_weights_come_back_as_half_precision_left_them(folder, network):
    card, loaded = load_network(folder)
    assert card.digest == digest_of_file(folder / WEIGHTS_FILE)
    first = network.state_dict()["body.0.0.weight"]
    assert torch.equal(loaded.state_dict()["body.0.0.weight"], first.half().float())
    assert not loaded.training


def test_the_guards_statistics_travel_with_the_weights(folder):
    assert load_guard(folder)["mean"].tolist() == [0.5, 0.25]


def test_a_full_disk_leaves_the_old_weights_and_their_card(folder, network, little_room):
    before = load_card(folder)
    others = Network()
    for room in (200_000, 200):  # for the card alone, and not even for it
        with little_room(room), pytest.raises(OSError, match="too large"):
            save_weights(folder, others, replace(before, version="2"))
    assert load_network(folder)[0] == before
    assert {path.name for path in folder.iterdir()} == {CARD_FILE, WEIGHTS_FILE}


def test_a_full_disk_leaves_the_old_card(folder, little_room):
    before = load_card(folder)
    with little_room(100), pytest.raises(OSError, match="too large"):
        save_card(folder, replace(before, version="2"))
    assert load_card(folder) == before


def test_a_changed_byte_is_noticed(folder):
    path = folder / WEIGHTS_FILE
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or exchanged"):
        load_network(folder)


def test_thresholds_made_for_other_weights_are_refused(folder):
    save_card(folder, replace(load_card(folder), thresholds_for="sha256:0"))
    with pytest.raises(WeightsError, match="thresholds were made for other weights"):
        load_card(folder)


@pytest.mark.parametrize(
    ("values", "fact"),
    [
        ({"architecture": "vgg16"}, "not 'vgg16'"),
        ({"labels": ["normal", "sick"]}, "labels"),
    ],
)
def test_a_card_for_something_else_is_refused(folder, values, fact):
    change(folder, **values)
    with pytest.raises(WeightsError, match=fact):
        load_card(folder)


def test_a_folder_without_weights_says_what_to_give(tmp_path):
    with pytest.raises(WeightsError, match="--weights"):
        load_card(tmp_path)


def test_a_card_that_is_no_json_is_refused(tmp_path):
    (tmp_path / CARD_FILE).write_text("{")
    with pytest.raises(WeightsError, match="not a readable weights card"):
        load_card(tmp_path)


@pytest.fixture
def two(monkeypatch, tmp_path):
    """A package that bundles two weights."""
    for name in ("covid-resnet50", "covid-lite"):
        (tmp_path / name).mkdir()
        (tmp_path / name / CARD_FILE).write_text("{}")
    (tmp_path / "notes").mkdir()
    monkeypatch.setattr(weights, "BUNDLED", tmp_path)
    return tmp_path


def test_bundled_weights_are_found_by_name(two):
    assert weights.names() == ["covid-lite", "covid-resnet50"]
    assert weights.find("covid-lite") == two / "covid-lite"


def test_auto_takes_what_suits_the_device(two):
    for unnamed in (None, "", "auto"):
        assert weights.find(unnamed, "cpu") == two / "covid-lite"
        assert weights.find(unnamed, "cuda") == two / "covid-resnet50"


def test_where_there_is_no_choice_auto_takes_what_there_is(two):
    (two / "covid-lite" / CARD_FILE).unlink()
    assert weights.find(None, "cpu") == two / "covid-resnet50"


def test_a_folder_is_weights_too(two, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    assert weights.find(str(folder)) == weights.find(folder) == folder


def test_an_unknown_name_says_what_there_is(two):
    with pytest.raises(WeightsError, match="bundled are covid-lite, covid-resnet50") as caught:
        weights.find("covid-lte")
    assert "\n" not in str(caught.value)


def test_the_bundled_weights_are_whole_and_calibrated():
    card, _ = load_network(bundled())
    assert set(card.thresholds) == {"PRIORITY", "ELEVATED"}
    assert card.thresholds["PRIORITY"] >= card.thresholds["ELEVATED"]
    assert load_guard(bundled())


def test_every_figure_of_the_bundled_weights_was_measured_with_these_weights():
    twin = json.loads((bundled() / "MODEL_CARD.json").read_text())
    assert twin["weights"] == load_card(bundled()).digest
    assert {e["weights_digest"] for e in twin["evaluations"]} == {twin["weights"]}
