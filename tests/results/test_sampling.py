"""Which studies are drawn: known chances, the same ones for a seed, more holding the fewer."""

import pytest

from screener.results import sampling
from screener.study import Band

KEYS = [f"1.2.{number}" for number in range(1000)]


def test_the_top_gives_more():
    populations = {Band.PRIORITY: 500, Band.ELEVATED: 500, Band.ROUTINE: 5000}
    assert sampling.allocate(100, populations) == {
        Band.PRIORITY: 40,
        Band.ELEVATED: 30,
        Band.ROUTINE: 30,
    }


def test_what_a_small_band_lacks_comes_from_the_others():
    wanted = sampling.allocate(100, {Band.PRIORITY: 3, Band.ELEVATED: 500, Band.ROUTINE: 5000})
    assert wanted[Band.PRIORITY] == 3
    assert sum(wanted.values()) == 100


def test_more_than_the_list_has_is_the_whole_list():
    populations = {Band.PRIORITY: 3, Band.ELEVATED: 4, Band.ROUTINE: 5}
    assert sampling.allocate(100, populations) == populations


def test_no_band_with_studies_is_left_out():
    wanted = sampling.allocate(1, {Band.PRIORITY: 900, Band.ROUTINE: 1})
    assert wanted == {Band.PRIORITY: 2, Band.ROUTINE: 1}


def test_the_same_seed_draws_the_same_and_another_others():
    assert sampling.drawn(KEYS, 1, 50) == sampling.drawn(reversed(KEYS), 1, 50)
    assert set(sampling.drawn(KEYS, 1, 50)) != set(sampling.drawn(KEYS, 2, 50))


def test_a_larger_draw_holds_the_smaller():
    assert set(sampling.drawn(KEYS, 1, 50)) < set(sampling.drawn(KEYS, 1, 80))


def test_what_was_drawn_stays_though_others_came():
    before = sampling.drawn(KEYS[:100], 1, 30)
    assert set(before) < set(sampling.drawn(KEYS, 1, 30, before))


def test_every_study_has_the_same_chance_in_its_band():
    counts = dict.fromkeys(KEYS[:20], 0)
    for seed in range(2000):
        for key in sampling.drawn(counts, seed, 5):
            counts[key] += 1
    assert sum(counts.values()) == 2000 * 5
    assert [n / 2000 for n in counts.values()] == pytest.approx([0.25] * 20, abs=0.05)
