import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from screener.card import IMAGENET_MEAN, IMAGENET_STD
from screener.errors import ConfigurationError
from screener.network.batch import to_input
from screener.reading import pixels
from trainer.fitting import data
from trainer.fitting.data import Batches, cached_squares, group_weights, source_priors
from trainer.manifest import Entry, read_manifest
from trainer.recipe import Augment


@pytest.fixture(scope="module")
def entries(dataset):
    return read_manifest(dataset)


@pytest.fixture(scope="module")
def squares(entries, tmp_path_factory):
    return cached_squares(entries, 32, tmp_path_factory.mktemp("cache"))


def batches(squares, entries, **options):
    options = {"image_size": 32, "batch_size": 8, "seed": 5, "sampling": "group"} | options
    return Batches(squares, entries, range(len(entries)), **options)


def test_the_cache_holds_what_a_scan_would_see(entries, squares):
    assert np.array_equal(squares[7], pixels.square(pixels.load(entries[7].image), 32))


def test_a_second_fit_decodes_nothing(entries, tmp_path, monkeypatch):
    cached_squares(entries, 32, tmp_path)
    monkeypatch.setattr(data, "_decode_all", None)
    assert len(cached_squares(entries, 32, tmp_path)) == len(entries)


def test_unreadable_images_are_all_named(entries, tmp_path):
    broken = []
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\nbroken")
        broken.append(Entry(tmp_path / name, "normal", "p", "train", "s"))
    with pytest.raises(ConfigurationError, match=r"(?s)a\.png.*b\.png"):
        cached_squares([*entries[:2], *broken], 32, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_trainer_and_screener_give_the_network_the_same_tensor(entries, squares):
    ours, _ = next(iter(batches(squares, entries, sampling="")))
    theirs = to_input(torch.from_numpy(np.array(squares[:8])), IMAGENET_MEAN, IMAGENET_STD)
    assert torch.equal(ours, theirs)


def test_a_pass_goes_on_in_its_middle_as_if_never_stopped(squares, entries):
    whole, rest = (
        batches(squares, entries, rules=Augment(rotate=10, noise=0.1, erase=0.5)) for _ in range(2)
    )
    whole.epoch = rest.epoch = 3
    rest.first_batch = 4
    for (x, y), (again, label) in zip(list(whole)[4:], rest, strict=True):
        assert torch.equal(x, again)
        assert torch.equal(y, label)


def test_another_epoch_draws_another_order(squares, entries):
    loader = batches(squares, entries, sampling="shuffle")
    first = torch.cat([y for _, y in loader])
    loader.epoch = 1
    second = torch.cat([y for _, y in loader])
    assert torch.equal(first.sort().values, second.sort().values)
    assert not torch.equal(first, second)


def test_a_smaller_stage_shrinks_the_cache(squares, entries):
    x, _ = next(iter(batches(squares, entries, image_size=16)))
    assert x.shape == (8, 3, 16, 16)
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_labels_weigh_alike_and_sources_by_the_root_of_their_size():
    def entry(label, source):
        return Entry(None, label, "p", "train", source)

    entries = [entry("normal", "a")] * 16 + [entry("normal", "b")] * 4 + [entry("covid19", "b")]
    weights = group_weights(entries)
    assert weights[:20].sum() == pytest.approx(0.5)
    assert weights[20] == pytest.approx(0.5)
    assert weights[:16].sum() / weights[16:20].sum() == pytest.approx(2)


def test_decoding_processes_are_not_forked_and_load_no_torch():
    code = (
        "import sys, trainer.fitting.decoding as d;"
        "print(d.SPAWN.get_start_method(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["spawn", "False"]


def test_a_source_says_what_its_labels_and_all_labels_are():
    wards = (("a", "normal"), ("a", "covid19"), ("b", "covid19"), ("c", "pneumonia"))
    entries = [Entry(Path("x"), label, "p", "train", source) for source, label in wards]
    found = np.exp(source_priors(entries, np.full(4, 0.25), 0.5))
    overall = np.array([0.25, 0.125, 0.125, 0.5])  # normal, bacterial, viral, COVID-19
    own = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, 0.5], [0, 0, 0, 1], [0, 0.5, 0.5, 0]])
    assert found == pytest.approx((own + overall) / 2)


def test_a_class_that_no_film_has_gives_a_number():
    priors = source_priors([Entry(Path("x"), "normal", "p", "train", "a")], np.ones(1), 0.9)
    assert np.isfinite(priors).all()


def test_a_batch_brings_what_its_sources_say(squares, entries):
    *_, labels, priors = next(iter(batches(squares, entries, source_prior=0.5)))
    assert priors.shape == (len(labels), 4)
    assert torch.allclose(priors.exp().sum(1), torch.ones(len(labels)))
