import pytest
import torch

from screener.network.proof import PLACES, SHARE, VIEWS, blurred, hidden, hottest
from screener.study import Proof

SIDE = 60


@pytest.fixture
def squares():
    return torch.randint(0, 256, (2, SIDE, SIDE), generator=torch.Generator().manual_seed(1)).to(
        torch.uint8
    )


def cell(row: int, column: int) -> torch.Tensor:
    """A map of 6 x 6 cells with one hot one."""
    found = torch.zeros(1, 6, 6)
    found[0, row, column] = 1
    return found


def test_exactly_a_tenth_is_marked_even_where_the_map_is_flat():
    assert hottest(torch.zeros(2, 5, 5), SIDE).sum(dim=(1, 2)).tolist() == [360, 360]


def test_the_marks_lie_where_the_map_is_hot():
    marked = hottest(cell(4, 1), SIDE, share=0.01)[0]
    rows, columns = marked.nonzero(as_tuple=True)
    assert 40 <= rows.min() <= rows.max() < 50
    assert 10 <= columns.min() <= columns.max() < 20


def test_only_the_marked_part_changes_and_becomes_blurred(squares):
    maps = cell(2, 2).expand(2, 6, 6)
    views = hidden(squares, maps)
    marked = hottest(maps, SIDE)
    assert views.shape == (2, VIEWS, SIDE, SIDE)
    assert torch.equal(views[:, 0][~marked], squares[~marked])
    assert torch.equal(views[:, 0][marked], blurred(squares)[marked])


def test_the_other_views_hide_the_same_marks_elsewhere(squares):
    views = hidden(squares, cell(2, 2).expand(2, 6, 6))
    changed = (views != squares.unsqueeze(1)).sum(dim=(2, 3)).float()
    assert (changed / SIDE**2).mean().item() == pytest.approx(SHARE, abs=0.01)
    assert all(not torch.equal(views[:, 0], views[:, i]) for i in range(1, 1 + len(PLACES)))


def test_a_blurred_picture_keeps_its_mean_and_loses_its_detail(squares):
    assert blurred(squares).float().mean().item() == pytest.approx(
        squares.float().mean().item(), abs=2
    )
    assert blurred(squares).float().std() < 0.2 * squares.float().std()


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
