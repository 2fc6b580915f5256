"""A site's own figures: known numbers, and intervals that hold the truth as often as they say."""

import math

import numpy as np
import pytest

from screener.results.assessment import agreements, assess, auc, band_figures, intercept, operating
from screener.results.narrowing import halving
from screener.results.resampling import Case, Figure, Resampler
from screener.results.site import STRATA, threshold_for

BANDS = {"PRIORITY": 0.6, "ELEVATED": 0.25}
CUTS = tuple(BANDS.values())
EDGES = ((0.6, 2.0), (0.25, 0.6), (-1.0, 0.25))


def case(key, score, suspicious, patient=None):
    return Case(str(key), patient or f"P{key}", score, float(suspicious))


def read(scores, suspicious, sizes, dice):
    """A sample of each band of a list, drawn by lot."""
    chosen = []
    for (low, high), size in zip(EDGES, sizes, strict=True):
        band = np.flatnonzero((scores >= low) & (scores < high))
        chosen += [case(i, scores[i], suspicious[i]) for i in dice.permutation(band)[:size]]
    return chosen


LIST = [0.9] * 10 + [0.4] * 20 + [0.1] * 70
ALL_READ = [
    case(number, score, number in (*range(8), *range(10, 15), *range(30, 37)))
    for number, score in enumerate(LIST)
]
"""A list of 100 that is read whole: 8 of 10, 5 of 20 and 7 of 70 are suspicious."""


@pytest.fixture(scope="module")
def whole():
    return assess(ALL_READ, LIST, BANDS, BANDS)


def test_a_list_read_whole_gives_its_own_shares(whole):
    assert [band.share.value for band in whole.bands] == pytest.approx([0.8, 0.25, 0.1])
    assert [band.number.value for band in whole.bands] == pytest.approx([8, 5, 7])
    assert whole.prevalence.value == pytest.approx(0.2)


def test_a_threshold_of_a_list_read_whole(whole):
    row = whole.at("ELEVATED")
    assert row.above == 30
    assert row.sensitivity.value == pytest.approx(13 / 20)
    assert row.specificity.value == pytest.approx(63 / 80)
    assert row.ppv.value == pytest.approx(13 / 30)
    assert row.npv.value == pytest.approx(63 / 70)
    assert (row.sensitivity.n, row.ppv.n) == (20, 30)


def test_a_band_of_which_a_tenth_is_read_counts_tenfold():
    cases = [*ALL_READ[:30], *ALL_READ[30:31], *ALL_READ[37:43]]  # 1 suspicious of 7 from ROUTINE
    row = operating(Resampler(cases, LIST, CUTS), 0.25)
    assert row.sensitivity.value == pytest.approx(13 / (13 + 10))
    assert row.npv.value == pytest.approx(6 / 7)


def test_the_area_counts_pairs_and_ties_half():
    sampler = Resampler(ALL_READ, LIST, CUTS)
    pairs = 8 * (15 + 63 + 2 / 2) + 5 * (63 + 15 / 2) + 7 * 63 / 2
    assert auc(sampler).value == pytest.approx(pairs / (20 * 80))


def test_the_shift_makes_the_mean_score_the_share():
    found = intercept(Resampler(ALL_READ, LIST, CUTS))
    scores = np.array(LIST)
    moved = 1 / (1 + (1 - scores) / scores * math.exp(-found.value))
    assert moved.mean() == pytest.approx(0.2, abs=1e-4)
    assert found.low < found.value < found.high


def test_none_of_sixty_is_not_none():
    cases = [case(n, 0.9, 1) for n in range(60)] + [case(n, 0.1, 0) for n in range(100, 160)]
    population = [0.9] * 60 + [0.1] * 6000
    row = operating(Resampler(cases, population, CUTS), 0.6)
    assert row.sensitivity.value == 1
    assert row.sensitivity.low < 0.3, "up to 4 % of 6000 may be suspicious and unread"


def test_nothing_is_said_where_a_band_is_not_read():
    cases = ALL_READ[:30]
    found = assess(cases, LIST, BANDS, BANDS)
    assert found.blank == ("ROUTINE",)
    assert found.at("ELEVATED").sensitivity == Figure(None, None, None, 13)
    assert not found.auc.known
    assert not found.intercept.known
    assert found.bands[0].share.value == pytest.approx(0.8)


def test_bands_of_today_need_not_be_those_that_were_drawn():
    today = {"PRIORITY": 0.8, "ELEVATED": 0.05}
    shares = [band.share for band in band_figures(Resampler(ALL_READ, LIST, CUTS), today)]
    assert shares[0].value == pytest.approx(0.8)
    assert shares[1].value == pytest.approx(12 / 90)
    assert not shares[2].known


def test_many_studies_of_one_patient_say_less():
    apart = Resampler([case(n, 0.9, n % 2) for n in range(40)], [0.9] * 400, CUTS)
    same = Resampler([case(n, 0.9, n % 2, f"P{n % 4}") for n in range(40)], [0.9] * 400, CUTS)
    widths = [next(iter(band_figures(sampler, BANDS))).share for sampler in (apart, same)]
    assert widths[1].high - widths[1].low > 1.5 * (widths[0].high - widths[0].low)


def test_kappa_is_cohens_where_all_weigh_the_same():
    cases = [case(n, 0.9, 1) for n in range(100)]
    said = {
        "anna": {str(n): n < 50 for n in range(100)},
        "jan": {str(n): n < 40 or n >= 90 for n in range(100)},
    }
    (found,) = agreements(Resampler(cases, [0.9] * 100, CUTS), said)
    assert found.same == 80
    assert found.kappa.value == pytest.approx(0.6)
    assert found.kappa.low < 0.6 < found.kappa.high


def test_readers_who_always_agree_are_not_sure_to():
    cases = [case(n, 0.9, n < 5) for n in range(10)]
    said = {name: {str(n): n < 5 for n in range(10)} for name in ("anna", "jan")}
    (found,) = agreements(Resampler(cases, [0.9] * 10, CUTS), said)
    assert found.kappa.value == 1
    assert found.kappa.low < 0.9


def test_a_threshold_holds_the_sensitivity_that_was_asked_for():
    sampler = Resampler(ALL_READ, LIST, CUTS)
    assert threshold_for(sampler, 0.65) == 0.4
    assert threshold_for(sampler, 0.66) == 0.1


def test_what_would_narrow_is_where_much_is_unread():
    cases = [*ALL_READ[:30], *ALL_READ[35:95]]  # 2 of 60 from ROUTINE
    population = [*LIST, *[0.1] * 2000]
    advice = halving(Resampler(cases, population, CUTS), 0.25, "sensitivity", STRATA)
    assert set(advice.more) == {"ROUTINE"}
    assert advice.factor < 0.6
    said = operating(Resampler(cases, population, CUTS), 0.25).sensitivity
    share = len(cases[30:]) + advice.more["ROUTINE"]
    grown = [*cases, *(case(f"x{n}", 0.1, n % 30 == 0) for n in range(share - 60))]
    then = operating(Resampler(grown, population, CUTS), 0.25).sensitivity
    assert (then.high - then.low) / (said.high - said.low) == pytest.approx(advice.factor, abs=0.15)


def test_a_list_read_whole_can_be_narrowed_by_nothing():
    advice = halving(Resampler(ALL_READ, LIST, CUTS), 0.25, "sensitivity", STRATA)
    assert advice.more == {}


def people(number, dice, shift):
    """Scores and truth of a population whose readers call about so many suspicious."""
    scores = dice.beta(0.4, 1.2, number)
    logits = np.log(np.clip(scores, 1e-6, 1) / np.clip(1 - scores, 1e-6, 1))
    return scores, dice.random(number) < 1 / (1 + np.exp(-0.8 * logits - shift))


def truths(shift):
    """The figures of the whole population, from a million of it."""
    scores, suspicious = people(1_000_000, np.random.default_rng(99), shift)
    ranks = scores.argsort().argsort()
    yes = suspicious.sum()
    above = scores >= 0.25
    area = (ranks[suspicious].sum() - yes * (yes - 1) / 2) / yes / (~suspicious).sum()
    return {
        "sensitivity": suspicious[above].sum() / yes,
        "specificity": (~suspicious)[~above].sum() / (~suspicious).sum(),
        "ppv": suspicious[above].mean(),
        "top sensitivity": suspicious[scores >= 0.6].sum() / yes,
        "between": suspicious[scores >= 0.4].sum() / yes,
        "routine": suspicious[~above].mean(),
        "auc": area,
    }


@pytest.mark.parametrize("shift", [-0.5, -2.0])
def test_intervals_hold_the_truth_as_often_as_they_say(shift):
    truth = truths(shift)
    held = dict.fromkeys(truth, 0)
    replicates = 200
    for seed in range(replicates):
        dice = np.random.default_rng(seed)
        scores, suspicious = people(1500, dice, shift)
        cases = read(scores, suspicious, (80, 60, 60), dice)
        sampler = Resampler(cases, scores, CUTS, resamples=400, seed=seed)
        row = operating(sampler, 0.25)
        found = {
            "sensitivity": row.sensitivity,
            "specificity": row.specificity,
            "ppv": row.ppv,
            "top sensitivity": operating(sampler, 0.6).sensitivity,
            "between": operating(sampler, 0.4).sensitivity,
            "routine": list(band_figures(sampler, BANDS))[2].share,
            "auc": auc(sampler),
        }
        for name, figure in found.items():
            held[name] += figure.low <= truth[name] <= figure.high
    coverage = {name: number / replicates for name, number in held.items()}
    assert all(0.90 <= share <= 0.99 for share in coverage.values()), coverage
