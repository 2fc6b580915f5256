"""Each figure against a number known from elsewhere."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from trainer.judging.statistics import (
    auc,
    average_precision,
    balanced_accuracy,
    calibration,
    class_figures,
    confusion,
    curve,
    exact,
    proportion,
    share,
    wilson,
)

RANDOM = np.random.default_rng(0)


def test_wilson_of_the_papers_accuracy():
    paper = wilson(613, 637)
    assert paper.percent == "96.2 % (94.5 to 97.5)"


def test_eight_of_eight_has_an_exact_lower_bound_of_63_percent():
    assert exact(8, 8).low == pytest.approx(0.025 ** (1 / 8))
    assert exact(8, 8).percent == "100.0 % (63.1 to 100.0)"


def test_exact_interval_of_one_in_ten():
    # Clopper and Pearson by the beta distribution: 0.002529 to 0.445016
    assert (exact(1, 10).low, exact(1, 10).high) == pytest.approx((0.002529, 0.445016), abs=1e-6)


def test_few_cases_get_the_exact_interval():
    assert proportion(8, 8) == exact(8, 8)
    assert proportion(80, 100) == wilson(80, 100)


def test_no_case_gives_no_figure():
    assert math.isnan(wilson(0, 0).value)
    assert proportion(0, 0).percent == "–"


def test_class_figures_of_a_small_table():
    truth, called = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    counts = confusion(truth, called, 2)
    figures = class_figures(truth, called, np.array(list("abcde")), 0)
    assert counts.tolist() == [[2, 1], [1, 1]]
    assert figures.sensitivity.value == figures.ppv.value == pytest.approx(2 / 3)
    assert figures.f1.value == pytest.approx(2 / 3)
    assert figures.f1.low < 2 / 3 < figures.f1.high
    assert balanced_accuracy(counts) == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_one_film_a_patient_is_a_proportion():
    hits = np.arange(40) < 30
    assert share(hits, [f"p{n}" for n in range(40)]) == proportion(30, 40)


def test_films_that_repeat_their_patient_say_no_more_than_the_patients():
    """Ten films each of twenty patients, all right or all wrong: as twenty films say it."""
    hits = np.repeat(np.arange(20) < 15, 10)
    found = share(hits, np.repeat([f"p{n}" for n in range(20)], 10).tolist())
    alone = exact(15, 20)
    assert (found.value, found.n) == (0.75, 200)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.02)
    assert found.high - found.low > 2 * (exact(150, 200).high - exact(150, 200).low)


def test_where_all_films_agree_the_patients_are_counted():
    found = share(np.ones(50, bool), [f"p{n % 8}" for n in range(50)])
    assert (found.low, found.high) == (pytest.approx(exact(8, 8).low), 1.0)


def test_the_interval_by_patient_holds_what_it_promises():
    """Of 400 draws of 40 patients, about 95 % of intervals hold the true share."""
    draws = np.random.default_rng(5)
    people = np.repeat(np.arange(40), 6).astype(str).tolist()
    held = 0
    for _ in range(400):
        hits = draws.random(240) < np.repeat(draws.beta(1.6, 0.4, 40), 6)  # mean 0.8
        found = share(hits, people)
        held += found.low <= 0.8 <= found.high
    assert 0.92 <= held / 400 <= 0.99


def test_no_film_gives_no_share():
    assert math.isnan(share(np.zeros(0, bool), []).value)


def test_auc_counts_ties_half():
    positive = np.array([True, True, False, False])
    assert auc(positive, np.array([0.9, 0.5, 0.5, 0.1]), "abcd").value == 0.875


def test_curves_and_areas_are_those_of_scikit_learn():
    positive = RANDOM.uniform(size=300) < 0.3
    scores = RANDOM.normal(positive * 1.0).round(1)  # with ties
    points = curve(positive, scores)
    assert auc(positive, scores, ["one"] * 300, resamples=1).value == pytest.approx(
        roc_auc_score(positive, scores)
    )
    assert average_precision(points) == pytest.approx(average_precision_score(positive, scores))
    alarms, hits, _ = roc_curve(positive, scores, drop_intermediate=False)
    assert points.false_positive_rate == pytest.approx(alarms)
    assert points.sensitivity == pytest.approx(hits)


def test_auc_needs_both_kinds():
    assert math.isnan(auc(np.array([True, True]), np.array([0.1, 0.2]), "ab").value)


def test_auc_interval_is_wider_when_images_share_patients():
    positive = np.arange(200) % 2 == 0
    scores = RANDOM.normal(positive * 1.0)
    alone = auc(positive, scores, [str(i) for i in range(200)])
    shared = auc(np.repeat(positive, 4), np.repeat(scores, 4), [str(i // 4) for i in range(800)])
    pretended = auc(np.repeat(positive, 4), np.repeat(scores, 4), [str(i) for i in range(800)])
    assert shared.high - shared.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert pretended.high - pretended.low < 0.6 * (alone.high - alone.low)


def test_curve_ends_at_everything():
    points = curve(np.array([True, False, True]), np.array([0.9, 0.5, 0.2]))
    assert points.sensitivity.tolist() == [0, 0.5, 0.5, 1]
    assert points.false_positive_rate.tolist() == [0, 0, 1, 1]
    assert average_precision(points) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_calibration_of_honest_and_of_exaggerated_probabilities():
    honest = RANDOM.uniform(0.02, 0.98, 20_000)
    positive = RANDOM.uniform(size=20_000) < honest
    right = calibration(positive, honest)
    assert right.error < 0.02
    assert (right.slope, right.intercept) == pytest.approx((1, 0), abs=0.06)
    odds = (honest / (1 - honest)) ** 3
    assert calibration(positive, odds / (1 + odds)).slope == pytest.approx(1 / 3, abs=0.02)


def test_separable_probabilities_have_no_slope():
    assert math.isnan(calibration(np.array([False, True]), np.array([0.1, 0.9])).slope)
