"""The line of keys at the foot of a screen: whole keys only, those one needs first.

What finds no room is left out, never cut: help names every key. Decides nothing else.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.app import ComposeResult

KEPT = ("help", "open", "leave", "app.quit")
"""Actions whose keys stay however narrow it is: the way in, the way out, the way to the others."""
EDGE = 1
"""Empty cells on either side."""


class Keys(Footer):
    """Textual's footer, of which nothing is cut."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """Help first, the screen's keys, then those of what is focused, as far as there is room."""
        own = {
            active.binding.key for active in self.screen.active_bindings.values()
            if active.node is self.screen
        }  # fmt: skip
        every = [key for key in super().compose() if isinstance(key, FooterKey)]
        every.sort(key=lambda key: (key.action != "help", key.key not in own))
        yield from fitting(every, self.app.size.width - 2 * EDGE)

    def on_resize(self) -> None:
        """Choose anew."""
        self.call_after_refresh(self.recompose)


def fitting(keys: Iterable[FooterKey], room: int) -> Iterator[FooterKey]:
    """Those of the keys that fit, in their order; who is :data:`KEPT` is given room first."""
    keys = list(keys)
    first = sorted(range(len(keys)), key=lambda at: keys[at].action not in KEPT)
    ends = accumulate(_width(keys[at]) for at in first)
    chosen = {at for at, end in zip(first, ends, strict=True) if end - 1 <= room}
    return (key for at, key in enumerate(keys) if at in chosen)


def _width(key: FooterKey) -> int:
    """Cells of a key, of what it does, and of the gap after each."""
    return cell_len(key.key_display) + 1 + cell_len(key.description) + 1
