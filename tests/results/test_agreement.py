from datetime import timedelta

import pytest

from sample_data.results import NOW
from screener.results.agreement import agreements
from screener.study import Review, Verdict

COVID = dict.fromkeys("12345", "covid19")


def review(key: str, verdict: Verdict | None, label: str | None = None, who: str = "anna"):
    return Review(key, who, verdict, label, False, "", NOW)


def all_say(who: str, classes: str):
    """Entries on studies 1, 2, ...: c COVID-19, n normal, v viral, - no verdict."""
    names = {"n": "normal", "v": "viral"}
    for key, letter in zip("12345", classes, strict=False):
        if letter == "c":
            yield review(key, Verdict.AGREE, who=who)
        elif letter in names:
            yield review(key, Verdict.DISAGREE, names[letter], who)


def test_the_last_entry_of_a_study_counts():
    entries = [
        review("1", Verdict.DISAGREE, "viral"),
        review("1", Verdict.AGREE),
        review("2", Verdict.DISAGREE, "normal"),
        review("3", Verdict.DISAGREE),
        review("4", None),
        review("5", Verdict.AGREE),
    ]
    found = agreements(entries, COVID).with_model["anna"]
    assert (found.studies, found.agreed) == (3, 2)
    assert found.kappa.value == 0  # the model always says the same: what chance gives


def test_two_reviewers_are_set_beside_each_other_over_what_both_judged():
    entries = [*all_say("anna", "ccnn-"), *all_say("jan", "cnn-c")]
    found = agreements(entries, COVID)
    ((pair, one),) = found.between.items()
    assert pair == ("anna", "jan")
    assert (one.studies, one.agreed) == (3, 2)
    assert one.kappa.value == pytest.approx(0.4)  # observed 2/3, expected 4/9
    assert one.kappa.low <= one.kappa.value <= one.kappa.high
    assert found.of_all is None


def test_three_reviewers_have_one_figure_over_what_all_judged():
    entries = [*all_say("a", "cccc"), *all_say("b", "ccnn"), *all_say("c", "ccnn-")]
    found = agreements(entries, COVID)
    assert found.of_all.n == 4
    # Two studies alike, two with a third of the pairs alike; shares 8/12 and 4/12.
    assert found.of_all.value == pytest.approx((2 / 3 - 5 / 9) / (4 / 9))
    assert set(found.between) == {("a", "b"), ("a", "c"), ("b", "c")}


def test_who_shares_no_study_with_anybody_is_set_beside_the_model_alone():
    later = NOW + timedelta(hours=1)
    entries = [*all_say("anna", "cc"), Review("5", "jan", Verdict.AGREE, None, False, "", later)]
    found = agreements(entries, COVID)
    assert set(found.with_model) == {"anna", "jan"}
    assert not found.between
