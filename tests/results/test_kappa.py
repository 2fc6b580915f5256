"""Agreement beyond chance, against the papers' own tables."""

import numpy as np
import pytest

from screener.results import kappa


def test_a_textbook_table():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5."""
    found = kappa.cohen(np.array([[20, 5], [10, 15]]))
    assert found.value == pytest.approx(0.4)
    assert found.n == 50
    # Standard error after Fleiss, Cohen and Everitt (1969): 0.128.
    assert found.low == pytest.approx(0.4 - 1.96 * 0.128, abs=0.05)
    assert found.high == pytest.approx(0.4 + 1.96 * 0.128, abs=0.05)


def test_complete_agreement_is_one():
    assert kappa.cohen(np.array([[1, 0], [0, 1]])).value == 1


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[3, 0], [0, 0]]])
def test_it_is_undefined_where_chance_alone_agrees(table):
    assert kappa.cohen(np.array(table)).value is None


def test_the_table_of_fleiss():
    """Ten subjects, fourteen raters, five classes: 0.210 (Wikipedia's table after Fleiss, 1971)."""
    counts = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    found = kappa.fleiss(counts)
    assert found.value == pytest.approx(0.210, abs=0.0005)
    assert found.n == 10
    assert found.low < found.value < found.high


def test_fleiss_of_nothing_is_undefined():
    assert kappa.fleiss(np.zeros((0, 4), dtype=np.int64)).value is None
