"""Weights and their card on disk: a pair that holds together, or one line that says what to do."""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch

from screener.card import (
    CARD_FILE,
    MODEL_CARD_FILE,
    MODEL_CARD_TWIN,
    WeightsCard,
    load_card,
    save_card,
)
from screener.digest import digest_of_file
from screener.errors import WeightsError
from screener.network import weights
from screener.network.model import Network
from screener.network.weights import WEIGHTS_FILE, bundled, load_guard, load_network, save_weights
from tests.conftest import posix_only

NAN = float("nan")


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


OLD, BETWEEN, NEW = "the old pair", "neither", "the new pair"
MOMENTS = {
    "unlink": OLD, "unlink the twin": OLD, "fsync": OLD, "replace": OLD,
    "unlink the rest": BETWEEN, "fsync the card": BETWEEN, "replace the card": BETWEEN,
    "unlink its rest": NEW, "done": NEW,
}  # fmt: skip
"""What writing weights asks of the system in turn, and what a kill just before it leaves."""


def write_until(moment, folder, content, card):
    """Write weights and card in a process that is killed before so many calls of the system."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [moment]

    def killed(call):
        def counted(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counted

    for name in ("unlink", "fsync", "replace"):
        setattr(os, name, killed(getattr(os, name)))
    weights.write_together(folder, content, card)
    os._exit(0)


@posix_only
@pytest.mark.parametrize(("moment", "left"), enumerate(MOMENTS.values()), ids=MOMENTS)
def test_a_kill_at_any_moment_leaves_a_pair_or_says_what_to_do(
    folder, network, tmp_path_factory, moment, left
):
    old = load_card(folder)
    (folder / MODEL_CARD_FILE).write_text(old.digest)
    (folder / MODEL_CARD_TWIN).write_text(old.digest)
    other = tmp_path_factory.mktemp("other")
    new = save_weights(other, network, replace(old, version="2"), {"mean": torch.zeros(2)})
    pair = (other / WEIGHTS_FILE).read_bytes(), (other / CARD_FILE).read_text()

    last = moment == len(MOMENTS) - 1
    assert write_until(moment, folder, *pair) == (0 if last else -signal.SIGKILL)
    if left == BETWEEN:
        with pytest.raises(WeightsError, match=r"^\S+ newer than card\.json: .* 'trainer export'"):
            load_network(folder)
    else:
        assert load_network(folder)[0] == (new if left == NEW else old)
    told = folder / MODEL_CARD_FILE
    assert not told.exists() or told.read_text() == digest_of_file(folder / WEIGHTS_FILE)

    assert write_until(len(MOMENTS), folder, *pair) == 0
    assert load_network(folder)[0] == new
    assert {path.name for path in folder.iterdir()} == {CARD_FILE, WEIGHTS_FILE}


def test_weights_beside_another_card_are_damaged_or_exchanged(folder):
    """An unfinished card of yet other weights explains nothing."""
    change(folder, digest="sha256:" + "0" * 64, thresholds_for="sha256:" + "0" * 64)
    for left in ('{"digest": "sha256:1"}', "{", "[]"):
        (folder / f"{CARD_FILE}.unfinished").write_text(left)
        with pytest.raises(WeightsError, match="damaged or exchanged"):
            load_network(folder)


@pytest.mark.parametrize("value", [NAN, float("inf"), 1e5])
def test_what_no_scan_would_load_is_not_written(folder, value):
    """The last one is a number, but none of sixteen bits."""
    before, spoilt = load_card(folder), Network()
    spoilt.state_dict()["body.0.0.weight"].fill_(value)
    with pytest.raises(WeightsError, match=r"body\.0\.0\.weight would hold what is no number in"):
        save_weights(folder, spoilt, replace(before, version="2"))
    assert load_network(folder)[0] == before


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
