"""Two themes of few colours: one for a dark reading room, one for daylight.

Any other Textual theme works too; the bands then keep the colours they have here.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from screener.errors import ConfigurationError
from screener.study import Band
from screener.text import closest

DARK = {
    "band-priority": "#ff8a65",
    "band-elevated": "#e3b341",
    "band-routine": "#86b8a0",
    "band-unscored": "#9aa4b2",
    "band-waiting": "#8d97a5",
    "band-other": "#8d97a5",
    "mark": "#e3b341",
    "track": "#333a44",
    "text-muted": "#8d97a5",
    "footer-background": "#0c0e12",
    "footer-key-foreground": "#8ab4d8",
    "footer-description-foreground": "#8d97a5",
    "input-selection-background": "#8ab4d8 30%",
    "scrollbar": "#2a313b",
    "scrollbar-background": "#0c0e12",
    "scrollbar-corner-color": "#0c0e12",
}
LIGHT = {
    "band-priority": "#b3361b",
    "band-elevated": "#855c00",
    "band-routine": "#2b6b52",
    "band-unscored": "#566070",
    "band-waiting": "#5a6370",
    "band-other": "#5a6370",
    "mark": "#855c00",
    "track": "#cfd0cc",
    "text-muted": "#5a6370",
    "footer-background": "#f5f4f0",
    "footer-key-foreground": "#1f5a8c",
    "footer-description-foreground": "#5a6370",
    "input-selection-background": "#1f5a8c 25%",
    "scrollbar": "#cfd0cc",
    "scrollbar-background": "#f5f4f0",
    "scrollbar-corner-color": "#f5f4f0",
}

READING_ROOM = Theme(
    name="reading-room",
    primary="#8ab4d8",
    secondary="#8d97a5",
    accent="#8ab4d8",
    warning="#e3b341",
    error="#ff8a65",
    success="#86b8a0",
    foreground="#d7dce3",
    background="#0c0e12",
    surface="#14181e",
    panel="#1c222b",
    dark=True,
    variables=DARK,
)
DAYLIGHT = Theme(
    name="daylight",
    primary="#1f5a8c",
    secondary="#5a6370",
    accent="#1f5a8c",
    warning="#855c00",
    error="#b3361b",
    success="#2b6b52",
    foreground="#20252c",
    background="#f5f4f0",
    surface="#ffffff",
    panel="#e6e5e0",
    dark=False,
    variables=LIGHT,
)


def own_variables(*, dark: bool) -> dict[str, str]:
    """The colours that Textual's own themes do not know."""
    names = [*(f"band-{band.lower()}" for band in Band), "mark", "track"]
    colours = DARK if dark else LIGHT
    return {name: colours[name] for name in names}


def chosen(name: str | None) -> str:
    """The name of a theme there is; the reading room's when none is asked for.

    Raises:
        ConfigurationError: there is no such theme.
    """
    names = [READING_ROOM.name, DAYLIGHT.name, *BUILTIN_THEMES]
    if name and name not in names:
        cure = closest(name, names) or f"; choose from {', '.join(names)}"
        raise ConfigurationError(f"--theme {name}: no such theme{cure}")
    return name or READING_ROOM.name
