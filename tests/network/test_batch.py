"""Squares become the network's input in one known way."""

import pytest
import torch

from screener.card import IMAGENET_MEAN, IMAGENET_STD
from screener.network.batch import to_input


def test_white_becomes_one_normalised():
    pixels = to_input(torch.full((1, 2, 2), 255, dtype=torch.uint8), IMAGENET_MEAN, IMAGENET_STD)
    assert pixels.shape == (1, 3, 2, 2)
    assert pixels.dtype == torch.float32
    assert pixels[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.64], abs=1e-4)


def test_black_becomes_minus_mean_over_std():
    pixels = to_input(torch.zeros((1, 2, 2), dtype=torch.uint8), (0.5,) * 3, (0.25,) * 3)
    assert pixels.unique().tolist() == [-2.0]


def test_order_of_the_batch_is_kept():
    squares = torch.arange(3, dtype=torch.uint8).view(3, 1, 1)
    pixels = to_input(squares, (0.0,) * 3, (1.0,) * 3)
    assert pixels[:, 0, 0, 0].tolist() == pytest.approx([0.0, 1 / 255, 2 / 255])


@pytest.mark.parametrize(
    "squares",
    [
        torch.zeros((2, 2), dtype=torch.uint8),
        torch.zeros((1, 2, 3), dtype=torch.uint8),
        torch.zeros((1, 2, 2)),
    ],
)
def test_other_shapes_and_types_are_refused(squares):
    with pytest.raises(ValueError, match="uint8"):
        to_input(squares, IMAGENET_MEAN, IMAGENET_STD)
