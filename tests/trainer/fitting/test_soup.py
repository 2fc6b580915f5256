"""A soup end to end on the synthetic set: its members are fitted, their weights are averaged."""

import shutil

import pytest
import torch

from screener.card import load_card
from screener.errors import ConfigurationError
from screener.network.weights import half, load_network
from trainer import recipe
from trainer.finish import finish
from trainer.fitting.curves import plot_curves
from trainer.fitting.fit import fresh_network
from trainer.fitting.progress import Progress
from trainer.fitting.soup import fit_recipe, mean, member_runs
from trainer.run import Run, load_tensors

SOUP = """
name = "broth"
network = "timm/test_resnet"
sampling = "group"
images_per_epoch = 16
average = 0.9
keep = "last"
[augment]
style = 1.0
[[stages]]
name = "whole"
image_size = 48
batch_size = 8
epochs = 1
lr = 1e-3
[soup]
members = [{name = "small", set = ["seed=4", "whole.image_size=32"]}, {name = "large"}]
"""


class Killed(BaseException):
    """What takes a fit away in its middle."""


class Killing(Progress):
    """Kills a fit at its so manieth event: a batch that is done, or an epoch before it is saved."""

    def __init__(self, event):
        super().__init__()
        self._left = event

    def batch(self, *_):
        self._left -= 1
        if self._left == 0:
            raise Killed

    def epoch(self, _):
        self.batch()


def ended(run):
    """The bytes of what a soup leaves: the mean, its log and curves, and those of its members."""
    found = []
    for each in (run, *member_runs(run).values()):
        plot_curves(each.log(), each.folder / "curves.png")
        found += [each.log_file.read_bytes(), (each.folder / "curves.png").read_bytes()]
        network = load_tensors(each.best_file)["network"]
        found += [tensor.numpy().tobytes() for tensor in network.values()]
    return found


def lay_out(folder, dataset, text=SOUP):
    path = folder / "broth.toml"
    path.write_text(text)
    run = Run(folder / "run")
    run.start(recipe.read(path), {"manifests": [str(dataset)], "backbone": "none", "lr": "paper"})
    return run


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads of so small a network wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    run = lay_out(tmp_path_factory.mktemp("soup"), dataset)
    with Progress() as progress:
        fit_recipe(run, progress)
    finish(run)
    return run


def test_the_mean_is_that_of_each_tensor_and_counters_stay():
    first = {"w": torch.tensor([1.0, 3.0]), "n": torch.tensor(5)}
    second = {"w": torch.tensor([2.0, -1.0]), "n": torch.tensor(9)}
    found = mean([first, second])
    assert found["w"].tolist() == [1.5, 1.0]
    assert found["n"].item() == 5


def test_what_is_exported_is_the_mean_of_the_members(finished):
    members = [load_tensors(run.best_file)["network"] for run in member_runs(finished).values()]
    _, network = load_network(finished.weights)
    expected = half(mean(members))
    found = network.state_dict()
    assert len(members) == 2
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor.to(found[name].dtype))


def test_the_card_names_the_members_and_the_size_of_the_soup(finished):
    card = load_card(finished.weights)
    assert card.input_size == 48
    assert "mean of the weights of 2 fits (small, large)" in card.recipe


def test_a_finished_member_is_not_fitted_again(finished):
    stamp = (finished.folder / "members" / "small" / "log.csv").stat().st_mtime_ns
    before = load_tensors(finished.best_file)["network"]
    with Progress() as progress:
        fit_recipe(finished, progress)
    assert (finished.folder / "members" / "small" / "log.csv").stat().st_mtime_ns == stamp
    torch.testing.assert_close(load_tensors(finished.best_file)["network"], before)


KILLS = [(1, 0, [(0, 1)]), (2, 0, [(0, 1)]), (3, 10, [(1, 0)]), (1, 0, [(1, 1)]),
         (3, 10, [(2, 0)]), (1, 0, [(2, 0), (0, 1)]), (2, 0, [(2, 0), (0, 1)]),
         (3, 10, [(2, 0), (1, 0)]), (1, 0, [(2, 0), (1, 1)]), (2, 0, [(2, 0), (1, 1)])]  # fmt: skip
"""Event and minutes between checkpoints, then epoch and batch of the checkpoints that are left: in
each member after a batch, after an epoch that is logged and not saved, after one that is saved."""


def test_a_soup_killed_at_every_place_ends_with_the_same_mean(dataset, tmp_path):
    text = SOUP.replace("epochs = 1", "epochs = 2")
    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        folder.mkdir()
    whole, run = (lay_out(folder, dataset, text) for folder in folders)
    fit_recipe(whole, Killing(0))
    shutil.copytree(whole.cache, run.cache)
    for event, minutes, left in KILLS:
        with pytest.raises(Killed):
            fit_recipe(run, Killing(event), checkpoint_minutes=minutes)
        files = [member.checkpoint_file for member in member_runs(run).values()]
        places = [load_tensors(file) for file in files if file.is_file()]
        assert [(place["epoch"], place["batch"]) for place in places] == left
    fit_recipe(run, Killing(0))
    assert ended(run) == ended(whole)


def test_a_member_of_another_recipe_is_refused(dataset, tmp_path):
    run = lay_out(tmp_path, dataset)
    small = member_runs(run)["small"]
    text = small.recipe_file.read_text()
    small.recipe_file.write_text(text.replace("seed = 4", "seed = 5"))
    with pytest.raises(ConfigurationError, match="not what the soup says of small"):
        member_runs(run)


def test_members_with_one_start_begin_with_the_same_weights(dataset, tmp_path):
    path = tmp_path / "broth.toml"
    path.write_text(SOUP.replace("[augment]", "start_seed = 3\n[augment]"))
    first, second = recipe.members(recipe.read(path))
    assert first.seed != second.seed
    states = [fresh_network(member, "none").state_dict() for member in (first, second)]
    torch.testing.assert_close(*states)
    other = fresh_network(recipe.members(recipe.read(path, ["start_seed=4"]))[0], "none")
    assert not torch.equal(other.head[3].weight, states[0]["head.3.weight"])
