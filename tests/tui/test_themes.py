"""Text is legible in both themes: WCAG 2 contrast of at least 4.5 on every ground it stands on."""

import pytest
from textual.color import Color

from screener.errors import ConfigurationError
from screener.tui import themes

INKS = ("band-priority", "band-elevated", "band-routine", "band-unscored", "mark", "text-muted")


def luminance(colour):
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one, other):
    low, high = sorted(luminance(Color.parse(colour).normalized) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [themes.READING_ROOM, themes.DAYLIGHT])
@pytest.mark.parametrize("ink", INKS)
def test_inks_are_legible(theme, ink):
    grounds = (theme.background, theme.surface, theme.panel)
    assert min(contrast(theme.variables[ink], ground) for ground in grounds) >= 4.5


def test_unknown_theme_is_refused_with_the_choice():
    with pytest.raises(ConfigurationError, match="daylight"):
        themes.chosen("sunset")


def test_textual_themes_work():
    assert themes.chosen("nord") == "nord"
