import json

import pytest
import torch

from screener.errors import ConfigurationError
from screener.network.lungs import Lungs
from trainer import recipe
from trainer.finish import finish_lungs
from trainer.fitting.lungs import fit as loop
from trainer.fitting.lungs.fit import fit
from trainer.fitting.lungs.pairs import learning_pairs, read_pairs
from trainer.fitting.progress import Progress
from trainer.run import Run, load_tensors

RECIPE = """
name = "small lungs"
network = "u-net/tf_efficientnet_lite0"
labels = ["lungs"]
held_out_sources = ["other"]
[augment]
rotate = 10.0
letters = 0.5
[[stages]]
name = "one"
image_size = 32
batch_size = 4
epochs = 2
lr = [1e-3, 1e-2]
[[stages]]
name = "two"
image_size = 48
batch_size = 4
epochs = 1
lr = 1e-3
"""


def begun(folder, masked):
    folder.mkdir()
    (folder / "given.toml").write_text(RECIPE)
    run = Run(folder / "run")
    facts = {"manifests": [str(masked)], "backbone": "none"}
    run.start(recipe.read(folder / "given.toml"), facts)
    return run


def fitted(run):
    with Progress() as progress:
        fit(run, progress)
    return load_tensors(run.best_file)["network"]


@pytest.fixture(scope="module")
def done(masked, tmp_path_factory):
    run = begun(tmp_path_factory.mktemp("fit") / "whole", masked)
    return run, fitted(run)


class Stopped(BaseException):
    """What takes a fit away in its middle."""


@pytest.mark.parametrize("writer", [(loop._Loop, "keep"), (Run, "write_log")])
def test_a_fit_stopped_at_every_epoch_ends_with_the_same_weights_and_log(
    done, masked, tmp_path, monkeypatch, writer
):
    """Stopped whenever it has written one of the two, whatever the order they are written in."""
    run = begun(tmp_path / "stopped", masked)
    kind, name = writer
    write = getattr(kind, name)

    def written(*arguments):
        write(*arguments)
        raise Stopped

    for _ in range(3 if name == "keep" else 1):
        with monkeypatch.context() as patch:
            patch.setattr(kind, name, written)
            with pytest.raises(Stopped):
                fitted(run)
    resumed = fitted(run)
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in done[1].items())
    assert run.log_file.read_bytes() == done[0].log_file.read_bytes()


def test_a_manifest_that_changed_since_the_run_began_is_refused(done, masked, tmp_path):
    run = begun(tmp_path / "run", masked)
    run.bind("sha256:" + "0" * 64)
    with pytest.raises(ConfigurationError, match="changed since the run began"):
        fitted(run)


def test_the_log_has_an_epoch_a_row(done):
    log = done[0].log()
    epochs = [(row["step"], row["epoch"]) for row in log]
    assert epochs == [
        ("one", "1"),
        ("one", "2"),
        ("two", "1"),
    ]
    assert float(log[-1]["train_loss"]) < float(log[0]["train_loss"])


def test_nothing_of_a_held_out_source_is_read(done, masked):
    kept = learning_pairs(read_pairs([masked]), done[0].recipe())
    assert {pair.source for pair in kept} == {"own"}
    assert done[0].facts()["films"] == {"train": 7, "val": 2}


def test_a_fit_with_nothing_to_learn_from_says_so(done, masked):
    pairs = [pair for pair in read_pairs([masked]) if pair.split == "test"]
    with pytest.raises(ConfigurationError, match="no film is left in split 'train'"):
        learning_pairs(pairs, done[0].recipe())


def test_a_finished_run_has_weights_that_load_and_figures_with_intervals(done):
    run, _ = done
    card = finish_lungs(run)
    assert Lungs.load(run.weights).card == card
    assert card.input_size == 48
    dice = json.loads((run.evaluation / "evaluation.json").read_text())["sets"][0]["dice"]
    assert dice["low"] <= dice["value"] <= dice["high"]
    assert (run.folder / "index.html").is_file()
    assert card.digest in (run.weights / "MODEL_CARD.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("image_size = 48", "image_size = 50", "multiple of 16"),
        ("u-net/tf_efficientnet_lite0", "covid-resnet50", "network must be"),
        ('name = "two"', 'name = "two"\nfrozen_epochs = 1\nfrozen_lr = 1', "no head to fit alone"),
    ],
)
def test_what_lungs_cannot_do_is_told_with_the_recipe(tmp_path, old, new, words):
    path = tmp_path / "r.toml"
    path.write_text(RECIPE.replace(old, new))
    with pytest.raises(ConfigurationError, match=words):
        recipe.read(path)
