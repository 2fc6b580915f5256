"""The radiograph as a real picture in a browser: the page lays it over the terminal's cells.

The cells beneath hold the half blocks, which are seen wherever the picture is taken away: while a
dialog, a notice or another screen covers them.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, cast

from screener.tui.picture.presentation import draw
from screener.tui.picture.view import RadiographView

if TYPE_CHECKING:
    from textual.drivers.web_driver import WebDriver
    from textual.geometry import Region

PICTURE = "picture"
"""What the messages are called that carry one to the page."""

LARGEST = 1024
"""Pixels of a side that are sent."""

PULSE = 0.1
"""Seconds between two looks at what the page should show."""


class PageView(RadiographView):
    """Like the half-block view, with the picture itself on the page."""

    def __init__(self) -> None:
        super().__init__()
        self._drawing = 0
        """Counts the redraws, so that a picture is sent once."""
        self._laid: tuple[int, Region] | None = None
        """The drawing that the page shows, and where."""

    def on_mount(self) -> None:
        """Keep the page as the screen is."""
        self.set_interval(PULSE, self._lay)

    def on_unmount(self) -> None:
        """Take the picture along."""
        if self._laid:
            self._tell(None)

    def redraw(self) -> None:
        """Draw anew, on the page too."""
        self._drawing += 1
        super().redraw()

    def _lay(self) -> None:
        wanted = (self._drawing, self.region) if self._is_clear() else None
        if wanted != self._laid:
            self._laid = wanted
            self._tell(wanted[1] if wanted else None)

    def _is_clear(self) -> bool:
        """Whether there is a picture and nothing stands over it."""
        if self.gray is None or not self.size or self.app.screen is not self.screen:
            return False
        notices = self.screen.query("Toast")
        return not any(notice.region.overlaps(self.region) for notice in notices)

    def _tell(self, where: Region | None) -> None:
        told: dict[str, object] = {"type": PICTURE, "of": id(self), "where": where}
        if where:
            told["png"] = self._png(where.width, where.height)
            told["ground"] = self.background_colors[1].hex6
        cast("WebDriver", self.app._driver).write_meta(told)

    def _png(self, width: int, height: int) -> str:
        from PIL import Image

        assert self.gray is not None
        fine = max(1, LARGEST // max(width, height * 2))
        pixels = draw(self.gray, self.shown, (width * fine, height * 2 * fine), self.laid_over)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
        return base64.b64encode(stream.getvalue()).decode("ascii")
