"""Style randomisation: what it changes, what it keeps, and that a seed decides it."""

import pytest
import torch

from trainer.fitting import style
from trainer.recipe import Augment


def films(side=96):
    """Eight films of different brightness with fine detail."""
    random = torch.Generator().manual_seed(1)
    return (torch.rand(8, 1, side, side, generator=random) + torch.arange(8).view(8, 1, 1, 1)) / 9


def generator(seed=2):
    return torch.Generator().manual_seed(seed)


def test_nothing_asked_for_changes_nothing():
    assert style.restyle(films(), Augment(), generator()) is not None
    assert torch.equal(style.restyle(films(), Augment(), generator()), films())


@pytest.mark.parametrize("word", ["style", "amplitudes", "frame_exchange"])
def test_a_seed_decides_and_values_stay_between_black_and_white(word):
    rules = Augment(**{word: 1.0})
    first, second = (style.restyle(films(), rules, generator()) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, style.restyle(films(), rules, generator(3)))
    assert first.shape == films().shape
    assert 0 <= first.min() <= first.max() <= 1


def test_about_as_many_films_are_changed_as_asked_for():
    many = films(16).repeat(100, 1, 1, 1)
    changed = style.restyle(many, Augment(style=0.4), generator())
    share = (changed != many).flatten(1).any(1).float().mean().item()
    assert share == pytest.approx(0.4, abs=0.05)


def test_a_frame_comes_from_another_film_and_the_centre_stays():
    changed = style.restyle(films(), Augment(frame_exchange=1.0), generator())
    assert torch.equal(changed[..., 20:76, 20:76], films()[..., 20:76, 20:76])
    corners = {film[0, 0, 0].item() for film in films()}
    assert {film[0, 0, 0].item() for film in changed} <= corners
    assert not torch.equal(changed[..., 0, :], films()[..., 0, :])


def test_exchanged_amplitudes_leave_fine_detail_alone():
    own, partner = films()[:1] * 0.5 + 0.2, films()[7:] * 0.5 + 0.2
    changed = style._exchange_amplitudes(own, partner, generator())
    before, after = torch.fft.rfft2(own), torch.fft.rfft2(changed)
    torch.testing.assert_close(
        after[..., 10:40, 10:40], before[..., 10:40, 10:40], atol=1e-3, rtol=0
    )
    assert own.mean() < changed.mean() < partner.mean()


def test_sharpening_raises_and_lost_resolution_lowers_fine_detail():
    def detail(gray):
        return (gray[..., 1:] - gray[..., :-1]).abs().mean().item()

    film = films()[3:4] * 0.3 + 0.3
    assert detail(style._sharpen(film, generator())) > 1.3 * detail(film)
    assert detail(style._resolution(film, generator())) < 0.9 * detail(film)


def test_local_contrast_takes_the_coarse_brightness_away():
    ramp = torch.linspace(0, 1, 96).expand(1, 1, 96, 96).clone()
    changed = style._local_contrast(ramp, generator())
    assert changed[..., 48, 70] - changed[..., 48, 26] < 0.8 * (
        ramp[..., 48, 70] - ramp[..., 48, 26]
    )
    torch.testing.assert_close(changed[..., 48, 47:49].mean(), torch.tensor(0.5), atol=0.02, rtol=0)


def test_a_mean_is_the_mean_of_its_square():
    film = films()[:1]
    expected = film[0, 0, 8:13, 18:23].mean()
    torch.testing.assert_close(style._mean(film, 5)[0, 0, 10, 20], expected)
