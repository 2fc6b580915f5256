"""Draws, findings and what is taken over, in the database."""

import sqlite3
from datetime import timedelta

import pytest

from sample_data.results import NOW, PIPELINE, build_results, make_card
from screener.errors import ReviewRefusedError, StoreError
from screener.results import adoption, blind, evidence, summaries
from screener.results.adoption import Adoption
from screener.results.blind import Finding, Reading
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import Band


@pytest.fixture
def store(tmp_path):
    with Store.open(build_results(tmp_path / "results", 120)) as opened:
        yield opened


def begin(store, name="one", size=30, seed=7):
    with store.transaction() as connection:
        number = blind.make(connection, name, seed, Worklist(store).card().thresholds, NOW)
        blind.enlarge(connection, number, size, {}, NOW)
    return blind.find(store, name)


def say(store, *readings):
    with store.transaction() as connection:
        for reading in readings:
            blind.append(connection, reading)


def reading(draw, key, finding=Finding.SUSPICIOUS, reviewer="ewa", second=0):
    return Reading(key, draw.name, reviewer, finding, "", NOW + timedelta(seconds=second))


def test_a_draw_keeps_each_chance(store):
    draw = begin(store)
    bands = {row.key: row.band for row in Worklist(store).rows()}
    assert len(draw.chances) == 30
    for band in (Band.PRIORITY, Band.ELEVATED, Band.ROUTINE):
        drawn = [key for key in draw.chances if bands[key] is band]
        listed = sum(found is band for found in bands.values())
        assert {draw.chances[key] for key in drawn} == {len(drawn) / listed}


def test_only_what_has_a_score_is_drawn(store):
    scored = {row.key for row in Worklist(store).rows() if row.score is not None}
    assert set(begin(store, size=1000).chances) == scored


def test_a_larger_draw_holds_the_smaller_and_knows_its_chances(store):
    before = begin(store)
    with store.transaction() as connection:
        blind.enlarge(connection, before.id, 40, {Band.ROUTINE: 10}, NOW)
    after = blind.find(store)
    assert before.chances.keys() < after.chances.keys()
    assert len(after.chances) == 50
    assert sum(1 / chance for chance in after.chances.values()) == pytest.approx(
        sum(row.score is not None for row in Worklist(store).rows())
    )


def test_the_draw_that_was_enlarged_last_is_the_latest(store):
    older = begin(store, "one")
    begin(store, "two")
    with store.transaction() as connection:
        blind.enlarge(connection, older.id, 40, {}, NOW + timedelta(days=1))
    assert blind.find(store).name == "one"


def test_a_name_is_taken_once(store):
    begin(store)
    with pytest.raises(StoreError, match="one: there is a draw of this name"):
        begin(store)


def test_each_reader_has_an_order_of_their_own_and_always_the_same(store):
    draw = begin(store)
    assert draw.order("ewa") == blind.find(store).order("ewa")
    assert draw.order("ewa") != draw.order("jan")
    assert sorted(draw.order("ewa")) == sorted(draw.chances)


def test_a_change_of_mind_is_a_new_entry_and_the_last_counts(store):
    draw = begin(store)
    key = draw.order("ewa")[0]
    say(store, reading(draw, key), reading(draw, key, Finding.CLEAR, second=1))
    assert [entry.finding for entry in blind.readings(store)] == ["suspicious", "not suspicious"]
    assert evidence.of_draw(store, draw).suspicious == {key: 0}


def test_an_entry_that_is_there_is_not_added_again(store):
    draw = begin(store)
    entry = reading(draw, draw.order("ewa")[0])
    say(store, entry, entry)
    assert blind.readings(store) == [entry]


def test_a_study_that_was_not_drawn_takes_no_finding(store):
    draw = begin(store)
    other = next(row.key for row in Worklist(store).rows() if row.key not in draw.chances)
    with pytest.raises(ReviewRefusedError, match="not among the studies drawn"):
        say(store, reading(draw, other))


def test_readers_who_differ_count_half_and_those_who_cannot_tell_not(store):
    draw = begin(store)
    torn, lost, one = draw.order("ewa")[:3]
    say(
        store,
        reading(draw, torn),
        reading(draw, torn, Finding.CLEAR, "jan"),
        reading(draw, lost, Finding.UNSURE),
        reading(draw, one),
        reading(draw, one, Finding.UNSURE, "jan"),
    )
    found = evidence.of_draw(store, draw)
    assert found.suspicious == {torn: 0.5, one: 1}
    assert (found.unsure, found.unread) == (1, 27)


def test_a_forgotten_study_leaves_the_draw(store):
    draw = begin(store)
    key = draw.order("ewa")[0]
    say(store, reading(draw, key))
    store.forget(key)
    assert key not in blind.find(store).chances
    assert blind.readings(store) == []


def test_scores_of_other_weights_are_not_judged_by_an_old_draw(store):
    draw = begin(store)
    other = make_card("sha256:" + "cd" * 32)
    store.add_weights(other)
    store.begin_run([store.folder], other.digest, device="cpu", pipeline=PIPELINE, started_at=NOW)
    with pytest.raises(StoreError, match="one: drawn from the scores of other weights"):
        evidence.of_draw(store, draw)


ADOPTED = Adoption(0.5, 0.1, -0.4, "blind reading of 30 studies", NOW)


def adopt(store, adopted=ADOPTED):
    with store.transaction() as connection:
        adoption.adopt(connection, adopted)
        summaries.refresh_all(connection)


def bands(store):
    return {row.key: row.band for row in Worklist(store).rows() if row.score is not None}


def test_what_is_taken_over_moves_bands_and_no_score(store):
    before = {row.key: (row.score, row.probabilities) for row in Worklist(store).rows()}
    adopt(store)
    rows = list(Worklist(store).rows())
    assert {row.key: (row.score, row.probabilities) for row in rows} == before
    limits = {"PRIORITY": 0.5, "ELEVATED": 0.1}
    assert bands(store) == {
        row.key: Band.of(row.score, limits) for row in rows if row.score is not None
    }
    ranked = [row.score for row in rows if row.score is not None]
    assert ranked == sorted(ranked, reverse=True)


def test_what_is_scored_later_goes_by_what_was_taken_over(store):
    adopt(store)
    with store.transaction() as connection:
        summaries.refresh_all(connection)
    assert set(bands(store).values()) == {Band.PRIORITY, Band.ELEVATED, Band.ROUTINE}
    assert Worklist(store).card().thresholds == {"PRIORITY": 0.5, "ELEVATED": 0.1}
    assert "blind reading of 30 studies" in Worklist(store).card().threshold_source


def test_taking_back_gives_the_bands_of_before(store):
    before = bands(store)
    adopt(store)
    adopt(store, Adoption(0.9, 0.8, 0, "another", NOW))
    with store.transaction() as connection:
        assert adoption.take_back(connection, NOW).source == "another"
    assert Worklist(store).adoption() == ADOPTED
    with store.transaction() as connection:
        adoption.take_back(connection, NOW)
        summaries.refresh_all(connection)
    assert bands(store) == before
    with store.transaction() as connection, pytest.raises(StoreError, match="nothing is adopted"):
        adoption.take_back(connection, NOW)


def test_what_is_taken_over_holds_for_its_weights_only(store):
    adopt(store)
    other = make_card("sha256:" + "cd" * 32)
    store.add_weights(other)
    store.begin_run([store.folder], other.digest, device="cpu", pipeline=PIPELINE, started_at=NOW)
    assert Worklist(store).adoption() is None
    assert Worklist(store).card().thresholds == other.thresholds


def test_thresholds_that_are_none_are_refused(store):
    with pytest.raises(StoreError, match="not below ELEVATED"):
        adopt(store, Adoption(0.1, 0.5, 0, "", NOW))


def test_the_expected_share_is_the_score_moved_on_the_logit():
    assert Adoption(0.5, 0.1, 0, "", NOW).expected(0.3) == pytest.approx(0.3)
    assert ADOPTED.expected(0.3) == pytest.approx(0.2231, abs=1e-3)


def test_a_reader_of_an_older_database_finds_no_draw(store):
    assert blind.draws(store) == []
    with pytest.raises(StoreError, match="nothing is drawn yet"):
        blind.find(store)
    assert isinstance(store.connection, sqlite3.Connection)
