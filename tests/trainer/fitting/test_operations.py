"""Gradients written out are torch's own."""

import pytest
import torch
from torch.nn.functional import conv2d, relu6

from trainer.fitting.operations import bounded_back, convolved_back


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_convolutions_gradient_is_torchs(stride, dilation, groups):
    maps = torch.randn(1, 4, 9, 9, requires_grad=True)
    weight = torch.randn(8, 4 // groups, 3, 3)
    there = ([stride] * 2, [1] * 2, [dilation] * 2)
    found = conv2d(maps, weight, None, *there, groups)
    slopes = torch.randn_like(found)
    (expected,) = torch.autograd.grad(found, maps, slopes)
    ours, *_ = convolved_back(
        slopes, maps, weight, None, *there, None, None, groups, (True, False, False)
    )
    assert torch.allclose(ours, expected, atol=1e-5)


def test_a_bounded_ones_gradient_is_torchs():
    maps = torch.tensor([-1.0, 0.0, 0.1, 5.9, 6.0, 7.0], requires_grad=True)
    slopes = torch.arange(1.0, 7.0)
    (expected,) = torch.autograd.grad(relu6(maps), maps, slopes)
    assert bounded_back(slopes, maps, 0, 6).tolist() == expected.tolist()
