import pytest
import torch

from trainer.fitting.augment import augment
from trainer.recipe import Augment

EVERYTHING = Augment(15, 0.2, 0.1, 0.5, 0.5, 0.3, 0.4, 0.5, 0.03, 0.5, 0.5)


def gray():
    return torch.rand(6, 1, 32, 32, generator=torch.Generator().manual_seed(1))


def generator():
    return torch.Generator().manual_seed(2)


def test_nothing_asked_for_changes_nothing():
    assert torch.equal(augment(gray(), Augment(), generator()), gray())


def test_the_same_generator_gives_the_same_batch():
    first, second = (augment(gray(), EVERYTHING, generator()) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, gray())


def test_values_stay_between_black_and_white():
    changed = augment(gray(), EVERYTHING, generator())
    assert changed.shape == (6, 1, 32, 32)
    assert 0 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize(("word", "axis"), [("flip_vertical", 2), ("flip_horizontal", 3)])
def test_a_flip_turns_its_own_axis(word, axis):
    changed = augment(gray(), Augment(**{word: 1.0}), generator())
    torch.testing.assert_close(changed, gray().flip(axis), atol=1e-5, rtol=0)


def test_a_frame_is_blacked_out_and_the_centre_kept():
    changed = augment(gray(), Augment(frame=1.0), generator())
    assert changed[:, :, 0].max() == changed[..., -1].max() == 0
    assert torch.equal(changed[:, :, 8:24, 8:24], gray()[:, :, 8:24, 8:24])


def test_a_rotation_keeps_within_its_degrees():
    line = torch.zeros(50, 1, 65, 65)
    line[:, :, 32] = 1
    changed = augment(line, Augment(rotate=10.0), generator())
    ends = changed[:, 0, :, 52].argmax(1) - 32  # 20 px right of the centre
    assert 2 <= ends.abs().max() <= 4  # tan(10 degrees) * 20 = 3.5


def test_light_changes_contrast_around_the_middle_gray():
    middle = torch.full((64, 1, 8, 8), 0.5)
    changed = augment(middle, Augment(lighting=0.2), generator())
    assert (changed - 0.5).abs().max() <= 0.1 + 1e-6
    assert (changed > 0.5).any()
    assert (changed < 0.5).any()


def test_blur_leaves_those_alone_that_it_does_not_choose():
    before = gray()
    changed = augment(before, Augment(blur=0.5), generator())
    same = [torch.equal(one, other) for one, other in zip(before, changed, strict=True)]
    assert 0 < sum(same) < len(same)
