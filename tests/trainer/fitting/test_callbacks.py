"""A fit of several epochs stopped at every place it has, and gone on with: nothing may differ."""

import shutil

import pytest
import torch

from trainer import recipe as recipes
from trainer.fitting import fit as fitting
from trainer.fitting.curves import plot_curves
from trainer.fitting.progress import Progress
from trainer.run import Run, load_tensors

EPOCHS, BATCHES = 3, 3
AVERAGES = [0.0, 0.9]
"""Without a moving average of the weights, and with one."""
PLACES = [(0, 1), (0, 3), (1, 0), (1, 2), (2, 1), (2, 3), (3, 0)]
"""Epochs done and batches of the next; 0 is between an epoch's log and its checkpoint."""
RECIPE = """
name = "three"
network = "timm/test_resnet"
seed = 4
sampling = "group"
source_prior = 0.5
[augment]
rotate = 10.0
erase = 0.5
[[stages]]
name = "stage1"
image_size = 32
batch_size = 8
epochs = 3
lr = [1e-4, 1e-2]
schedule = "one_cycle"
"""


class Killed(BaseException):
    """What takes a fit away in its middle."""


class Killing(Progress):
    """Kills the fit at a place."""

    def __init__(self, epoch=None, batch=None):
        super().__init__()
        self._at = epoch, batch

    def batch(self, epoch, done, batches, seconds, fresh):
        assert batches == BATCHES
        if (epoch, done) == self._at:
            raise Killed

    def epoch(self, row):
        if (row["epoch"], 0) == self._at:
            raise Killed


@pytest.fixture(autouse=True)
def _one_thread():
    """So small a network is slower with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def begin(dataset, tmp_path):
    """Starts a run in a folder of its own; the images are decoded once."""
    (tmp_path / "recipe.toml").write_text(RECIPE)

    def begin(name, average):
        recipe = recipes.read(tmp_path / "recipe.toml", [f"average={average}"])
        run = Run(tmp_path / name)
        run.start(recipe, {"manifests": [str(dataset)], "backbone": "none"})
        if (cache := tmp_path / "whole" / "cache").is_dir():
            shutil.copytree(cache, run.cache)
        return run

    return begin


def ended(run):
    """The bytes of what a fit leaves: log, curves, the kept network, the last one, the average."""
    plot_curves(run.log(), run.folder / "curves.png")
    best, last = (load_tensors(file) for file in (run.best_file, run.checkpoint_file))
    networks = (best["network"], last["network"], last["average"]["tensors"])
    tensors = [tensor.numpy().tobytes() for network in networks for tensor in network.values()]
    files = (run.log_file, run.folder / "curves.png")
    return [last["average"]["batches"], *(file.read_bytes() for file in files), *tensors]


@pytest.mark.parametrize("average", AVERAGES)
def test_a_fit_killed_anywhere_ends_with_the_same_weights_and_log(begin, average):
    whole = begin("whole", average)
    fitting.fit(whole, Killing())
    for epoch, batch in PLACES:
        run = begin(f"killed-{epoch}-{batch}", average)
        with pytest.raises(Killed):
            fitting.fit(run, Killing(epoch, batch), checkpoint_minutes=0)
        fitting.fit(run, Killing())
        assert ended(run) == ended(whole), f"killed in epoch {epoch} after batch {batch}"
        assert len(run.log()) == len(run.times()) == EPOCHS


@pytest.mark.parametrize("average", AVERAGES)
def test_a_fit_killed_between_all_epochs_ends_the_same(begin, average):
    whole = begin("whole", average)
    fitting.fit(whole, Killing())
    run = begin("killed", average)
    for epoch in range(1, EPOCHS):
        with pytest.raises(Killed):
            fitting.fit(run, Killing(epoch, 1))
        place = load_tensors(run.checkpoint_file)
        assert (place["epoch"], place["batch"]) == (epoch, 0)
    fitting.fit(run, Killing())
    assert ended(run) == ended(whole)


def test_weights_of_an_earlier_size_are_never_kept_whatever_the_stages_are_called(begin, tmp_path):
    """No worse, the later ones are not better either: nothing is learnt."""
    first, stage = RECIPE.replace("1e-4, 1e-2", "1e-9, 1e-9").split("[[stages]]")
    smaller = stage.replace('"stage1"', '"one-more"').replace("epochs = 3", "epochs = 1")
    last = smaller.replace('"one-more"', '"one"').replace("image_size = 32", "image_size = 48")
    (tmp_path / "recipe.toml").write_text(f"{first}[[stages]]{smaller}[[stages]]{last}")
    run = begin("two", 0.0)
    fitting.fit(run, Progress())
    one, other = run.log()
    assert one["valid_group_recall"] == other["valid_group_recall"]
    assert load_tensors(run.best_file)["kept"]["image_size"] == 48
