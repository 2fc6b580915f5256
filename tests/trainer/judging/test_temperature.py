import numpy as np
import pytest

from screener.study import TARGET
from trainer.judging.calibrate import reliability
from trainer.judging.temperature import fit_temperature, halves, held_out_scores


def test_the_temperature_undoes_overconfidence():
    draws = np.random.default_rng(0)
    logits = draws.normal(size=(4000, 4)).astype(np.float32) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (draws.random((4000, 1)) > shares.cumsum(1)).sum(1)
    assert fit_temperature(logits * 3, truth) == pytest.approx(3, rel=0.1)


def test_a_network_that_is_always_right_gets_the_least_temperature():
    assert fit_temperature(np.eye(4, dtype=np.float32), np.arange(4)) == 0.05


def test_reliability_is_told_of_patients_who_did_not_set_the_temperature():
    """Two kinds of patients whose best temperatures are 1 and 5: each gets the other's."""
    draws = np.random.default_rng(0)
    sure = draws.normal(size=(2000, 4)).astype(np.float32) * 2
    shares = np.exp(sure) / np.exp(sure).sum(1, keepdims=True)
    truth = (draws.random((2000, 1)) > shares.cumsum(1)).sum(1)
    who = draws.integers(0, 60, 2000)
    people = [f"p{n}" for n in who]
    positive = truth == TARGET
    half = halves(people, positive)
    logits = np.where(half[:, None], sure * 5, sure)
    found = reliability(positive, held_out_scores(logits, truth, people, positive))
    own = reliability(positive, shares[:, TARGET])
    assert own["ece"] < 0.05 < found["ece"]
    assert not {who[place] for place in np.flatnonzero(half)} & {
        who[place] for place in np.flatnonzero(~half)
    }
