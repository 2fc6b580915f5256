import numpy as np
import pytest

from screener.network.proof import PLACES, SHARE, VIEWS, blurred, hidden, hottest
from screener.study import Proof

SIDE = 60


@pytest.fixture
def squares():
    return np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE), np.uint8)


def cell(row: int, column: int) -> np.ndarray:
    """A map of 6 x 6 cells with one hot one."""
    found = np.zeros((1, 6, 6), np.float32)
    found[0, row, column] = 1
    return found


def test_exactly_a_tenth_is_marked_even_where_the_map_is_flat():
    assert hottest(np.zeros((2, 5, 5), np.float32), SIDE).sum(axis=(1, 2)).tolist() == [360, 360]


def test_the_marks_lie_where_the_map_is_hot():
    marked = hottest(cell(4, 1), SIDE, share=0.01)[0]
    rows, columns = marked.nonzero()
    assert 40 <= rows.min() <= rows.max() < 50
    assert 10 <= columns.min() <= columns.max() < 20


def test_only_the_marked_part_changes_and_becomes_blurred(squares):
    maps = np.repeat(cell(2, 2), 2, axis=0)
    views = hidden(squares, maps)
    marked = hottest(maps, SIDE)
    assert views.shape == (2, VIEWS, SIDE, SIDE)
    assert np.array_equal(views[:, 0][~marked], squares[~marked])
    assert np.array_equal(views[:, 0][marked], blurred(squares)[marked])


def test_the_other_views_hide_the_same_marks_elsewhere(squares):
    views = hidden(squares, np.repeat(cell(2, 2), 2, axis=0))
    changed = (views != squares[:, None]).sum(axis=(2, 3))
    assert (changed / SIDE**2).mean() == pytest.approx(SHARE, abs=0.01)
    assert all(not np.array_equal(views[:, 0], views[:, i]) for i in range(1, 1 + len(PLACES)))


def test_a_blurred_picture_keeps_its_mean_and_loses_its_detail(squares):
    assert blurred(squares).mean() == pytest.approx(squares.mean(), abs=2)
    assert blurred(squares).std() < 0.2 * squares.std()


@pytest.mark.parametrize(
    ("proof", "holds"),
    [
        (Proof(0.9, 0.4, 0.8), True),
        (Proof(0.9, 0.8, 0.8), False),
        (Proof(0.9, 0.95, 0.97), False),  # hiding it raises the score
        (Proof(0.9, float("nan"), 0.8), False),
    ],
)
def test_a_map_holds_only_where_it_beats_its_copies_and_lowers_the_score(proof, holds):
    assert proof.holds is holds
