import math

import pytest

from screener.study import Band

LIMITS = {"PRIORITY": 0.5, "ELEVATED": 0.2}


@pytest.mark.parametrize(
    ("score", "band"),
    [(0.5, Band.PRIORITY), (0.49, Band.ELEVATED), (0.2, Band.ELEVATED), (0.19, Band.ROUTINE)],
)
def test_a_band_begins_at_its_least_score(score, band):
    assert Band.of(score, LIMITS) is band


@pytest.mark.parametrize(
    ("score", "thresholds"),
    [
        (math.nan, LIMITS),
        (math.inf, LIMITS),
        (0.1, {}),
        (0.9, {}),
        (0.1, {"PRIORITY": 0.5}),
        (0.1, {"ELEVATED": 0.2}),
        (0.1, {"PRIORITY": math.nan, "ELEVATED": 0.2}),
        (0.9, {"PRIORITY": 0.5, "ELEVATED": math.nan}),
    ],
)
def test_routine_is_never_a_default(score, thresholds):
    assert Band.of(score, thresholds) is Band.UNSCORED
