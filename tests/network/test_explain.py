import copy

import numpy as np
import pytest
import torch

from screener.network.engine.torch_engine import activations
from screener.network.explain import (
    STRIDE,
    border_share,
    scaled,
    to_activation_map,
)
from screener.network.model import Network, Tap
from screener.study import Proof


def activation_maps(tap, head, pixels, target):
    return scaled(activations(tap, head, pixels, target).numpy())


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    network = Network()
    for module in network.modules():  # statistics unlike those of a fresh network
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture(scope="module")
def pixels():
    return torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def tap(network):
    return Tap(network.body, STRIDE)


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_maps_are_those_of_captum(network, pixels):
    attribution = pytest.importorskip("captum.attr")
    plain = copy.deepcopy(network)
    reference = attribution.LayerGradientXActivation(plain, plain.body.layer(STRIDE))
    ours = activation_maps(Tap(network.body, STRIDE), network.head, pixels, target=3)
    theirs = scaled(reference.attribute(pixels, 3).detach().sum(dim=1).numpy())
    assert ours.shape == (3, 6, 6)
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_map_runs_from_zero_to_its_own_maximum(network, tap, pixels):
    maps = activation_maps(tap, network.head, pixels, target=3)
    assert maps.min() >= 0
    assert set(maps.max(axis=(1, 2)).tolist()) <= {0.0, 1.0}


def test_images_of_a_batch_do_not_touch_each_other(network, tap, pixels):
    together = activation_maps(tap, network.head, pixels, target=3)
    alone = activation_maps(tap, network.head, pixels[1:2], target=3)
    assert np.allclose(together[1], alone[0], atol=1e-4)


def test_a_class_nothing_speaks_for_has_an_empty_map():
    maps = scaled(np.full((1, 5, 5), -1.0))
    assert maps.sum() == 0
    assert border_share(maps).item() == 0


def test_no_gradient_is_left_on_the_network(network, tap, pixels):
    activation_maps(tap, network.head, pixels, target=3)
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("side", [5, 7, 10, 40])
def test_an_even_map_has_the_frames_area_at_any_resolution(side):
    assert border_share(np.ones((1, side, side))).item() == pytest.approx(0.36, abs=1e-5)


def test_mass_in_the_centre_and_in_the_corner():
    maps = np.zeros((2, 5, 5))
    maps[0, 2, 2] = 1
    maps[1, 0, 0] = 1
    # half of the corner's cell lies inside along either side
    assert border_share(maps).tolist() == pytest.approx([0, 0.75])


def test_the_stored_map_is_row_major_bytes():
    stored = to_activation_map(np.array([[0.0, 1.0, 0.5], [0.2, 0.0, 0.0]]))
    assert (stored.rows, stored.columns) == (2, 3)
    assert list(stored.values) == [0, 255, 128, 51, 0, 0]


def test_a_stored_map_keeps_its_proof():
    proof = Proof(whole=0.9, hidden=0.4, moved=0.8)
    assert to_activation_map(np.ones((1, 1)), proof).proof == proof
