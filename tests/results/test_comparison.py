"""Two rankings beside each other: pairs, changes and agreement."""

import pytest

from screener.results.beside import Standing
from screener.results.comparison import compare, notable
from screener.study import Band

LIMITS = {"PRIORITY": 0.6, "ELEVATED": 0.3}


def standing(key, rank, score, digest=""):
    band = Band.of(score, LIMITS)
    return Standing(key, key, rank, band, score, frozenset([digest] if digest else []))


def ranking(**scores):
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    return [standing(key, rank, score) for rank, (key, score) in enumerate(ranked, 1)]


def test_changes_are_told_apart():
    old = ranking(a=0.9, b=0.5, c=0.4, d=0.1, e=0.05)
    new = ranking(a=0.9, b=0.35, c=0.4, d=0.7, f=0.02)
    found = compare(old, new)
    changes = {pair.any.key: pair.change for pair in found.pairs}
    assert changes == {
        "a": "none", "b": "rank", "c": "none", "d": "band", "f": "only new", "e": "only old"
    }  # fmt: skip
    assert {pair.any.key: pair.moved for pair in found.pairs}["d"] == 2
    assert [pair.any.key for pair in notable(found.pairs)] == ["d", "f", "e", "b"]
    assert found.bands == ((1, 0, 0), (0, 2, 0), (1, 0, 0))


def test_a_study_of_another_key_is_known_by_its_files():
    old = [standing("here/a", 1, 0.5, "sha256:1"), standing("here/b", 2, 0.4, "sha256:1")]
    new = [standing("there/a", 1, 0.5, "sha256:1"), standing("there/c", 2, 0.4, "sha256:2")]
    pairs = [(p.old and p.old.key, p.new and p.new.key) for p in compare(old, new).pairs]
    assert pairs == [("here/a", "there/a"), (None, "there/c"), ("here/b", None)]


def test_rank_correlation_is_spearmans_with_its_interval():
    old = ranking(a=0.9, b=0.8, c=0.7, d=0.6, e=0.5)
    new = ranking(a=0.8, b=0.9, c=0.7, d=0.6, e=0.5)
    found = compare(old, new).correlation
    assert found.value == pytest.approx(0.9)
    assert (found.low, found.high) == (
        pytest.approx(-0.169, abs=2e-3),
        pytest.approx(0.996, abs=2e-3),
    )
    assert found.n == 5


def test_kappa_of_bands_is_cohens_with_its_interval():
    scores = {f"p{n}": 0.9 for n in range(20)} | {f"r{n}": 0.1 for n in range(20)}
    moved = scores | {f"p{n}": 0.1 for n in range(5)} | {f"r{n}": 0.9 for n in range(5)}
    found = compare(ranking(**scores), ranking(**moved)).kappa
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    assert found.high - found.low == pytest.approx(4 * 0.137, abs=0.06)
    assert found.n == 40


def test_what_is_not_defined_is_none():
    alike = compare(ranking(a=0.9, b=0.8), ranking(a=0.9, b=0.8))
    assert (alike.correlation.value, alike.kappa.value, alike.kappa.n) == (None, None, 2)
    assert compare([], []).kappa.value is None
