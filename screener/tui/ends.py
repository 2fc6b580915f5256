"""A line with something on its left and something on its right, which gives way when tight."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Ends(Static):
    """One line of text with two ends. The right end stays whole, the left one is cut.

    What is to spare stands before the right end where nothing is cut for it.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes, markup=False)
        self.left = Content()
        self.right = Content()
        self.spare = Content()

    def show(
        self, left: Content, right: Content | None = None, spare: Content | None = None
    ) -> None:
        """Replace all of it."""
        self.left, self.right, self.spare = left, right or Content(), spare or Content()
        self.refresh()

    def render(self) -> Content:
        """Lay both ends out over the width."""
        width = self.content_size.width
        right = self.right
        if self.left.cell_length + self.spare.cell_length + right.cell_length < width:
            right = self.spare + right
        room = width - right.cell_length
        if room < min(self.left.cell_length, 12):
            return self.left.truncate(width, ellipsis=True)
        left = self.left.truncate(room - 1, ellipsis=True) if room > 1 else Content()
        return left + " " * (width - left.cell_length - right.cell_length) + right
