"""How large a radiograph may be, and the error of pixels that cannot be had.

Declared sizes are held against these limits when the header is read and again before anything is
decoded.
"""

from __future__ import annotations

from PIL import Image

from screener.study import Outcome

Image.MAX_IMAGE_PIXELS = None  # checked before decoding, with a limit of ours

MIN_SIDE = 64
"""Fewest rows or columns of a radiograph; icons and test images have fewer."""


class PixelError(Exception):
    """A file whose pixels cannot be had."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


def check_size(rows: int, columns: int, max_pixels: int) -> None:
    """Refuse absurd declared sizes.

    Raises:
        PixelError: there are no pixels, or more than the limit.
    """
    if rows < 1 or columns < 1:
        reason = "the header declares no rows or columns that an image can have"
        raise PixelError(Outcome.UNREADABLE, reason)
    if rows * columns > max_pixels:
        raise PixelError(
            Outcome.UNREADABLE,
            f"the header declares {columns} x {rows} pixels, "
            f"over the limit of {max_pixels / 1e6:g} million",
        )


def check_sides(rows: int, columns: int, max_pixels: int) -> None:
    """Refuse absurd declared sizes, and what is too small for a radiograph.

    Raises:
        PixelError: there are too few pixels, or more than the limit.
    """
    check_size(rows, columns, max_pixels)
    if min(rows, columns) < MIN_SIDE:
        reason = f"only {columns} x {rows} pixels, too few for a radiograph"
        raise PixelError(Outcome.UNSUITABLE, reason)


def check_depth(image: Image.Image) -> None:
    """Refuse an opened PNG of 16 bits in several channels, of which Pillow keeps the high bytes.

    Raises:
        PixelError: it is one.
    """
    raw_modes = {str(tile.args) for tile in getattr(image, "tile", ())}
    if image.mode in ("RGB", "RGBA", "LA") and any("16" in mode for mode in raw_modes):
        reason = "a PNG of 16 bits with several channels; save it as 16 bits of gray"
        raise PixelError(Outcome.UNREADABLE, reason)


def missing(share: float) -> str:
    """How much of a picture is not there, in words."""
    return f"cut short: about {max(1, round(100 * share))} % of the picture is missing"
