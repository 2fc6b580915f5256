"""The steps joined: every file found has its place, and a second scan does only what is new."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import screener
from screener import marks
from screener.card import load_card, save_card
from screener.errors import DeviceLostError, StoreBusyError, WeightsError
from screener.events import (
    BatchScored,
    FilesFound,
    RadiographRefused,
    Remarked,
    ScanFinished,
    ScanStarted,
    StudyScored,
)
from screener.network.engine import opening
from screener.plan import Settings
from screener.reading import pixels
from screener.reading.decode import CRASHED
from screener.results import adoption
from screener.results.adoption import UNLABELLED, Adoption
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import dry_run, scan
from screener.study import Outcome, Refusal


def never() -> bool:
    return False


def events_of(settings, stop=never):
    return list(scan(settings, stop))


def only(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def settings(phantoms, weights, tmp_path_factory):
    return Settings((phantoms,), tmp_path_factory.mktemp("results"), weights, batch_size=4)


@pytest.fixture(scope="module")
def first(settings):
    return events_of(settings)


@pytest.fixture(scope="module")
def second(settings, first):
    return events_of(settings)


def test_events_come_in_their_order(first):
    assert isinstance(first[0], ScanStarted)
    assert isinstance(first[1], FilesFound)
    assert isinstance(first[-1], ScanFinished)


def test_every_phantom_is_scored_or_refused_once(first):
    end = first[-1]
    assert (end.found, end.scored, end.unsuitable, end.unreadable) == (17, 14, 2, 1)
    assert len(only(RadiographRefused, first)) == 3


def test_every_study_is_told_once(first):
    keys = [event.result.study.key for event in only(StudyScored, first)]
    assert len(keys) == len(set(keys)) == first[-1].studies == 15


def test_a_run_keeps_the_options_it_was_made_with(first, settings):
    with Store.reading(settings.results) as store:
        assert Worklist(store).runs()[0].options == settings.options


def test_the_store_has_what_was_told(first, settings):
    with Store.open(settings.results) as store:
        counts = Worklist(store).counts()
        rows = {row.key: row.score for row in Worklist(store).rows()}
    assert counts.found == counts.scored + counts.unsuitable + counts.unreadable == 17
    assert rows == {e.result.study.key: e.result.score for e in only(StudyScored, first)}


def test_a_phantom_that_says_so_is_never_shown_as_a_patient(settings, first):
    with Store.open(settings.results) as store:
        rows = list(Worklist(store).rows())
    marked = [row for row in rows if marks.PHANTOM in row.marks]
    assert len(marked) == 12  # the others are refused, or PNG files, which have no header to say it


def test_limits_that_a_site_took_over_decide_which_films_get_a_map(phantoms, weights, tmp_path):
    films = shutil.copytree(phantoms / "01-clear", tmp_path / "films")
    settings = Settings((films,), tmp_path / "results", weights, guarded=False)
    limits = Adoption(1.0, 1.0, 0.0, "blind reading of 9 studies", datetime(2026, 3, 1, tzinfo=UTC))
    assert mapped_after_adopting(settings, limits) == 0
    lower = replace(limits, elevated=0.0)
    assert mapped_after_adopting(settings, lower) == 1
    unlabelled = replace(lower, source=f"{UNLABELLED} of 100 films of one scan")
    with Store.open(settings.results) as store, store.transaction() as connection:
        connection.execute("DELETE FROM adoption")
    assert mapped_after_adopting(settings, limits) == 0
    assert mapped_after_adopting(settings, unlabelled) == 0


def mapped_after_adopting(settings, limits):
    """How many films a scan gives a map, once limits of the bands were taken over."""
    events_of(settings)
    with Store.open(settings.results) as store, store.transaction() as connection:
        adoption.adopt(connection, limits)
    events_of(replace(settings, rescore=True))
    with Store.open(settings.results) as store:
        worklist = Worklist(store)
        films = [film for row in worklist.rows() for film in worklist.radiographs(row.key)]
    return sum(film.activation is not None for film in films)


def test_the_audit_has_the_time_of_each_stage(settings, first):
    lines = map(json.loads, (settings.results / "audit.jsonl").read_text().splitlines())
    scored = [line["ms"] for line in lines if line.get("outcome") == "scored"]
    assert len(scored) == 14
    assert all(ms["decode"] > 0 and ms["score"] > 0 for ms in scored)


def test_the_times_of_the_stages_are_parts_of_the_whole(settings, first):
    end = first[-1]
    assert list(end.stages) == ["survey", "decode", "network", "store"]
    assert all(spent > 0 for spent in end.stages.values())
    assert sum(end.stages.values()) <= end.seconds
    lines = map(json.loads, (settings.results / "audit.jsonl").read_text().splitlines())
    timed = next(line for line in lines if line["event"] == "scanned")
    assert timed["stages"] == pytest.approx(end.stages, abs=0.001)


def test_a_device_that_is_lost_is_told_and_the_scan_ends_on_the_cpu(
    phantoms, weights, tmp_path, monkeypatch
):
    events = events_of(losing(Settings((phantoms,), tmp_path, weights, batch_size=4), monkeypatch))
    assert [e.words for e in only(Remarked, events)] == [
        "a GPU stopped answering; the scan begins again on the CPU"
    ]
    assert len(only(ScanStarted, events)) == 2
    assert (events[-1].found, events[-1].scored) == (17, 14)
    with Store.reading(tmp_path) as store:
        assert Worklist(store).counts().scored == 14


def test_no_film_is_scored_twice_for_a_program_that_lost_its_device(phantoms, weights, monkeypatch):
    losing(None, monkeypatch)
    told = list(screener.score(phantoms, weights=weights))
    paths = [one.path if isinstance(one, Refusal) else one.radiograph.path for one in told]
    assert len(paths) == len(set(paths)) == 17


def losing(settings, monkeypatch):
    """Let the first engine that a scan opens fail at its second batch, as a lost GPU does."""
    opened, engines = opening.opened, []

    def failing(*arguments):
        engine = opened(*arguments)
        engines.append(engine)
        if len(engines) == 1:
            look, looks = engine.look, []

            def lost(squares):
                looks.append(len(squares))
                if len(looks) > 2:
                    raise DeviceLostError("a GPU stopped answering")
                return look(squares)

            engine.look = lost
        return engine

    monkeypatch.setattr(opening, "opened", failing)
    return settings


def test_a_second_scan_scores_nothing_again(second):
    assert only(BatchScored, second)[0].reused == 14


def test_a_second_scan_tries_the_damaged_file_again(second):
    assert only(BatchScored, second)[-1] == replace(
        only(BatchScored, second)[-1], radiographs=15, total=15, reused=14
    )


def test_a_second_scan_repeats_no_line_of_the_audit(settings, second):
    lines = [*map(json.loads, (settings.results / "audit.jsonl").read_text().splitlines())]
    outcomes = Counter((line["path"], line["outcome"]) for line in lines if line["event"] == "file")
    assert len(outcomes) == 17
    again = [outcome for (_, outcome), number in outcomes.items() if number == 2]
    assert again == ["unreadable"]  # which is tried again each time
    assert [line["files"] for line in lines if line["event"] == "known"] == [0, 16]


def test_a_second_scan_tells_the_same_results(first, second):
    def told(events):
        return {event.result.study.key: event.result for event in only(StudyScored, events)}

    assert told(second) == told(first)


def test_rescoring_scores_all_again(settings, second):
    assert only(BatchScored, events_of(replace(settings, rescore=True)))[0].reused == 0


def test_recalibrated_weights_score_anew_and_the_old_results_stay(weights, phantoms, tmp_path):
    mine = tmp_path / "weights"
    shutil.copytree(weights, mine)
    (tmp_path / "films").mkdir()
    shutil.copy(phantoms / "01-clear" / "pa.dcm", tmp_path / "films")
    settings = Settings((tmp_path / "films",), tmp_path / "results", mine, batch_size=4)
    (one,) = only(StudyScored, events_of(settings))
    save_card(mine, replace(load_card(mine), temperature=20.0))
    (other,) = only(StudyScored, events_of(settings))
    assert load_card(mine).digest == load_card(weights).digest
    assert one.result.score != other.result.score
    with Store.open(settings.results) as store:
        assert len(list(store.query("SELECT 1 FROM result"))) == 2
        assert Worklist(store).card().temperature == 20.0
    save_card(mine, load_card(weights))
    again = events_of(settings)
    assert only(StudyScored, again)[0].result.score == one.result.score
    assert only(BatchScored, again)[-1].reused == 1


def test_a_copy_under_another_name_is_not_scored_again(weights, phantoms, tmp_path, monkeypatch):
    shutil.copytree(phantoms / "01-clear", tmp_path / "in" / "a")
    settings = Settings((tmp_path / "in",), tmp_path / "out", weights)
    before = events_of(settings)
    shutil.copytree(phantoms / "01-clear", tmp_path / "in" / "b")
    monkeypatch.setattr("screener.network.score.Scorer.score", None)
    after = events_of(settings)
    assert (before[-1].scored, after[-1].scored) == (1, 2)


def test_other_settings_make_other_results():
    usual = Settings((), None, None)
    changed = replace(usual, guarded=False, fix_inverted=True, views=4)
    assert usual.pipeline == pixels.PIPELINE
    assert changed.pipeline == f"{pixels.PIPELINE}+no-guard+fix-inverted+tta4"


def test_the_audit_log_has_a_line_for_each_file(first, settings):
    text = (settings.results / "audit.jsonl").read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if line["event"] == "file"]
    assert len({line["path"] for line in lines if line["event"] == "file"}) == 17
    assert {line["outcome"] for line in lines} == {"scored", "unsuitable", "unreadable"}


def test_a_dry_run_writes_nothing(phantoms, weights, tmp_path):
    events = list(dry_run(Settings((phantoms,), tmp_path / "out", weights), never))
    assert (events[-1].found, events[-1].not_attempted, events[-1].unsuitable) == (17, 15, 2)
    assert not (tmp_path / "out").exists()


def test_stopped_in_the_walk_it_records_nothing(phantoms, weights, tmp_path):
    events = events_of(Settings((phantoms,), tmp_path, weights), stop=lambda: True)
    assert events[-1].interrupted
    assert list(tmp_path.iterdir()) == []


def test_a_scan_into_a_folder_in_use_is_refused(settings, first):
    with Store.writing(settings.results), pytest.raises(StoreBusyError, match="another scan"):
        events_of(settings)


def test_missing_weights_are_an_error_before_anything_is_written(phantoms, tmp_path):
    with pytest.raises(WeightsError, match="no weights card"):
        events_of(Settings((phantoms,), tmp_path / "out", tmp_path))
    assert not (tmp_path / "out").exists()


def test_refusals_do_not_wait_for_a_batch_to_fill(weights, phantoms, tmp_path):
    """A folder of damaged files alone still tells how far it is."""
    damaged = phantoms / "12-damaged" / "pa.dcm"
    for number in range(20):
        shutil.copy(damaged, tmp_path / f"{number}.dcm")
    events = events_of(Settings((tmp_path,), tmp_path / "out", weights, batch_size=2))
    assert len(only(BatchScored, events)) > 2
    assert {e.refusal.outcome for e in only(RadiographRefused, events)} == {Outcome.UNREADABLE}


def test_a_decoder_ended_together_with_the_scan_condemns_no_film(settings, tmp_path, monkeypatch):
    """A service's SIGTERM reaches the workers too: what they were reading still waits."""
    ended = []

    def decoders_end(radiographs, *_, **__):
        ended.append(True)
        for one in radiographs:
            yield Refusal(one.path, Outcome.UNREADABLE, CRASHED, one.study_key)

    monkeypatch.setattr("screener.computing.decode_all", decoders_end)
    own = replace(settings, results=tmp_path / "out")
    assert events_of(own, lambda: bool(ended))[-1].interrupted
    with Store.open(own.results) as store:
        assert CRASHED not in {refusal.reason for refusal in Worklist(store).refusals()}
