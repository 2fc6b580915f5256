"""One pass gives everything, and gives it again bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sample_data.phantom import Variant, expose
from sample_data.weights import INPUT_SIZE, tiny_network
from screener.card import WeightsCard
from screener.errors import DeviceError, DeviceLostError
from screener.lungs import UNSURE
from screener.network import device, lungs
from screener.network.batch import to_input
from screener.network.engine.torch_engine import TorchEngine, is_lost
from screener.network.guard import Guard
from screener.network.score import TOLERANCE, Scorer
from screener.reading import pixels
from screener.reading.decode import Decoded
from screener.study import Band, Maps, Outcome, Refusal, suspicion
from tests.results.test_ranking import radiograph

CARD = WeightsCard("test", "0", input_size=INPUT_SIZE, temperature=40.0)


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture(scope="module")
def batch():
    dice = np.random.default_rng(0)
    return [
        Decoded(radiograph(f"{i}.png"), f"sha256:{i}", square)
        for i, square in enumerate(dice.integers(0, 256, (12, INPUT_SIZE, INPUT_SIZE), np.uint8))
    ]


def scorer(network, batch_size=4, card=CARD, **options):
    engine = TorchEngine(network, card, device.choose("cpu", batch_size=batch_size))
    return Scorer(engine, card, lungs=lungs.ready(), **options)


def test_probabilities_are_those_of_the_plain_network(network, batch):
    squares = torch.from_numpy(np.stack([one.square for one in batch]))
    with torch.inference_mode():
        logits = network(to_input(squares, CARD.mean, CARD.std))
    expected = torch.softmax(logits.double() / CARD.temperature, dim=1)
    got = torch.tensor([one.probabilities for one in scorer(network).score(batch)])
    assert torch.allclose(got.double(), expected, atol=TOLERANCE)


def test_probabilities_sum_to_one(network, batch):
    for one in scorer(network).score(batch):
        assert sum(one.probabilities) == pytest.approx(1)


def test_neighbours_and_place_in_the_batch_change_no_bit(network, batch):
    ready = scorer(network)
    together = ready.score(batch)
    assert ready.score(batch[::-1]) == together[::-1]
    assert [ready.score([one])[0] for one in batch] == together


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_other_batch_sizes_agree_within_the_tolerance(network, batch, batch_size):
    some = scorer(network).score(batch)
    other = scorer(network, batch_size).score(batch)
    for one, two in zip(some, other, strict=True):
        assert one.probabilities == pytest.approx(two.probabilities, abs=TOLERANCE)


def banded(network, batch, **options):
    """Scores with thresholds that put some of the batch into each band."""
    plain = scorer(network, maps=Maps.NONE).score(batch)
    low, high = (sorted(suspicion(one.probabilities) for one in plain)[i] for i in (4, 8))
    card = replace(CARD, thresholds={"PRIORITY": high, "ELEVATED": low})
    ready = scorer(network, card=card, **options)
    return [
        (Band.of(suspicion(one.probabilities), card.thresholds), one) for one in ready.score(batch)
    ]


def test_the_upper_bands_have_a_proven_map_and_routine_has_none(network, batch):
    scored = banded(network, batch)
    assert len({band for band, _ in scored}) == 3
    for band, one in scored:
        assert (one.activation is None) == (one.border_share is None) == (band is Band.ROUTINE)
        assert (one.lungs is None) == (band is Band.ROUTINE)
        if one.activation:
            assert (one.activation.rows, one.activation.columns) == (4, 4)
            proof = one.activation.proof
            assert proof.whole == pytest.approx(suspicion(one.probabilities), abs=TOLERANCE)
            assert len({proof.whole, proof.hidden, proof.moved}) == 3


def test_limits_that_a_site_took_over_decide_which_radiographs_have_a_map(network, batch):
    card = replace(CARD, thresholds={"PRIORITY": 1.0, "ELEVATED": 1.0})
    own = scorer(network, card=card).score(batch)
    assert not any(one.activation for one in own)
    low = sorted(suspicion(one.probabilities) for one in own)[6]
    taken_over = scorer(network, card=card, thresholds={"PRIORITY": 1.0, "ELEVATED": low})
    for one in taken_over.score(batch):
        assert (one.activation is not None) == (suspicion(one.probabilities) >= low)


def test_a_chest_with_a_map_has_its_lungs_and_the_share_of_the_map_within(network):
    square = pixels.square(expose(Variant.CLEAR, 1, (160, 160)), INPUT_SIZE)
    _, _, found = scorer(network).explain(square)
    assert len(found.polygons) == 2
    assert found.marks == ()
    assert 0 < found.map_inside < 1


def test_noise_has_no_sure_lungs_and_says_so(network, batch):
    _, _, found = scorer(network).explain(batch[0].square)
    assert (found.polygons, found.map_inside, found.marks) == ((), None, (UNSURE,))


def test_without_the_lungs_weights_there_is_a_map_alone(network, batch):
    ready = Scorer(TorchEngine(network, CARD, device.choose("cpu", batch_size=4)), CARD)
    activation, _, outline = ready.explain(batch[0].square)
    assert activation.proof
    assert outline is None


def test_a_fast_map_is_the_same_map_without_its_proof(network, batch):
    proven = [one.activation for _, one in banded(network, batch)]
    fast = [one.activation for _, one in banded(network, batch, maps=Maps.FAST)]
    assert [one and replace(one, proof=None) for one in proven] == fast
    assert any(fast)


def test_a_map_does_not_depend_on_its_neighbours(network, batch):
    ready = scorer(network, card=replace(CARD, thresholds={"PRIORITY": 0.0, "ELEVATED": 0.0}))
    assert [ready.score([one])[0] for one in batch[:3]] == ready.score(batch)[:3]


@pytest.mark.parametrize("refusing", [True, False])
def test_an_answer_that_is_no_number_is_a_refusal(batch, refusing):
    broken = tiny_network()
    torch.nn.init.constant_(broken.head[-1].weight, float("nan"))
    (refusal,) = scorer(broken, refusing=refusing).score(batch[:1])
    assert isinstance(refusal, Refusal)
    assert refusal.digest == batch[0].digest
    assert "no number" in refusal.reason


def test_without_augmentation_there_is_no_spread(network, batch):
    assert scorer(network).score(batch[:1])[0].spread is None


def test_augmentation_gives_a_spread(network, batch):
    assert scorer(network, views=3).score(batch[:1])[0].spread > 0


def make_guard(limit: float) -> Guard:
    """A guard of noise, for which a picture that is brighter above is a negative."""
    from screener.network import guard

    dice = np.random.default_rng(0)
    points = guard.outlines(dice.integers(0, 256, (9, INPUT_SIZE, INPUT_SIZE), np.uint8))
    outline = guard.Gaussian.fit(points, 2)
    features = guard.Gaussian.fit(dice.random((9, 2048), np.float32), 2)
    polarity = np.linspace(-1, 1, guard.COARSE**2, dtype=np.float32)
    return Guard(outline, features, (1.0, 1.0), polarity, limit)


def test_the_guard_refuses_what_is_too_far(network, batch):
    (refusal,) = scorer(network, guard=make_guard(limit=0.0)).score(batch[:1])
    assert isinstance(refusal, Refusal)
    assert (refusal.outcome, refusal.digest) == (Outcome.UNSUITABLE, batch[0].digest)


def test_a_guard_that_does_not_refuse_still_measures(network, batch):
    (one,) = scorer(network, guard=make_guard(limit=0.0), refusing=False).score(batch[:1])
    assert one.distance > 0


def test_a_negative_is_scored_as_its_positive(network, batch):
    ramp = np.tile(np.linspace(0, 255, INPUT_SIZE).astype(np.uint8), (INPUT_SIZE, 1)).T.copy()
    pair = [replace(batch[0], square=ramp), replace(batch[0], square=255 - ramp)]
    ready = scorer(network, guard=make_guard(limit=float("inf")), fix_inverted=True)
    positive, negative = ready.score(pair)
    assert (positive.inverted, negative.inverted) == (False, True)
    assert positive.probabilities == negative.probabilities


def test_the_callers_squares_stay_as_they_are(network, batch):
    before = batch[0].square.copy()
    scorer(network, guard=make_guard(limit=0.0), fix_inverted=True).score(batch[:1])
    assert (batch[0].square == before).all()


class Hungry(torch.nn.Module):
    """A body that cannot hold more than so many images."""

    def __init__(self, body, most):
        super().__init__()
        self.body, self.most = body, most

    def forward(self, pixels):
        if len(pixels) > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return self.body(pixels)


def test_the_batch_is_halved_when_memory_is_short(network, batch):
    ready, usual = scorer(network, 8), scorer(network, 2)
    ready._engine._body = Hungry(ready._engine._body, most=1)
    assert [one.digest for one in ready.score(batch)] == [one.digest for one in usual.score(batch)]
    assert ready._engine.part == 1
    assert [words for words in ready.remarks() if "not enough memory" in words] != []


def test_a_halved_batch_is_told_once(network, batch):
    ready = scorer(network, 8)
    ready._engine._body = Hungry(ready._engine._body, most=1)
    ready.score(batch)  # halved twice
    assert len(ready.remarks()) == 1
    assert ready.remarks() == []


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (RuntimeError("CUDA error: unspecified launch failure"), True),
        (RuntimeError("CUDA error: GPU is lost"), True),
        (RuntimeError("MPS backend failed"), True),
        (RuntimeError("expected input to have 3 channels"), False),
    ],
)
def test_a_device_that_failed_is_told_from_what_cannot_be_computed(error, lost):
    assert is_lost(error) is lost


def test_what_fails_on_a_gpu_is_a_lost_device(network, batch):
    ready = scorer(network)
    ready._engine._device = replace(ready._engine._device, kind="cuda", name="a GPU")
    ready._engine._input = Gone("CUDA error: GPU is lost")
    with pytest.raises(DeviceLostError, match="a GPU stopped answering"):
        ready.score(batch)
    with pytest.raises(DeviceLostError, match="a GPU stopped answering"):
        ready.explain(batch[0].square)


class Gone:
    """Fails as a GPU does that fell off its bus."""

    def __init__(self, words):
        self.words = words

    def __call__(self, squares):
        raise RuntimeError(self.words)


def test_no_memory_for_one_image_is_an_error_with_its_cure(network, batch):
    ready = scorer(network)
    ready._engine._body = Hungry(ready._engine._body, most=0)
    with pytest.raises(DeviceError, match="not enough memory"):
        ready.score(batch)


def test_other_failures_are_not_taken_for_memory(network, batch):
    wrong = [replace(batch[0], square=np.zeros((1, 1), np.uint8))]
    ready = scorer(network)
    ready._engine._body = torch.nn.Conv2d(7, 7, 1)
    with pytest.raises(RuntimeError, match="channels"):
        ready.score(wrong)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_agrees_with_the_cpu(network, batch):
    some = scorer(network).score(batch)
    other = Scorer(TorchEngine(tiny_network(), CARD, device.choose("cuda")), CARD).score(batch)
    for one, two in zip(some, other, strict=True):
        assert one.probabilities == pytest.approx(two.probabilities, abs=0.01)
