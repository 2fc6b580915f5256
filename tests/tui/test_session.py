"""A sitting goes from study to study, through the filter that it has."""

from dataclasses import replace

import pytest

from screener.results.store import Store
from screener.results.worklist import Filter
from screener.study import Verdict
from screener.tui.session import Session
from tests.tui.conftest import ticking


@pytest.fixture
def sitting(results):
    with Store.open(results) as store:
        yield Session(store, "ewa", ticking(), Filter(review="unreviewed"))


def test_neighbours_stand_before_and_after(sitting):
    keys = [row.key for row in sitting.rows(0, 5)]
    assert sitting.neighbour(keys[2], 1) == keys[3]
    assert sitting.neighbour(keys[2], -1) == keys[1]
    assert sitting.neighbour(keys[1], -1) == keys[0]
    assert sitting.neighbour(keys[0], -1) is None


def test_what_a_verdict_hides_still_has_its_place(sitting):
    before, here, after, *_ = (row.key for row in sitting.rows(0, 5))
    assert sitting.offset_of(here) == 1
    sitting.review(here, verdict=Verdict.AGREE)
    sitting.outbox.deliver()
    assert sitting.offset_of(here) is None
    assert sitting.neighbour(here, 1) == after
    assert sitting.neighbour(here, -1) == before


def test_the_order_may_be_another(sitting):
    sitting.filter = replace(sitting.filter, sort="date")
    keys = [row.key for row in sitting.rows(0, 3)]
    assert sitting.neighbour(keys[0], 2) == keys[2]
