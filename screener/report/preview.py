"""A radiograph and its activation map as two small pictures for a page.

At most 600 pixels a side: a preview shows which radiograph is meant, and is not for reading. A
file that is gone, changed or no longer readable gives the reason instead of a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from screener.digest import digest_of_file
from screener.reading import pixels
from screener.reading.limits import PixelError
from screener.results.worklist import RadiographRow
from screener.study import ActivationMap

SIDE = 600
"""Longest side of a preview in pixels."""

STRENGTH = 0.65
"""Opacity of the map where it is strongest; where it is zero the radiograph shows unchanged."""

_STOPS = np.array(
    [(28, 16, 68), (114, 31, 129), (205, 64, 113), (253, 149, 103), (252, 253, 191)], np.float32
)
"""Dark violet to pale yellow: brightness rises all the way, so the order survives gray paper."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Preview:
    """Two pictures of one size, as JPEG."""

    columns: int
    rows: int
    plain: bytes
    """Gray."""
    heat: bytes | None
    """The same under its activation map; None where no map was stored."""


@dataclass(frozen=True, slots=True)
class NoPreview:
    """Why there is no picture."""

    reason: str


def preview(radiograph: RadiographRow) -> Preview | NoPreview:
    """Pictures of a scored radiograph, only if its file is still the one that was scored."""
    try:
        if digest_of_file(radiograph.path) != radiograph.digest:
            return NoPreview("the file has changed since it was scored")
        gray = _small(pixels.load(radiograph.path))
    except OSError:
        return NoPreview("the file is no longer there or cannot be read")
    except PixelError as error:
        return NoPreview(error.reason)
    heat = _jpeg(_overlay(gray, radiograph.activation)) if radiograph.activation else None
    return Preview(gray.shape[1], gray.shape[0], _jpeg(gray), heat)


def colours(steps: int) -> Bytes:
    """The map's colour scale from zero to its maximum: uint8 (steps, 3)."""
    at = np.linspace(0, len(_STOPS) - 1, steps)
    channels = [np.interp(at, range(len(_STOPS)), _STOPS[:, channel]) for channel in range(3)]
    scale: Bytes = np.stack(channels, axis=-1).astype(np.uint8)
    return scale


def _small(gray: NDArray[np.float32]) -> Bytes:
    """Gray [0, 1] of any size to uint8 of at most SIDE pixels a side, never enlarged."""
    image = Image.fromarray(np.rint(gray * 255).astype(np.uint8))
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3)
    return np.asarray(image)


def _overlay(gray: Bytes, activation: ActivationMap) -> Bytes:
    """Blend a map over a preview, with a line at half its maximum for paper without colour."""
    rows, columns = gray.shape
    coarse = np.frombuffer(activation.values, np.uint8).reshape(activation.rows, activation.columns)
    image = Image.fromarray(coarse).resize((columns, rows), Image.Resampling.BICUBIC)
    level = np.asarray(image)
    share = (level / np.float32(255))[..., None]  # (rows, columns, 1)
    blended = gray[..., None] * (1 - STRENGTH * share) + STRENGTH * share * colours(256)[level]
    picture: Bytes = blended.astype(np.uint8)
    line = _edge(level >= 128)
    picture[_edge(line)] = 24  # a dark seam keeps the white line visible over white
    picture[line] = 255
    return picture


def _edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The border of a region, two pixels wide: bool (rows, columns)."""
    edge = np.zeros_like(inside)
    down, right = inside[1:] ^ inside[:-1], inside[:, 1:] ^ inside[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    return edge


def _jpeg(picture: Bytes) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=82, optimize=True)
    return stream.getvalue()
