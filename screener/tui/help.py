"""Help on where one is: the keys that work here and now, with what each does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screener.tui.dialogs import Dialog
from screener.tui.wording import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.app import ComposeResult
    from textual.binding import ActiveBinding
    from textual.screen import Screen

PLACES = {
    "StudyTable": "In the worklist",
    "RadiographView": "Over the radiograph",
    "GraphicsView": "Over the radiograph",
    "PageView": "Over the radiograph",
    "WorklistScreen": "Worklist",
    "StudyScreen": "Study",
    "BlindScreen": "Blind reading",
    "ReviewApp": "Everywhere",
}
"""Where a key works, by the class that binds it, in the order of the help."""


class HelpDialog(Dialog[None]):
    """Lists the keys of the focused widget, its screen and the app."""

    heading = "Keys"
    hint = "esc close · keys can be changed in screener.toml, by the names on the right"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q", "dismiss", show=False),
        Binding("j", "scroll(2)", show=False),
        Binding("k", "scroll(-2)", show=False),
    ]

    def __init__(self, screen: Screen[None]) -> None:
        super().__init__()
        self._listed = list(screen.active_bindings.values())

    def question(self) -> ComposeResult:
        """One line a binding, by place."""
        with VerticalScroll():
            yield Static(_table(self._listed, self.app.get_key_display))

    def action_scroll(self, lines: int) -> None:
        """Scroll the list."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _table(bindings: Iterable[ActiveBinding], display: Callable[[Binding], str]) -> Content:
    """Group the bindings by where they work; several keys of one binding share a line."""
    places: dict[str, dict[str, tuple[Binding, list[str]]]] = {place: {} for place in PLACES}
    for node, binding, *_ in bindings:
        place = places.get(type(node).__name__)
        if place is None or binding.id is None:
            continue
        _, keys = place.setdefault(binding.id, (binding, []))
        keys.append(display(binding))
    sections = [
        Content("\n").join(
            [
                Content.styled(PLACES[place].upper(), "$text-muted"),
                *(_line(binding, keys) for binding, keys in entries.values()),
            ]
        )
        for place, entries in places.items()
        if entries
    ]
    return Content("\n\n").join(sections)


def _line(binding: Binding, keys: list[str]) -> Content:
    return Content.assemble(
        (fitted(" ".join(keys), 11), "bold $primary"),
        fitted(binding.tooltip or binding.description, 41),
        (f" {binding.id}", "$text-muted"),
    )
