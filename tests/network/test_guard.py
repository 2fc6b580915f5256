import csv

import numpy as np
import pytest

from sample_data.phantom import Variant, expose
from screener.card import WeightsCard
from screener.network import guard
from screener.network.guard import Gaussian, Guard
from screener.reading import pixels
from screener.reading.inspect import inspect
from trainer.judging import guard_fit
from trainer.judging.guard_fit import Seen, limit_for
from trainer.judging.predict import read_squares
from trainer.manifest import read_manifest


def squares_of(pictures):
    return np.stack([pixels.square(picture, 96) for picture in pictures])


@pytest.fixture(scope="module")
def frontal():
    return squares_of([expose(Variant.CLEAR, seed, (96, 96)) for seed in range(16)])


@pytest.fixture(scope="module")
def fitted(frontal):
    """A guard of phantoms, whose features are noise."""
    draws = np.random.default_rng(0)
    train, val = (
        Seen(part, draws.normal(size=(len(part), 20)).astype(np.float32), ("phantom",) * len(part))
        for part in (frontal[:10], frontal[10:])
    )
    return guard_fit.fit(train, val)


@pytest.fixture(scope="module")
def usual(fitted):
    """Pooled features in the middle of the training's."""
    return lambda squares: np.tile(fitted.features.mean, (len(squares), 1))


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (2.5, "distance 2.50, limit 1.00"),
        (1.0004, "distance 1.0004, limit 1.0000"),
        (1.0000001, "distance 1.0000001, limit 1.0000000"),
    ],
)
def test_a_distance_has_the_digits_that_tell_it_from_the_limit(distance, said):
    assert said in (guard.reason(distance, 1.0, inverted=False) or "")


def test_training_points_are_at_distance_one():
    points = np.random.default_rng(0).normal(size=(3000, 12)).astype(np.float32)
    assert Gaussian.fit(points, axes=4).distance(points).mean() == pytest.approx(1, abs=0.01)


def test_a_point_far_along_the_noise_is_far():
    draws = np.random.default_rng(0)
    points = np.zeros((500, 6), np.float32)
    points[:, 0] = 10 * draws.normal(size=500)
    points += 0.1 * draws.normal(size=points.shape).astype(np.float32)
    gaussian = Gaussian.fit(points, axes=1)
    along, across = np.zeros((2, 1, 6), np.float32)
    along[0, 0] = across[0, 1] = 5
    assert gaussian.distance(along)[0] < 1 < 100 < gaussian.distance(across)[0]


def test_outlines_do_not_see_contrast_or_brightness(frontal):
    darker = (frontal * 0.5 + 40).astype(np.uint8)
    a, b = guard.outlines(frontal), guard.outlines(darker)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98


def test_outlines_hold_at_another_input_size():
    pictures = [expose(Variant.CLEAR, 3, (96, 96))]
    small, large = (np.stack([pixels.square(p, size) for p in pictures]) for size in (128, 256))
    a, b = guard.outlines(small), guard.outlines(large)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(
    "change",
    [
        lambda squares: squares[:, ::-1],
        lambda squares: np.rot90(squares, axes=(1, 2)),
        lambda squares: np.repeat(squares[:, :, :48], 2, axis=2),
        lambda squares: np.random.default_rng(0).permuted(squares, axis=1),
    ],
    ids=["upside down", "on its side", "half a chest", "shuffled"],
)
def test_a_chest_that_is_not_upright_and_whole_is_refused(fitted, usual, frontal, change):
    changed = np.ascontiguousarray(change(frontal[10:]))
    assert (fitted.distance(changed, usual(changed)) > fitted.limit).all()


def test_a_lateral_phantom_is_refused_and_the_frontal_ones_are_not(fitted, usual, frontal):
    lateral = squares_of([expose(Variant.CLEAR, 1, (96, 96), from_the_side=True)])
    assert fitted.distance(lateral, usual(lateral))[0] > fitted.limit
    assert (fitted.distance(frontal, usual(frontal)) <= fitted.limit).mean() > 0.9


def test_strange_features_alone_are_refused(fitted, usual, frontal):
    strange = usual(frontal) + 30
    assert (fitted.distance(frontal, strange) > fitted.limit).all()


def test_negatives_are_told_from_positives(fitted, frontal):
    assert not fitted.looks_inverted(frontal).any()
    assert fitted.looks_inverted(255 - frontal).all()


def test_the_guard_is_the_same_after_storing(fitted, usual, frontal):
    card = WeightsCard("test", "0", guard=guard_fit.to_card(fitted))
    stored = Guard.from_weights(card, guard_fit.to_tensors(fitted))
    assert stored is not None
    before, after = (g.distance(frontal, usual(frontal)) for g in (fitted, stored))
    assert np.array_equal(before, after)


def test_weights_without_statistics_have_no_guard():
    assert Guard.from_weights(WeightsCard("test", "0"), {}) is None


def test_the_limit_accepts_nearly_all_of_each_source():
    distances = np.concatenate([np.linspace(0, 1, 900), np.linspace(2, 3, 50)]).astype(np.float32)
    limit = limit_for(distances, ["big"] * 900 + ["small"] * 50)
    assert (distances[900:] > limit).mean() <= 0.02


def test_a_handful_of_images_does_not_set_the_limit():
    distances = np.array([1.0] * 990 + [9.0] * 5, np.float32)
    assert limit_for(distances, ["big"] * 990 + ["odd"] * 5) == 1


def test_the_reason_offers_the_cure_for_a_negative():
    assert guard.reason(1.0, 1.0, inverted=True) is None
    assert "--fix-inverted" in (guard.reason(2.0, 1.0, inverted=True) or "")
    assert "limit 1.00" in (guard.reason(2.0, 1.0, inverted=False) or "")


@pytest.mark.slow
def test_real_radiographs_pass_and_other_pictures_do_not(shared):
    """Outlines alone, no network: the figures that the issue asks for."""
    entries = read_manifest(shared / "adults")
    kept = {split: [e for e in entries if e.split == split] for split in ("train", "val")}
    seen = {}
    for split, listed in kept.items():
        squares = np.stack([s for batch in read_squares(listed, 224, 64) for _, s in batch])
        seen[split] = Seen(squares, np.zeros((len(squares), 4), np.float32), ())
    outline = Gaussian.fit(guard.outlines(seen["train"].squares), guard_fit.OUTLINE_AXES)
    own = outline.distance(guard.outlines(seen["val"].squares))
    limit = np.percentile(own, guard_fit.ACCEPTED)
    with (shared / "not-radiographs" / "index.csv").open() as stream:
        names = [row["path"] for row in csv.DictReader(stream) if row["kind"] != "web-cxr"]
    refused = 0
    for name in names:
        picture = pixels.picture(shared / "not-radiographs" / name)
        square = pixels.square(picture.gray, 224)[None]
        far = outline.distance(guard.outlines(square))[0] > limit
        refused += inspect(picture) is not None or far
    assert (own > limit).mean() <= 0.02
    assert refused >= 0.9 * len(names)
