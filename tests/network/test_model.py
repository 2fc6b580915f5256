import torch

from screener.network.model import ConcatPool, CovidResNet, parameter_count


def test_the_network_has_the_papers_25_6_million_parameters():
    assert parameter_count(CovidResNet(4)) == 25_616_448


def test_the_pool_puts_maxima_before_means():
    maps = torch.tensor([[[[1.0, 3.0], [0.0, 0.0]]]])
    assert ConcatPool()(maps).tolist() == [[3.0, 1.0]]


def test_body_and_head_make_the_whole():
    network = CovidResNet(4).eval()
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = network.body(pixels)
        assert features.shape == (2, 2048, 2, 2)
        assert torch.equal(network.head(features), network(pixels))
