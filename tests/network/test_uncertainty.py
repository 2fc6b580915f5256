import pytest
import torch

from screener.network.uncertainty import mean_and_spread, views


@pytest.fixture
def squares():
    """Smooth pictures with a bright spot low on the left."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 64), indexing="ij")
    spot = torch.exp(-((y - 0.75) ** 2 + (x - 0.25) ** 2) / 0.02)
    return (spot * 255).to(torch.uint8).repeat(2, 1, 1)


def test_the_first_view_is_the_picture(squares):
    assert next(views(squares, 5)).equal(squares)


def test_views_are_as_many_as_asked_alike_and_different(squares):
    made = list(views(squares, 8))
    assert len(made) == 8
    assert all(view.shape == squares.shape and view.dtype == torch.uint8 for view in made)
    assert not any(a.equal(b) for i, a in enumerate(made) for b in made[:i])


def test_views_are_the_same_every_time(squares):
    assert all(a.equal(b) for a, b in zip(views(squares, 6), views(squares, 6), strict=True))


def test_no_view_is_flipped_or_far_off(squares):
    for view in views(squares, 32):
        row, column = divmod(int(view[0].flatten().argmax()), 64)
        assert abs(row - 48) <= 7
        assert abs(column - 16) <= 7


def test_spread_is_the_targets_deviation_over_the_views():
    said = torch.tensor([[[0.4, 0.6]], [[0.6, 0.4]]])
    mean, spread = mean_and_spread(said, target=1)
    assert mean.tolist() == [pytest.approx([0.5, 0.5])]
    assert spread.tolist() == pytest.approx([0.1])


def test_one_view_has_no_spread():
    assert mean_and_spread(torch.tensor([[[0.4, 0.6]]]), target=1)[1].tolist() == [0]
