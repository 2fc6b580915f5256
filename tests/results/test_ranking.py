"""Scores become one total order."""

from datetime import datetime
from itertools import permutations
from pathlib import Path

from sample_data.results import build_results
from screener.results.ranking import rank, study_result
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import (
    Band,
    Outcome,
    Projection,
    Radiograph,
    RadiographScore,
    Refusal,
    Study,
)

THRESHOLDS = {"PRIORITY": 0.6, "ELEVATED": 0.3}


def radiograph(name: str, key: str = "S") -> Radiograph:
    return Radiograph(
        Path(name), key, "", "", "", None, None, "", Projection.PA, "L", "png", 9, 9, 8, 1, 1
    )


def score(target: float, name: str = "a.png") -> RadiographScore:
    return RadiographScore(radiograph(name), "sha256:0", (1 - target, 0.0, 0.0, target))


def study(key: str = "S", taken_at: datetime | None = None) -> Study:
    return Study(key, "", "", "", taken_at, ())


def result(target: float | None, key: str = "S", taken_at: datetime | None = None):
    return study_result(study(key, taken_at), [] if target is None else [score(target)], [])


def test_a_study_is_as_suspicious_as_its_most_suspicious_radiograph():
    found = study_result(study(), [score(0.2, "a.png"), score(0.7, "b.png")], [])
    assert (found.score, found.label, found.outcome) == (0.7, "covid19", Outcome.SCORED)


def test_a_study_without_scores_tells_the_worst_of_its_refusals():
    refusals = [
        Refusal(Path("a"), Outcome.UNSUITABLE, ""),
        Refusal(Path("b"), Outcome.UNREADABLE, ""),
    ]
    assert study_result(study(), [], refusals).outcome is Outcome.UNREADABLE


def test_a_study_of_which_nothing_was_read_was_not_attempted():
    found = study_result(study(), [], [])
    assert (found.outcome, found.score, found.label) == (Outcome.NOT_ATTEMPTED, None, None)


def test_unscored_come_first_and_without_position():
    ranked = rank([result(0.9, "A"), result(None, "B")], THRESHOLDS)
    assert [(one.position, one.band) for one in ranked] == [
        (None, Band.UNSCORED),
        (1, Band.PRIORITY),
    ]


def test_ties_go_to_the_older_then_the_dated_then_the_key():
    old, new = datetime(2020, 1, 1), datetime(2020, 2, 1)
    studies = [
        result(0.5, "D", old), result(0.5, "A", new), result(0.5, "B"), result(0.5, "C"),
    ]  # fmt: skip
    for order in permutations(studies):
        assert [one.result.study.key for one in rank(order, THRESHOLDS)] == ["D", "A", "B", "C"]


def test_a_threshold_itself_is_in_the_band():
    bands = [one.band for one in rank([result(0.6), result(0.3), result(0.29)], THRESHOLDS)]
    assert bands == [Band.PRIORITY, Band.ELEVATED, Band.ROUTINE]


def test_the_store_has_the_same_order(tmp_path):
    with Store.open(build_results(tmp_path, studies=60)) as store:
        worklist = Worklist(store)
        rows = list(worklist.rows())
        ranked = rank(
            [result(r.score, r.key, r.taken_at) for r in rows], worklist.card().thresholds
        )
    assert [(r.rank, r.band, r.key) for r in rows] == [
        (one.position, one.band, one.result.study.key) for one in ranked
    ]
