import pytest

from sample_data.results import NOW
from screener.results.agreement import Agreement, agreements, cohen_kappa
from screener.study import Review, Verdict


def test_kappa_of_a_textbook_table():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)


def test_complete_agreement_is_one():
    assert cohen_kappa([("a", "a"), ("b", "b")]) == 1


@pytest.mark.parametrize("pairs", [[], [("a", "a")] * 3])
def test_it_is_undefined_where_chance_alone_agrees(pairs):
    assert cohen_kappa(pairs) is None


def review(key: str, verdict: Verdict | None, label: str | None = None) -> Review:
    return Review(key, "anna", verdict, label, False, "", NOW)


def test_the_last_entry_of_a_study_counts():
    entries = [
        review("1", Verdict.DISAGREE, "viral"),
        review("1", Verdict.AGREE),
        review("2", Verdict.DISAGREE, "normal"),
        review("3", Verdict.DISAGREE),
        review("4", None),
        review("5", Verdict.AGREE),
    ]
    labels = dict.fromkeys("12345", "covid19")
    assert agreements(entries, labels) == {"anna": Agreement(3, 2, 0.0)}
