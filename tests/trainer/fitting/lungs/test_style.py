import pytest
import torch

from trainer.fitting.lungs.style import changed
from trainer.recipe import Augment

STYLE = Augment(gamma=0.5, levels=0.2, sharpen=0.5, noise=0.05, letters=0.8, veil=0.8, invert=0.3)
MOTION = Augment(rotate=25, zoom=0.2, shift=0.1, stretch=0.3, flip_horizontal=0.5)


def random():
    return torch.Generator().manual_seed(4)


def batch():
    masks = torch.zeros(6, 1, 48, 48)
    masks[:, :, 10:40, 8:20] = 1
    return 1 - 0.7 * masks, masks


def test_style_moves_no_mask():
    films, masks = batch()
    new, same = changed(films, masks, STYLE, random())
    assert torch.equal(same, masks)
    assert not torch.equal(new, films)
    assert 0 <= new.min() <= new.max() <= 1


def test_film_and_mask_move_together():
    films, masks = changed(*batch(), MOTION, random())
    within = (masks > 0.99) & (films > 0)
    assert not torch.equal(masks, batch()[1])
    assert (films[within] - 0.3).abs().max() < 0.02


def test_the_same_generator_changes_alike():
    first, second = (changed(*batch(), STYLE, random())[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("word", ["letters", "veil", "sharpen", "invert"])
def test_each_change_changes_by_itself(word):
    films, masks = batch()
    assert not torch.equal(changed(films, masks, Augment(**{word: 1.0}), random())[0], films)


def test_an_inverted_film_is_its_negative():
    films, masks = batch()
    assert torch.equal(changed(films, masks, Augment(invert=1.0), random())[0], 1 - films)


def test_nothing_asked_for_changes_nothing():
    films, masks = batch()
    new, same = changed(films, masks, Augment(), random())
    assert torch.equal(new, films)
    assert torch.equal(same, masks)
