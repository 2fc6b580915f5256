import numpy as np
import pytest

from screener.network.uncertainty import mean_and_spread, views


@pytest.fixture
def squares():
    """Smooth pictures with a bright spot low on the left."""
    x, y = np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 64))
    spot = np.exp(-((y - 0.75) ** 2 + (x - 0.25) ** 2) / 0.02)
    return np.stack([spot * 255] * 2).astype(np.uint8)


def test_the_first_view_is_the_picture(squares):
    assert np.array_equal(next(views(squares, 5)), squares)


def test_views_are_as_many_as_asked_alike_and_different(squares):
    made = list(views(squares, 8))
    assert len(made) == 8
    assert all(view.shape == squares.shape and view.dtype == np.uint8 for view in made)
    assert not any(np.array_equal(a, b) for i, a in enumerate(made) for b in made[:i])


def test_views_are_the_same_every_time(squares):
    assert all(
        np.array_equal(a, b) for a, b in zip(views(squares, 6), views(squares, 6), strict=True)
    )


def test_no_view_is_flipped_or_far_off(squares):
    for view in views(squares, 32):
        row, column = divmod(int(view[0].argmax()), 64)
        assert abs(row - 48) <= 7
        assert abs(column - 16) <= 7


def test_spread_is_the_targets_deviation_over_the_views():
    said = np.array([[[0.4, 0.6]], [[0.6, 0.4]]])
    mean, spread = mean_and_spread(said, target=1)
    assert mean.tolist() == [pytest.approx([0.5, 0.5])]
    assert spread.tolist() == pytest.approx([0.1])


def test_one_view_has_no_spread():
    assert mean_and_spread(np.array([[[0.4, 0.6]]]), target=1)[1].tolist() == [0]


def test_a_view_is_what_torch_samples(squares):
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    from screener.network.uncertainty import _matrix, _sampled

    matrix = _matrix(0.7, -0.4, 0.9, -0.8)
    gray = torch.from_numpy(squares / np.float32(255))[:, None]
    grid = affine_grid(torch.from_numpy(matrix).float().expand(2, 2, 3), list(gray.shape), False)
    theirs = grid_sample(gray, grid, padding_mode="border", align_corners=False)[:, 0]
    ours = _sampled(squares / np.float32(255), matrix)
    assert np.abs(ours - theirs.numpy()).max() < 1e-4
