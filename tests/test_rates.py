"""What a card says of films like this one, in words, and what it does not say."""

import pytest

from screener.card import WeightsCard
from screener.rates import Shown, alike, ranges, rates

HALF = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 1200}


def card(**unseen):
    return WeightsCard("w", "1", metrics={"unseen": unseen})


def like(start, end, covid19, n=50):
    counts = {"from": start, "to": end, "films": n, "covid19": covid19}
    return counts | {"value": covid19 / n, "low": 0.3, "high": 0.7, "n": n}


TWO = card(scored_like=[like(0, 0.25, 5), like(0.25, 1, 40)])


def test_a_score_is_told_by_the_range_that_it_lies_in():
    assert [alike(TWO, score).covid19 for score in (0.0, 0.2499, 0.25, 1.0)] == [5, 5, 40, 40]
    assert str(alike(TWO, 0.9)) == (
        "Of films scored like this one (0.25 to 1.00), in hospitals not seen, 40 of 50 were "
        "COVID-19 (30 to 70 %)."
    )


def test_rates_stand_in_the_order_of_what_was_shown_whatever_the_cards_order():
    own = {"PRIORITY": HALF, "ELEVATED or higher": HALF}
    found = rates(card(rates={"clear": own, "COVID-19": own, "cats": own}))
    assert [rate.shown for rate in found] == [Shown.COVID19, Shown.CLEAR]
    assert found[0].cells == ("COVID-19", "1,200", "50 % (40 to 60)", "50 % (40 to 60)")


def test_what_was_chosen_has_no_interval():
    own = dict.fromkeys(("PRIORITY", "ELEVATED or higher"), HALF | {"low": None, "high": None})
    (found,) = rates(card(rates={"COVID-19": own}))
    assert str(found.priority) == "50 % (chosen)"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {"rates": [], "scored_like": {}},
        {"rates": {"clear": 1}, "scored_like": [1]},
        {"rates": {"clear": {"PRIORITY": HALF}}, "scored_like": [{"from": 0, "to": 1}]},
        {"rates": {"clear": {"PRIORITY": HALF, "ELEVATED or higher": {**HALF, "low": None}}}},
        {"scored_like": [{**like(0, 1, 5), "value": 3}]},
        {"scored_like": [{**like(0, 1, 5), "n": 0}]},
    ],
)
def test_a_card_that_says_something_else_says_nothing(broken):
    told = WeightsCard("w", "1", metrics={"unseen": broken})
    assert rates(told) == []
    assert list(ranges(told)) == []
    assert alike(told, 0.5) is None
