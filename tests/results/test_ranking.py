"""Scores become one total order."""

from datetime import datetime
from itertools import permutations
from math import nextafter
from pathlib import Path

from screener.results.ranking import place, study_result
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


def order(*studies: tuple[float | None, str, datetime | None]) -> list[str]:
    """The keys of some studies in the order of their places."""
    return [key for _, key in sorted((where(*study), study[1]) for study in studies)]


def where(score: float | None, key: str, taken_at: datetime | None = None) -> str:
    taken = taken_at.isoformat(timespec="microseconds") if taken_at else ""
    return place(score, Band.of(score, THRESHOLDS), taken, key)


def test_unscored_come_first_then_the_bands_then_the_scores():
    studies = [(0.1, "E", None), (0.9, "B", None), (0.5, "D", None), (None, "A", None)]
    assert order(*studies, (0.65, "C", None)) == ["A", "B", "C", "D", "E"]


def test_what_is_not_scored_yet_comes_last():
    later = place(None, Band.WAITING, "", "A")
    assert later > max(where(score, "Z") for score in (None, 0.9, 0.1, 0.0))


def test_ties_go_to_the_older_then_the_dated_then_the_key():
    old, new = datetime(2020, 1, 1), datetime(2020, 2, 1)
    studies = [(0.5, "D", old), (0.5, "A", new), (0.5, "B", None), (0.5, "C", None)]
    assert all(order(*turned) == ["D", "A", "B", "C"] for turned in permutations(studies))


def test_scores_that_differ_in_the_last_bit_have_an_order():
    assert order((0.5, "A", None), (nextafter(0.5, 1), "B", None)) == ["B", "A"]


def test_a_threshold_itself_is_in_the_band():
    bands = [Band.of(score, THRESHOLDS) for score in (0.6, 0.3, 0.29, None)]
    assert bands == [Band.PRIORITY, Band.ELEVATED, Band.ROUTINE, Band.UNSCORED]
