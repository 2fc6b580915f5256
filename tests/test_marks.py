import pytest

from screener import marks
from screener.study import ActivationMap, Proof

CERTAIN = (0.97, 0.01, 0.01, 0.01)
QUIET = {
    "probabilities": CERTAIN,
    "border_share": 0.3,
    "unexplained": False,
    "spread": 0.01,
    "inverted": False,
    "age": 50,
    "phantom": False,
    "lungs": (),
}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ()),
        ({"border_share": 0.51}, (marks.BORDER,)),
        ({"probabilities": (0.25, 0.25, 0.25, 0.25)}, (marks.UNSURE,)),
        ({"spread": 0.2}, (marks.UNSTEADY,)),
        ({"unexplained": True}, (marks.UNEXPLAINED,)),
        ({"inverted": True}, (marks.INVERTED,)),
        ({"age": 17.9}, (marks.CHILD,)),
        ({"age": None}, (marks.AGE_UNKNOWN,)),
        ({"phantom": True}, (marks.PHANTOM,)),
        ({"lungs": ("the film is tilted",)}, ("the film is tilted",)),
        ({"age": 0.0, "inverted": True}, (marks.INVERTED, marks.CHILD)),
        ({"probabilities": None, "border_share": None, "spread": None, "age": None}, ()),
    ],
)
def test_each_doubt_has_its_words(facts, words):
    assert marks.marks(**(QUIET | facts)) == words


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (None, "not proven yet: screener explain STUDY"),
        (
            Proof(0.93, 0.41, 0.9),
            "with the marked tenth hidden the score goes from 0.930 to 0.410 "
            "(the same marks elsewhere: 0.900)",
        ),
        (
            Proof(0.93, 0.92, 0.9),
            "no part of the picture explains this score: with the marked tenth hidden the score "
            "goes from 0.930 to 0.920 (the same marks elsewhere: 0.900)",
        ),
    ],
)
def test_what_a_map_is_worth_is_said_in_its_place(proof, said):
    assert marks.map_words(ActivationMap(1, 1, b"\xff", proof)) == said


def test_a_radiograph_without_a_map_says_how_to_get_one():
    assert "PRIORITY and ELEVATED" in marks.map_words(None)
    assert "screener explain STUDY" in marks.map_words(None)


def test_entropy_runs_from_certain_to_no_idea():
    assert marks.entropy((1, 0, 0, 0)) == 0
    assert marks.entropy((0.25,) * 4) == pytest.approx(1)


def test_doubt_between_two_other_classes_is_no_doubt_about_the_score():
    assert marks.entropy((0.0, 0.5, 0.5, 0.0)) < marks.UNSURE_ENTROPY


EVEN = [step / 20 for step in range(21)]
METRICS = {"validation": {"scores": EVEN, "distances": EVEN}}


def test_a_scan_like_the_validation_raises_no_alarm():
    values = [step / 100 for step in range(100)]
    assert marks.alarm(values, values, METRICS) is None


def test_strange_radiographs_raise_the_alarm():
    distances = [0.5] * 70 + [2.0] * 30
    said = marks.alarm([0.5], distances, METRICS)
    assert said is not None
    assert said.startswith("30 of 100 radiographs look unlike the training data")
    assert said.endswith("do not trust the ranking")


def test_everything_scored_alike_raises_the_alarm():
    assert "scores" in (marks.alarm([0.99] * 40, [0.5] * 40, METRICS) or "")


def test_as_many_as_are_needed_raise_the_alarm():
    assert marks.alarm([0.99] * marks.FEWEST_FOR_ALARM, [], METRICS) is not None
    assert marks.alarm([0.5], [9.0] * marks.FEWEST_FOR_ALARM, METRICS) is not None


def test_a_few_studies_or_an_uncalibrated_card_raise_none():
    assert marks.alarm([0.99] * 19, [9.0] * 19, METRICS) is None
    assert marks.alarm([0.99] * 40, [9.0] * 40, {}) is None


def test_the_shift_of_scores_is_the_largest_gap():
    assert marks.score_shift([0.0] * 10, EVEN) == pytest.approx(1, abs=0.06)
    assert marks.score_shift([step / 1000 for step in range(1000)], EVEN) < 0.01


def test_a_proof_is_told_with_the_score_and_what_chance_does():
    assert marks.proof_words(Proof(0.93, 0.41, 0.9)) == (
        "with the marked tenth hidden the score goes from 0.930 to 0.410"
        " (the same marks elsewhere: 0.900)"
    )
