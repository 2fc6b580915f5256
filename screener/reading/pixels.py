"""Decode one file of any supported kind into a gray array: the only way pixels enter.

Declared sizes are checked before anything is decoded. What cannot be decoded raises
:class:`PixelError`, which carries the outcome and a reason a person understands. It judges no
content: what is in the picture is the gate's and the guard's to say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydicom.tag import Tag

from screener.reading import dicom, frame, grayscale, presentation, whole
from screener.reading.dicom import DAMAGED
from screener.reading.grayscale import Floats, Rules
from screener.reading.limits import PixelError, check_depth, check_size
from screener.reading.sniff import HEAD, Kind, sniff
from screener.remote import near
from screener.study import MAX_PIXELS, Outcome

PIPELINE = "2"
"""Version of everything between a file and the network's input; part of every result's key."""

_TAGS = tuple(int(Tag(word)) for word in (*frame.WORDS, *presentation.WORDS))


@dataclass(frozen=True, slots=True)
class Picture:
    """The pixels of one file."""

    gray: Floats
    """float32 (rows, columns) in [0, 1]; 1 is white, and bright is dense."""
    colour: float
    """Mean difference of the strongest and weakest of red, green and blue, 0 to 1; gray is 0."""


def load(path: Path, *, max_pixels: int = MAX_PIXELS) -> Floats:
    """The gray pixels of a file as a reader would see them.

    Returns:
        float32 (rows, columns) in [0, 1], presentation applied.

    Raises:
        PixelError: the file cannot be read, or decoding it is refused.
    """
    return picture(path, max_pixels=max_pixels).gray


def picture(path: Path, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """The pixels of a file, and how colourful they are.

    Raises:
        PixelError: the file cannot be read, or decoding it is refused.
    """
    try:
        with near(path) as film:
            return _picture(film, max_pixels)
    except DAMAGED as error:
        raise PixelError(Outcome.UNREADABLE, dicom.damage(error, "the pixel data")) from error


def _picture(path: Path, max_pixels: int) -> Picture:
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD))
    if kind is None:
        raise PixelError(Outcome.UNSUITABLE, "not a DICOM, PNG or JPEG file")
    with dicom.quiet():
        if kind is Kind.JPEG:
            _check_whole(path, max_pixels)
        if kind is Kind.PNG:
            _check_sums(path)
        if kind in (Kind.PNG, Kind.JPEG):
            return _raster(path, max_pixels)
        return Picture(_dicom(path, max_pixels), 0.0)


def square(gray: Floats, size: int) -> NDArray[np.uint8]:
    """Squash a picture to what the network sees.

    One size for all shapes: width over height tells where a picture comes from, and padding
    would keep telling. Then the gray is stretched between its 0.5 and 99.5 percentiles.

    Args:
        gray: float32 (rows, columns).
        size: side of the result in pixels.

    Returns:
        uint8 (size, size).
    """
    resized = np.asarray(Image.fromarray(gray).resize((size, size), Image.Resampling.BILINEAR))
    low, high = np.percentile(resized, grayscale.ROBUST)
    return np.rint(255 * grayscale.stretch(resized, low, high)).astype(np.uint8)


def quiet_process() -> None:
    """Send what C libraries write on stderr to nowhere, for good.

    To be called once in a process that only decodes.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _raster(path: Path, max_pixels: int) -> Picture:
    with Image.open(path, formats=("PNG", "JPEG")) as opened:
        check_size(opened.height, opened.width, max_pixels)
        check_depth(opened)
        opened.load()
        image = _upright(opened)
    if image.mode.startswith("I"):  # 16 bits, of which often only 10 or 12 are used
        return Picture(grayscale.render(np.asarray(image), Rules()), 0.0)
    if image.mode not in ("1", "L", "LA"):
        image = image.convert("RGB")
    gray = np.asarray(image.convert("L"), np.float32) / np.float32(255)
    return Picture(gray, _colour(image))


def _check_whole(path: Path, max_pixels: int) -> None:
    """Refuse a plain JPEG that was cut short."""

    def decode(stream: bytes) -> NDArray[np.uint8]:
        with Image.open(BytesIO(stream), formats=("JPEG",)) as image:
            check_size(image.height, image.width, max_pixels)
            return np.asarray(image)

    whole.decoded(path.read_bytes(), decode)


def _check_sums(path: Path) -> None:
    """Read all chunks of a PNG: what of it is missing or changed leaves the rest of it black."""
    with Image.open(path, formats=("PNG",)) as image:
        image.verify()


def _upright(image: Image.Image) -> Image.Image:
    """Turn by the EXIF orientation; an EXIF block that cannot be read says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGED:
        return image


def _colour(image: Image.Image) -> float:
    """How colourful an image is, by at most 64 x 64 of its pixels."""
    if image.mode != "RGB":
        return 0.0
    few = np.asarray(image.resize((64, 64), Image.Resampling.NEAREST))
    return float(np.ptp(few, axis=2).mean() / 255)


def _dicom(path: Path, max_pixels: int) -> Floats:
    dataset = dicom.read_whole(path, _TAGS)
    stored = frame.stored_values(dataset, max_pixels)
    how = presentation.rules(dataset, stored)
    try:
        return grayscale.render(stored, how)
    except ValueError as error:
        raise PixelError(Outcome.UNREADABLE, "every pixel is padding") from error
