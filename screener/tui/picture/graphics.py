"""The radiograph as a real picture, in terminals that speak the Kitty protocol or Sixel.

Needs the ``graphics`` extra. Import it before the app starts: the size of a cell is asked of the
terminal then, and cannot be later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual_image import renderable
from textual_image._terminal import get_cell_size
from textual_image.widget import SixelImage, TGPImage

from screener.tui.picture.presentation import draw
from screener.tui.picture.view import RadiographView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

LARGEST = 1024
"""Pixels of a side that are sent to the terminal."""


class GraphicsView(RadiographView):
    """Like the half-block view, with the picture in a widget of textual-image.

    Args:
        kind: Class of that widget.
    """

    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self._picture = kind()

    def compose(self) -> ComposeResult:
        """The picture."""
        yield self._picture

    def redraw(self) -> None:
        """Give the picture's widget new pixels."""
        super().redraw()
        self._picture.display = self.gray is not None
        if self.gray is None or not self.size:
            return
        from PIL import Image

        cell = get_cell_size()
        width, height = self.size.width * cell.width, self.size.height * cell.height
        shrink = min(1.0, LARGEST / max(width, height))
        size = (round(width * shrink), round(height * shrink))
        pixels = draw(self.gray, self.shown, size, self.laid_over)
        rows, columns = pixels.shape[:2]
        self._picture.styles.width = max(1, round(columns / shrink / cell.width))
        self._picture.styles.height = max(1, round(rows / shrink / cell.height))
        self._picture.image = Image.fromarray(pixels)


def kitty() -> GraphicsView:
    """A view for the Kitty protocol."""
    return GraphicsView(TGPImage)


def sixel() -> GraphicsView:
    """A view for Sixel."""
    return GraphicsView(SixelImage)


def detected() -> Callable[[], GraphicsView] | None:
    """What makes a view for the protocol that this terminal speaks; None where it speaks none."""
    return {renderable.TGPImage: kitty, renderable.SixelImage: sixel}.get(renderable.Image)
