"""A radiograph, and the same under the lines of its map, as two small pictures for a page.

At most 600 pixels a side: a preview shows which radiograph is meant, and is not for reading. A
file that is gone, changed or no longer readable gives the reason instead of a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from screener.contours import equal_effect, lungs_of, traced
from screener.digest import digest_of_file
from screener.reading import pixels
from screener.reading.limits import PixelError
from screener.remote import near
from screener.results.worklist import RadiographRow

SIDE = 600
"""Longest side of a preview in pixels."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Preview:
    """Two pictures of one size, as JPEG."""

    columns: int
    rows: int
    plain: bytes
    """Gray."""
    traced: bytes | None
    """The same with lines of equal effect and the lungs' outline; None without a map to draw."""


@dataclass(frozen=True, slots=True)
class NoPreview:
    """Why there is no picture."""

    reason: str


def preview(radiograph: RadiographRow) -> Preview | NoPreview:
    """Pictures of a scored radiograph, only if its file is still the one that was scored."""
    try:
        with near(radiograph.path) as film:
            if digest_of_file(film) != radiograph.digest:
                return NoPreview("the file has changed since it was scored")
            gray = _small(pixels.load(film))
    except OSError:
        return NoPreview("the file is no longer there or cannot be read")
    except PixelError as error:
        return NoPreview(error.reason)
    return Preview(gray.shape[1], gray.shape[0], _jpeg(gray), _traced(gray, radiograph))


def _traced(gray: Bytes, radiograph: RadiographRow) -> bytes | None:
    lines = equal_effect(radiograph.activation)
    if not lines:
        return None
    picture = np.repeat(gray[..., None], 3, axis=2)
    return _jpeg(
        traced(picture, lungs_of(radiograph.lungs) + lines), subsampling=0
    )  # thin lines keep their colour


def _small(gray: NDArray[np.float32]) -> Bytes:
    """Gray [0, 1] of any size to uint8 of at most SIDE pixels a side, never enlarged."""
    image = Image.fromarray(np.rint(gray * 255).astype(np.uint8))
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3)
    return np.asarray(image)


def _jpeg(picture: Bytes, **options: int) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=82, optimize=True, **options)
    return stream.getvalue()
