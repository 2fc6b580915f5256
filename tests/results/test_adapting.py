"""Thresholds that follow a scan: what moves, what does not, and when they are taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sample_data.results import NOW, build_results, make_card
from screener.errors import ConfigurationError
from screener.levels import LEVEL, level
from screener.results import adapting, adoption, summaries
from screener.results.store import Store
from screener.results.worklist import Worklist

CARD = replace(make_card(), metrics={"unseen": {LEVEL: -1.0}})
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(tmp_path):
    with Store.open(build_results(tmp_path, 150, card=CARD)) as opened:
        yield opened


def rows(store):
    return list(Worklist(store).rows())


def test_the_scan_s_lower_quartile_comes_to_lie_where_unseen_normals_have_theirs(store):
    adopted = adapting.settle(store, CARD, LATER, wanted=True)
    shown = [row["probabilities"] for row in store.query(adapting.SCORED)]
    scores = [float(text.strip("[]").split(",")[-1]) for text in shown]
    assert adopted.intercept == pytest.approx(-1.0 - level(scores), abs=1e-6)
    assert adopted.expected(0.5) == pytest.approx(1 / (1 + 2.718281828**-adopted.intercept))
    assert Worklist(store).adoption() == adopted
    assert "unlabelled scores of" in adopted.words
    assert "no reading says that this is right here" in adopted.words


def test_bands_move_and_neither_a_score_nor_the_order_does(store):
    before = rows(store)
    adapting.settle(store, CARD, LATER, wanted=True)
    after = rows(store)
    assert [(row.key, row.score) for row in after] == [(row.key, row.score) for row in before]
    assert [row.band for row in after] != [row.band for row in before]


def test_the_next_scan_without_it_takes_it_back(store):
    before = rows(store)
    adapting.settle(store, CARD, LATER, wanted=True)
    assert adapting.settle(store, CARD, LATER, wanted=False) is None
    assert Worklist(store).adoption() is None
    assert rows(store) == before


def test_the_next_scan_with_it_renews_it(store):
    first = adapting.settle(store, CARD, LATER, wanted=True)
    assert adapting.settle(store, CARD, LATER, wanted=True) == first
    held = list(store.query("SELECT * FROM adoption WHERE taken_back_at IS NULL"))
    assert len(held) == 1


def test_too_few_films_adapt_nothing(tmp_path):
    with Store.open(build_results(tmp_path, 40, card=CARD)) as store:
        assert adapting.settle(store, CARD, LATER, wanted=True) is None
        assert Worklist(store).adoption() is None


def test_what_a_reading_says_holds_on(store):
    read = adoption.Adoption(0.7, 0.4, 0.1, "draw first, 120 judged", NOW)
    with store.transaction() as connection:
        adoption.adopt(connection, read)
        summaries.refresh_all(connection)
    assert adapting.settle(store, CARD, LATER, wanted=True) is None
    assert adapting.settle(store, CARD, LATER, wanted=False) is None
    assert Worklist(store).adoption() == read
    assert read.by_reading


def test_weights_that_know_no_level_change_nothing(store):
    with pytest.raises(ConfigurationError, match="does not know the level"):
        adapting.settle(store, make_card(), LATER, wanted=True)
    assert Worklist(store).adoption() is None
