"""A reviewer who must not know what others said finds nothing of it in any query."""

from dataclasses import replace

import pytest

from sample_data.results import NOW, build_results
from screener.results.own import entries_alone
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import Review, Verdict


@pytest.fixture
def folder(tmp_path):
    build_results(tmp_path, 12)
    with Store.open(tmp_path) as store:
        keys = [row.key for row in Worklist(store).rows()][:2]
        for one in store.query("SELECT key FROM study"):
            keys.append(str(one["key"]))
        first, second = keys[:2]
        said = Review(first, "jan", Verdict.DISAGREE, "viral", True, "hidden words", NOW)
        store.add_review(said)
        mine = {"study_key": second, "reviewer": "ewa", "verdict": Verdict.AGREE, "label": None}
        store.add_review(replace(said, **mine, comment="own words", reason="clear"))
    return tmp_path


@pytest.fixture(params=["reading", "create"])
def alone(folder, request):
    with getattr(Store, request.param)(folder) as store:
        entries_alone(store.connection, "ewa")
        yield Worklist(store)


def test_entries_of_others_are_not_there(alone):
    assert {review.reviewer for review in alone.store.reviews()} == {"ewa"}
    assert {row.reviewer for row in alone.rows()} == {None, "ewa"}
    assert alone.counts().reviewed == 1
    assert alone.count(Filter(review="flagged")) == 1
    assert alone.count(Filter(text="hidden words")) == 0
    assert alone.count(Filter(text="own words")) == 1


def test_what_others_reviewed_is_still_to_do(alone):
    (mine,) = alone.rows(Filter(review="reviewed"))
    assert (mine.verdict, mine.verdict_reason, mine.comment) == ("agree", "clear", "own words")
    assert alone.count(Filter(review="unreviewed")) == alone.count() - 1
    assert alone.next_unreviewed(None) is not None


def test_everything_else_is_as_it_was(folder, alone):
    with Store.reading(folder) as store:
        for sort in ("rank", "score", "date", "patient"):
            wanted = Filter(sort=sort)
            assert [(row.key, row.rank, row.score) for row in alone.rows(wanted)] == [
                (row.key, row.rank, row.score) for row in Worklist(store).rows(wanted)
            ]


def test_a_reader_still_cannot_write(folder):
    with Store.reading(folder) as store:
        entries_alone(store.connection, "ewa")
        assert store.connection.execute("PRAGMA query_only").fetchone()[0] == 1
