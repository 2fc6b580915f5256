"""A line with something on its left and something on its right, which gives way when tight."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Ends(Static):
    """One line of text with two ends. The right end stays whole, the left one is cut."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self.left = Content()
        self.right = Content()

    def show(self, left: Content, right: Content | None = None) -> None:
        """Replace both ends."""
        self.left, self.right = left, right or Content()
        self.refresh()

    def render(self) -> Content:
        """Lay both ends out over the width."""
        width = self.content_size.width
        room = width - self.right.cell_length
        if room < min(self.left.cell_length, 12):
            return self.left.truncate(width, ellipsis=True)
        left = self.left.truncate(room - 1, ellipsis=True) if room > 1 else Content()
        return left + " " * (width - left.cell_length - self.right.cell_length) + self.right
