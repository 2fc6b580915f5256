import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from screener.network.folding import fold
from screener.network.model import ConcatPool, Network, Tap, parameter_count


def test_the_network_has_the_papers_25_6_million_parameters():
    assert parameter_count(Network()) == 25_616_448


def test_the_pool_puts_maxima_before_means():
    maps = torch.tensor([[[[1.0, 3.0], [0.0, 0.0]]]])
    assert ConcatPool()(maps).tolist() == [[3.0, 1.0]]


def test_body_and_head_make_the_whole():
    network = Network().eval()
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = network.body(pixels)
        assert features.shape == (2, 2048, 2, 2)
        assert torch.equal(network.head(features), network(pixels))


def test_any_body_is_put_under_the_same_head():
    network = Network("timm/test_efficientnet", classes=3).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 3)
    assert [type(layer).__name__ for layer in network.head] == [
        type(layer).__name__ for layer in Network().head
    ]


@pytest.fixture(scope="module", params=["covid-resnet50", "timm/test_efficientnet"])
def network(request):
    torch.manual_seed(4)
    return Network(request.param).eval()


@pytest.mark.parametrize("folded", [False, True])
def test_a_tap_gives_finer_maps_and_the_last_as_a_function_of_them(network, folded):
    body = fold(network.body) if folded else copy.deepcopy(network.body)
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps, last = Tap(body, 16)(pixels)
        assert torch.allclose(last, network.body(pixels), rtol=1e-3, atol=1e-3)
    assert maps.shape[2:] == (4, 4)
    (gradient,) = torch.autograd.grad(network.head(last)[:, 0].sum(), maps)
    assert gradient.abs().sum() > 0


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_gradients_at_a_tap_are_those_of_captum(network):
    attribution = pytest.importorskip("captum.attr")
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    reference = attribution.LayerGradCam(network, network.body.layer(16))
    expected = reference.attribute(pixels, 3, relu_attributions=True)[:, 0].detach()
    maps, last = Tap(copy.deepcopy(network.body), 16)(pixels)
    (gradient,) = torch.autograd.grad(network.head(last)[:, 3].sum(), maps)
    found = (gradient.mean((2, 3), keepdim=True) * maps.detach()).sum(1).relu()
    assert expected.any()
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_threads_share_a_tap(network):
    tap = Tap(copy.deepcopy(network.body), 16)
    pictures = torch.rand(8, 1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    alone = [tap(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(tap, pictures))
    for (maps, last), (same, also) in zip(alone, together, strict=True):
        assert torch.allclose(maps, same, atol=1e-3)
        assert torch.allclose(last, also, atol=1e-3)


def test_where_no_layer_has_the_stride_the_last_maps_serve(network):
    maps, last = Tap(copy.deepcopy(network.body), 64)(torch.rand(1, 3, 64, 64))
    assert maps is last
    assert maps.requires_grad
