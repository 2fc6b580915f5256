"""The level of scores and thresholds moved to it: known numbers."""

from dataclasses import replace

import pytest

from sample_data.results import make_card
from screener.errors import ConfigurationError
from screener.levels import LEVEL, level, moved, reference
from screener.study import Band


def test_a_level_is_the_logit_of_the_lower_quartile():
    assert level([0.5] * 5) == pytest.approx(0)
    assert level([0.2] * 30 + [0.9] * 70) == pytest.approx(-1.386, abs=1e-3)


def test_films_of_the_ill_move_a_level_little_while_they_are_few():
    clear = [0.1 + number / 1000 for number in range(100)]
    assert level([*clear, *[0.99] * 10]) == pytest.approx(level(clear), abs=0.05)


def test_certain_scores_have_a_level_too():
    assert level([0.0, 0.0, 1.0]) < level([1.0, 1.0, 1.0])


def test_thresholds_move_on_the_logit_and_keep_their_order():
    found = moved({"PRIORITY": 0.5, "ELEVATED": 0.2}, 1.0)
    assert found["PRIORITY"] == pytest.approx(0.7311, abs=1e-4)
    assert found["ELEVATED"] == pytest.approx(0.4046, abs=1e-4)
    assert moved({Band.PRIORITY: 0.3}, 0.0)[Band.PRIORITY] == pytest.approx(0.3)


@pytest.mark.parametrize("unseen", [None, [], {}, {LEVEL: None}, {LEVEL: True}, {LEVEL: "low"}])
def test_a_card_that_does_not_know_its_level_is_refused(unseen):
    with pytest.raises(ConfigurationError, match="--adapt: covid-resnet50 does not know"):
        reference(replace(make_card(), metrics={"unseen": unseen}))


def test_a_card_s_level():
    assert reference(replace(make_card(), metrics={"unseen": {LEVEL: -1.25}})) == -1.25
