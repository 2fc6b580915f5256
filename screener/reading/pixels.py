"""Decode one file of any supported kind into a gray array: the only way pixels enter.

Declared sizes are checked before anything is decoded. What cannot be decoded raises
:class:`PixelError`, which carries the outcome and a reason a person understands. It judges no
content: what is in the picture is the gate's and the guard's to say.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.tag import Tag
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from screener.reading import (
    dicom,
    grayscale,
    jpeg12,  # noqa: F401  (registers a decoder)
    presentation,
)
from screener.reading.dicom import DAMAGED
from screener.reading.grayscale import Floats, Rules
from screener.reading.limits import MAX_PIXELS, PixelError, check_size
from screener.reading.sniff import HEAD, Kind, sniff
from screener.study import Outcome

PIPELINE = "1"
"""Version of everything between a file and the network's input; part of every result's key."""

Image.MAX_IMAGE_PIXELS = None  # checked here, before decoding and with a limit of ours

_FASTEST = {
    JPEGBaseline8Bit: "pillow",
    JPEG2000: "pylibjpeg",
    JPEG2000Lossless: "pylibjpeg",
    RLELossless: "pylibjpeg",
}
"""Which of several decoders goes first. These also keep their complaints off stderr."""

_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
"""Transfer syntaxes younger than pydicom's own names."""

_HTJ2K = {HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL}

_WORDS = (
    "SamplesPerPixel", "NumberOfFrames", "PlanarConfiguration", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "FloatPixelData", "DoubleFloatPixelData", "PixelData",
)  # fmt: skip
_TAGS = tuple(int(Tag(word)) for word in (*_WORDS, *presentation.WORDS))


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
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD))
        if kind is None:
            raise PixelError(Outcome.UNSUITABLE, "not a DICOM, PNG or JPEG file")
        with dicom.quiet():
            if kind in (Kind.PNG, Kind.JPEG):
                return _raster(path, max_pixels)
            return Picture(_dicom(path, max_pixels), 0.0)
    except DAMAGED as error:
        raise PixelError(Outcome.UNREADABLE, dicom.damage(error, "the pixel data")) from error


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
        opened.load()
        image = _upright(opened)
    if image.mode.startswith("I"):  # 16 bits, of which often only 10 or 12 are used
        return Picture(grayscale.render(np.asarray(image), Rules()), 0.0)
    if image.mode not in ("1", "L", "LA"):
        image = image.convert("RGB")
    gray = np.asarray(image.convert("L"), np.float32) / np.float32(255)
    return Picture(gray, _colour(image))


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
    _check_layout(dataset, max_pixels)
    stored, how = _stored(dataset), presentation.rules(dataset)
    try:
        return grayscale.render(stored, how)
    except ValueError as error:
        raise PixelError(Outcome.UNREADABLE, "every pixel is padding") from error


def _check_layout(dataset: Dataset, max_pixels: int) -> None:
    if dicom.PIXEL_TAGS.isdisjoint(dataset.keys()):
        raise PixelError(Outcome.UNREADABLE, "no whole pixel data: damaged or cut short")
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise PixelError(Outcome.UNSUITABLE, "a colour image, not a radiograph")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise PixelError(Outcome.UNSUITABLE, "several frames, not one radiograph")
    check_size(int(dataset.Rows), int(dataset.Columns), max_pixels)


def _stored(dataset: FileDataset) -> NDArray[np.generic]:
    """Decode the stored values, (rows, columns)."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    decoder = _decoder(syntax)
    first = _FASTEST.get(syntax, "")
    words, _ = decoder.as_array(
        dataset,
        raw=True,
        correct_unused_bits=False,  # type: ignore[arg-type]  # its annotation lacks the option
        decoding_plugin=first if first in decoder.available_plugins else "",
    )
    words = words.astype(words.dtype.newbyteorder("="), copy=False)
    if words.dtype.kind == "f":
        return words
    bits = int(dataset.BitsStored)
    whole_words = syntax == RLELossless or not syntax.is_encapsulated
    high_bit = int(dataset.get("HighBit", bits - 1)) if whole_words else bits - 1
    signed = bool(dataset.get("PixelRepresentation"))
    return grayscale.stored_values(words, bits, high_bit, signed=signed)


def _decoder(syntax: UID) -> Decoder:
    """The decoder of a transfer syntax.

    Raises:
        PixelError: there is none, or the package that brings it is not installed.
    """
    name = _NAMES.get(syntax, syntax.name)
    shown = f"{name} ({syntax})" if name != syntax else str(syntax)
    if not re.fullmatch(r"[0-9.]{1,64}", syntax):
        shown = "an unknown transfer syntax"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        cure = "convert it to an uncompressed one first"
        raise PixelError(Outcome.UNREADABLE, f"no decoder reads {shown}; {cure}") from error
    if not decoder.is_available:
        package = "pylibjpeg-openjpeg" if syntax in _HTJ2K else "python-gdcm"
        cure = f"pip install {package}"
        raise PixelError(Outcome.UNREADABLE, f"no decoder is installed for {shown}; {cure}")
    return decoder
