import pytest
import torch

from screener.network.explain import activation_maps, border_share, to_activation_map
from screener.network.model import Network


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    network = Network()
    for module in network.modules():  # statistics unlike those of a fresh network
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture(scope="module")
def features():
    return torch.rand(3, 2048, 5, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_maps_are_those_of_captum(network):
    attribution = pytest.importorskip("captum.attr")
    reference = attribution.LayerGradCam(network, network.body[-1])
    pixels = torch.rand(2, 3, 160, 160, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        features = network.body(pixels)
    pairs = [
        torch.stack([ours.flatten(), theirs.detach().flatten()])
        for target in range(4)
        for ours, theirs in zip(
            activation_maps(features, network.head, target),
            reference.attribute(pixels, target, relu_attributions=True)[:, 0],
            strict=True,
        )
    ]
    assert all((ours > 0).equal(theirs > 0) for ours, theirs in pairs)
    correlations = [torch.corrcoef(pair)[0, 1].item() for pair in pairs if pair[0].any()]
    assert len(correlations) >= 4
    assert min(correlations) >= 0.99


def test_a_map_runs_from_zero_to_its_own_maximum(network, features):
    maps = activation_maps(features, network.head, target=3)
    assert maps.shape == (3, 5, 5)
    assert maps.min() >= 0
    assert set(maps.amax(dim=(1, 2)).tolist()) <= {0.0, 1.0}


def test_images_of_a_batch_do_not_touch_each_other(network, features):
    together = activation_maps(features, network.head, target=3)
    alone = activation_maps(features[1:2], network.head, target=3)
    assert torch.allclose(together[1], alone[0], atol=1e-5)


def test_a_class_nothing_speaks_for_has_an_empty_map():
    against = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    maps = activation_maps(torch.zeros(1, 4, 5, 5), against, target=0)
    assert maps.sum() == 0
    assert border_share(maps).item() == 0


def test_no_gradient_is_left_on_the_network(network, features):
    activation_maps(features, network.head, target=3)
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("side", [5, 7, 10, 40])
def test_an_even_map_has_the_frames_area_at_any_resolution(side):
    assert border_share(torch.ones(1, side, side)).item() == pytest.approx(0.36, abs=1e-5)


def test_mass_in_the_centre_and_in_the_corner():
    maps = torch.zeros(2, 5, 5)
    maps[0, 2, 2] = 1
    maps[1, 0, 0] = 1
    # half of the corner's cell lies inside along either side
    assert border_share(maps).tolist() == pytest.approx([0, 0.75])


def test_the_stored_map_is_row_major_bytes():
    stored = to_activation_map(torch.tensor([[0.0, 1.0, 0.5], [0.2, 0.0, 0.0]]))
    assert (stored.rows, stored.columns) == (2, 3)
    assert list(stored.values) == [0, 255, 128, 51, 0, 0]
