import json
import shutil

import pytest

from screener.card import load_card
from screener.errors import ConfigurationError
from screener.study import RESEARCH_ONLY
from trainer.judging.calibrate import calibrate
from trainer.judging.evaluate import compare, evaluate, write_json
from trainer.manifest import read_manifest
from trainer.pages import card as model_card


@pytest.fixture(scope="module")
def measured(untrained, dataset, tmp_path_factory):
    """Calibrated weights, and the evaluation of them on the test split."""
    folder = tmp_path_factory.mktemp("model-card") / "weights"
    shutil.copytree(untrained, folder)
    calibrate(folder, read_manifest(dataset))
    entries = read_manifest(dataset)
    found, _ = evaluate(folder, entries, "test")
    path = folder.parent / "evaluation.json"
    write_json(path, [found], compare(entries, "test"))
    model_card.write(folder, [path])
    return folder, path


def test_the_text_holds_the_measured_accuracy_and_the_warning(measured):
    folder, path = measured
    text = (folder / "MODEL_CARD.md").read_text()
    overall = json.loads(path.read_text())["evaluations"][0]["overall"]
    assert RESEARCH_ONLY in text
    assert model_card.share(overall["accuracy"]) in text


def test_sources_views_bands_and_shortcuts_have_their_rows(measured):
    text = (measured[0] / "MODEL_CARD.md").read_text()
    for words in ("By source", "By view", "| PRIORITY |", "| hospital |", "shortcuts"):
        assert words in text


def test_the_twin_says_the_same(measured):
    folder, _ = measured
    twin = json.loads((folder / "MODEL_CARD.json").read_text())
    text = (folder / "MODEL_CARD.md").read_text()
    assert twin["weights"] == load_card(folder).digest
    assert all(section["text"] in text for section in twin["sections"])


def test_the_figures_are_kept_in_the_weights_card(measured):
    figures = load_card(measured[0]).metrics["dataset0, test"]
    assert figures["accuracy"]["n"] == figures["images"]


def test_figures_of_other_weights_are_refused(measured, untrained, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(untrained, other)
    with pytest.raises(ConfigurationError, match="measured with other weights"):
        model_card.write(other, [measured[1]])


def test_what_was_not_measured_is_said(untrained, tmp_path):
    folder = tmp_path / "bare"
    shutil.copytree(untrained, folder)
    text = model_card.write(folder, []).read_text()
    assert text.count(model_card.NOT_MEASURED) == 3


def test_a_file_that_is_no_evaluation_is_named(measured, tmp_path):
    path = tmp_path / "notes.json"
    path.write_text("[]")
    with pytest.raises(ConfigurationError, match=r"notes\.json: not an evaluation"):
        model_card.write(measured[0], [path])
