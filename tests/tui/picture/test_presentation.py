"""Windowing, zoom, pan and lines on known pixels."""

import numpy as np
import pytest

from screener.contours import Contour
from screener.tui.picture import halfblock
from screener.tui.picture.presentation import (
    MAX_ZOOM,
    PRESETS,
    Presentation,
    draw,
    preset,
    reduce,
)

RAMP = np.linspace(0, 1, 100, dtype=np.float32)[None, :].repeat(100, axis=0)
UPRIGHT = (Contour((255, 0, 0), (((0.25, 0.0), (0.25, 1.0)),)),)
"""A line at a quarter of the width."""


def test_keeps_the_aspect_ratio():
    assert draw(np.zeros((200, 100), np.float32), Presentation(), (80, 40)).shape == (40, 20, 3)


def test_never_mirrors():
    row = draw(RAMP, Presentation(), (10, 10))[5, :, 0]
    assert (np.diff(row.astype(int)) > 0).all()


def test_window_clips_outside_and_spreads_inside():
    row = draw(RAMP, Presentation(window=0.5, level=0.5), (100, 100))[0, :, 0].astype(int)
    assert (row[10], row[90]) == (0, 255)
    assert row[50] == pytest.approx(128, abs=4)


def test_inversion_swaps_dark_and_bright():
    shown = draw(RAMP, Presentation(), (50, 50)).astype(int)
    inverted = draw(RAMP, Presentation(inverted=True), (50, 50)).astype(int)
    assert np.abs(255 - shown - inverted).max() <= 2


def test_zoom_fills_the_room_and_shows_the_centre():
    row = draw(RAMP, Presentation(zoom=4), (40, 40))[0, :, 0].astype(int)
    assert row.mean() == pytest.approx(127, abs=4)
    assert np.ptp(row) < 80


def test_pan_stops_at_the_edge():
    assert Presentation(zoom=2).panned(-9, 9) == Presentation(zoom=2, x=0.25, y=0.75)


def test_pan_does_nothing_where_the_picture_fits():
    assert Presentation().panned(0.5, 0.5) == Presentation()


def test_zoom_has_limits():
    assert Presentation().zoomed(1000).zoom == MAX_ZOOM
    assert Presentation().zoomed(0.001).zoom == 1.0


def coloured(drawn):
    """Columns of a picture in which a line is."""
    return np.unique(np.nonzero(drawn[..., 0] != drawn[..., 2])[1]).tolist()


def test_lines_change_only_the_pixels_on_them():
    gray = np.full((100, 100), 0.5, np.float32)
    plain, drawn = (draw(gray, Presentation(), (20, 20), lines) for lines in ((), UPRIGHT))
    assert drawn.shape == plain.shape
    assert coloured(drawn) in ([4], [5])
    assert (drawn != plain).any(axis=2).sum() == 20


def test_lines_move_with_the_picture():
    gray = np.full((100, 100), 0.5, np.float32)
    enlarged = Presentation(zoom=2, x=0.25)
    assert coloured(draw(gray, enlarged, (20, 20), UPRIGHT)) in ([9], [10])
    assert coloured(draw(gray, Presentation(zoom=2, x=0.75), (20, 20), UPRIGHT)) == []


def test_large_pictures_are_reduced():
    assert reduce(np.zeros((4096, 2048), np.float32)).shape == (2048, 1024)


def test_two_pixels_share_a_cell():
    pixels = np.array([[[255, 0, 0]], [[0, 0, 255]]], np.uint8)
    [segment] = halfblock.strips(pixels)[0]
    assert segment.style.color.triplet == (255, 0, 0)
    assert segment.style.bgcolor.triplet == (0, 0, 255)


def test_equal_cells_become_one_run():
    [strip] = halfblock.strips(np.zeros((2, 30, 3), np.uint8))
    assert [segment.text for segment in strip] == ["▀" * 30]


def test_values_are_said():
    assert str(Presentation(0.8, 0.4, True, 2.0)) == "W 80% L 40% · zoom 2.0x · inverted"


def test_a_window_widens_and_narrows_within_its_limits():
    half = Presentation(window=0.5)
    assert half.windowed(1.2).window == pytest.approx(0.6)
    assert half.windowed(0.5).window == pytest.approx(0.25)
    assert (half.windowed(100).window, half.windowed(1e-6).window) == (2.0, 0.02)


def test_the_magnifier_enlarges_what_it_is_over():
    gray = np.zeros((300, 300), np.float32)
    gray[95:105, 95:105] = 1.0  # a nodule of ten pixels at a third
    shown = Presentation(lens=(1 / 3, 1 / 3))
    plain, lens = (draw(gray, one, (300, 300))[..., 0] > 127 for one in (Presentation(), shown))
    inside = lens[40:160, 40:160]
    assert plain.sum() == pytest.approx(100, abs=25)
    assert inside[10:-10, 10:-10].sum() == pytest.approx(900, rel=0.15)  # three times either way


@pytest.mark.parametrize("place", [(0, 0), (1, 1), (0.5, 1)])
def test_the_magnifier_stays_within_the_picture(place):
    picture = draw(RAMP, Presentation(lens=place), (40, 40))
    assert picture.shape == draw(RAMP, Presentation(), (40, 40)).shape


def test_the_arrows_move_the_magnifier_and_not_the_picture():
    shown = Presentation(zoom=2, lens=(0.5, 0.5)).panned(0.2, 0)
    assert (shown.x, shown.y) == (0.5, 0.5)
    assert shown.lens == pytest.approx((0.6, 0.5))
    assert Presentation(lens=(0.9, 0.5)).panned(0.5, 0).lens == (1.0, 0.5)
    assert "lens 6.0x" in str(shown)


def test_windows_by_name_follow_the_films_own_grays():
    gray = (RAMP * 0.5 + 0.2).astype(np.float32)  # from 0.2 to 0.7
    settings = {name: preset(gray, low, high) for name, low, high in PRESETS}
    assert settings["whole"] == (1.0, 0.5)
    for name, low, high in PRESETS[1:]:
        window, level = settings[name]
        assert level - window / 2 == pytest.approx(0.2 + 0.5 * low / 100, abs=0.01)
        assert level + window / 2 == pytest.approx(0.2 + 0.5 * high / 100, abs=0.01)


def test_a_blank_film_has_a_window_all_the_same():
    window, level = preset(np.full((9, 9), 0.3, np.float32), 1, 60)
    assert (window, level) == (0.02, pytest.approx(0.3))
