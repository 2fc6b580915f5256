"""A student and its teacher: what is added to the loss, and a fit that comes nearer to it."""

import pytest
import torch
from torch.nn import functional

from screener.card import WeightsCard
from screener.errors import ConfigurationError, WeightsError
from screener.network.model import Network
from screener.network.weights import load_network, save_weights
from trainer import recipe
from trainer.fitting import distil
from trainer.fitting.fit import fit
from trainer.fitting.progress import Progress
from trainer.judging.leave_out import taught
from trainer.judging.unseen import Fold
from trainer.run import Run, load_tensors

PUPIL = """
name = "pupil"
network = "timm/test_resnet"
head = "linear"
images_per_epoch = 24
sampling = "group"
teachers = ["{teacher}"]
[[stages]]
name = "whole"
image_size = 32
batch_size = 8
epochs = 2
lr = 3e-3
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads of so small a network wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Weights of a body with another number of features and another picture size."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("teacher")
    network = Network("timm/test_efficientnet", head="linear")
    torch.nn.init.normal_(network.head[-1].weight, std=1.0)
    card = WeightsCard(
        "teacher", "1", architecture="timm/test_efficientnet", head="linear", input_size=48
    )
    save_weights(folder, network, card)
    return folder


def pupil(folder, dataset, teacher):
    path = folder / "pupil.toml"
    path.write_text(PUPIL.format(teacher=teacher))
    run = Run(folder / "run")
    chosen = distil.settled(recipe.read(path))
    run.start(chosen, {"manifests": [str(dataset)], "backbone": "none", "lr": "paper"})
    return run


def test_half_of_the_pictures_are_mixed_and_the_rest_stay():
    torch.manual_seed(0)
    pixels = torch.rand(200, 3, 4, 4)
    found, mixed = distil.mix(pixels)
    assert 70 < int(mixed.sum()) < 130
    assert torch.equal(found[~mixed], pixels[~mixed])
    changed = (found[mixed] != pixels[mixed]).flatten(1).any(1)
    assert changed.float().mean() > 0.9  # a picture's partner may be itself


def test_the_distance_is_nothing_to_the_same_word_and_grows_with_it():
    logits = torch.tensor([[2.0, 0.0, 0.0, -1.0]])
    same = distil.distance(logits, logits.unsqueeze(0))
    other = distil.distance(logits, -logits.unsqueeze(0))
    assert same == pytest.approx(0, abs=1e-6)
    assert other > 1
    both = torch.stack([logits, -logits])  # two teachers of opposite opinions
    wanted = (both / 2).softmax(2).mean(0)
    expected = 4 * functional.kl_div((logits / 2).log_softmax(1), wanted, reduction="sum")
    torch.testing.assert_close(distil.distance(logits, both), expected)


def test_likeness_compares_films_whatever_the_number_of_features():
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 5.0]])
    wider = torch.cat([features, torch.zeros(3, 4)], 1)
    assert torch.equal(distil.likeness(features), distil.likeness(wider))
    assert distil.likeness(features).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_a_teacher_gets_pictures_of_its_own_size(teacher):
    ((network, size),) = distil.teachers([str(teacher)])
    pixels = torch.rand(2, 3, 32, 32)
    logits, features = distil.ask(network, size, pixels)
    larger = functional.interpolate(pixels, (48, 48), mode="bilinear", antialias=True)
    torch.testing.assert_close(logits, network(larger))
    assert features.shape == (2, network.body.channels)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_pupil_comes_nearer_to_its_teacher(dataset, teacher, tmp_path):
    run = pupil(tmp_path, dataset, teacher)
    with Progress() as progress:
        fit(run, progress)
    _, master = load_network(teacher)
    torch.manual_seed(0)
    pixels = torch.randn(16, 3, 32, 32)
    student = Network("timm/test_resnet", head="linear").eval()
    said = distil.ask(master, 48, pixels)[0].unsqueeze(0)
    before = distil.distance(student(pixels), said)
    student.load_state_dict(load_tensors(run.best_file)["network"])
    assert distil.distance(student(pixels), said) < 0.8 * before
    assert run.facts()["teachers"] == {str(teacher): load_network(teacher)[0].digest}


def test_a_fit_with_a_teacher_ends_the_same_after_a_stop(dataset, teacher, tmp_path):
    whole = pupil(tmp_path, dataset, teacher)
    with Progress() as progress:
        fit(whole, progress)
    (tmp_path / "again").mkdir()
    stopped = pupil(tmp_path / "again", dataset, teacher)
    stopping = Progress()
    stopping.batch = stop_at(4)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, stopping, checkpoint_minutes=0)
    with Progress() as progress:
        fit(stopped, progress)
    assert stopped.log_file.read_bytes() == whole.log_file.read_bytes()
    ours, theirs = (load_tensors(run.best_file)["network"] for run in (whole, stopped))
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def stop_at(number):
    calls = []

    def batch(*_):
        calls.append(1)
        if len(calls) == number:
            raise KeyboardInterrupt

    return batch


def test_exchanged_teachers_are_refused(dataset, teacher, tmp_path):
    run = pupil(tmp_path, dataset, teacher)
    run.write_facts(run.facts() | {"teachers": {str(teacher): "sha256:other"}})
    with pytest.raises(ConfigurationError, match="teachers' weights changed"), Progress() as told:
        fit(run, told)


def test_a_teacher_that_is_not_there_is_told_before_anything_is_made(dataset, tmp_path):
    with pytest.raises(WeightsError, match="no such weights"):
        pupil(tmp_path, dataset, tmp_path / "nowhere")
    assert not (tmp_path / "run").exists()


def test_what_is_left_out_must_be_left_out_by_the_teachers_too(tmp_path):
    path = tmp_path / "pupil.toml"
    path.write_text(PUPIL.format(teacher="runs/folds/{fold}-0/weights"))
    fold = Fold("siim", ("siim-fisabio-rsna",))
    assert taught(recipe.read(path), fold).teachers == ("runs/folds/siim-0/weights",)
    path.write_text(PUPIL.format(teacher="covid-lite"))
    with pytest.raises(ConfigurationError, match="may have seen what is left out"):
        taught(recipe.read(path), fold)
