"""What a card says, read back wherever it was kept; and what tells results apart."""

from dataclasses import asdict, fields, replace

import pytest

from screener.card import WeightsCard, from_json, identity

CARD = WeightsCard(
    "test",
    "1",
    thresholds={"PRIORITY": 0.5, "ELEVATED": 0.2},
    guard={"limit": 1.0, "scale": [1.0, 2.0]},
    digest="sha256:aa",
)


def test_a_card_reads_back_as_itself_and_passes_over_what_a_newer_version_knows():
    content = asdict(CARD) | {"weather": "rain", "labels": list(CARD.labels)}
    assert from_json(content) == CARD


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:bb"},
        {"temperature": 1.5},
        {"thresholds": {"PRIORITY": 0.6, "ELEVATED": 0.2}},
        {"guard": {"limit": 2.0, "scale": [1.0, 2.0]}},
        {"guard": {}},
        {"input_size": 128},
        {"mean": (0.5, 0.5, 0.5)},
        {"std": (0.5, 0.5, 0.5)},
        {"architecture": "timm/resnet18"},
    ],
)
def test_whatever_changes_a_score_changes_the_identity(change):
    changed = identity(replace(CARD, **change), "1", "float32")
    assert changed != identity(CARD, "1", "float32")


def test_pixel_path_settings_and_arithmetic_change_the_identity():
    found = {
        identity(CARD, *path)
        for path in (("1", "float32"), ("2", "float32"), ("1+tta3", "float32"), ("1", "float16"))
    }
    assert len(found) == 4


def test_what_only_tells_of_the_weights_changes_nothing():
    about = {f.name: "other" for f in fields(CARD) if f.name in ("name", "recipe", "licence")}
    told = replace(CARD, **about, metrics={"epochs": 3})
    assert identity(told, "1", "float32") == identity(CARD, "1", "float32")
