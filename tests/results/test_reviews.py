"""What entries of reviewers are taken, and which are not."""

from dataclasses import replace

import pytest

from sample_data.results import NOW, build_results
from screener.errors import StoreError
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import LABELS, Review, Verdict


@pytest.fixture
def store(tmp_path):
    with Store.open(build_results(tmp_path, studies=4, reviewed=0)) as opened:
        yield opened


@pytest.fixture
def row(store):
    return next(row for row in Worklist(store).rows() if row.label)


def entry(row, label):
    return Review(row.key, "ewa", Verdict.DISAGREE, label, False, "", NOW)


def test_an_entry_that_disagrees_and_gives_the_same_label_is_refused(store, row):
    with pytest.raises(StoreError, match="gives the same"):
        store.add_review(entry(row, row.label))
    assert list(store.reviews()) == []


@pytest.mark.parametrize("label", [None, "another"])
def test_another_class_or_none_is_taken(store, row, label):
    other = label and next(name for name in LABELS if name != row.label)
    store.add_review(entry(row, other))
    assert next(store.reviews()).label == other


def test_a_verdict_of_an_earlier_label_can_be_carried_on(store, row):
    other = next(name for name in LABELS if name != row.label)
    given = entry(row, other)
    store.add_review(given)
    with store.transaction() as connection:  # new weights come to what the reviewer said
        connection.execute("UPDATE study SET label = ? WHERE key = ?", (other, row.key))
    store.add_review(replace(given, flagged=True))
    assert [review.flagged for review in store.reviews()] == [False, True]


def test_no_entry_on_a_study_that_is_not_there(store):
    with pytest.raises(StoreError, match="no such study"):
        store.add_review(Review("9.9", "ewa", None, None, True, "", NOW))
