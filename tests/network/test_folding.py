"""Folding changes the number of operations and nothing else."""

import pytest
import torch
from torch import nn

from sample_data.weights import tiny_network
from screener.network import bodies
from screener.network.folding import fold

PIXELS = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(2))


def lived_in(body: nn.Module) -> nn.Module:
    """A body whose norms are not at their neutral start."""
    dice = torch.Generator().manual_seed(5)
    for module in body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=dice)
            module.running_var.uniform_(0.5, 1.5, generator=dice)
    return body.eval()


def norms(body: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in body.modules())


def assert_same_maps(body, folded):
    with torch.inference_mode():
        expected, found = body(PIXELS), folded(PIXELS)
    assert torch.allclose(expected, found, rtol=1e-3, atol=1e-4 * expected.abs().max())


def test_the_papers_body_loses_every_norm_and_keeps_its_maps():
    body = tiny_network().body
    folded = fold(body)
    assert norms(folded) == 0
    assert norms(body) > 0
    assert_same_maps(body, folded)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("tf_efficientnet_lite0", 0),
        ("test_resnet", 0),
        ("test_convnext", 0),
        ("repvgg_a0", 17),  # norms of shortcuts, which follow no convolution
    ],
)
def test_bodies_of_timm_keep_their_maps(name, left):
    torch.manual_seed(0)
    body = lived_in(bodies.create(f"timm/{name}"))
    folded = fold(body)
    assert norms(folded) == left
    assert_same_maps(body, folded)


class Forked(nn.Module):
    """A convolution whose maps go past the norm as well."""

    def __init__(self):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, pixels):
        maps = self.convolution(pixels)
        return self.norm(maps) + maps


def test_a_convolution_that_serves_two_is_not_folded():
    body = lived_in(Forked())
    folded = fold(body)
    assert norms(folded) == 1
    assert_same_maps(body, folded)


class Twice(nn.Module):
    """One norm after two convolutions."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, pixels):
        return self.norm(self.second(self.norm(self.first(pixels))))


def test_a_norm_that_is_used_twice_is_not_folded():
    body = lived_in(Twice())
    assert norms(fold(body)) == 1
    assert_same_maps(body, fold(body))


def test_a_body_is_tried_in_one_thread_which_is_given_back(monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    fold(tiny_network().body)
    assert asked == [1, 7]
