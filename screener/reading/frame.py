"""Decode the one frame of a DICOM file into its stored values, (rows, columns).

Sizes are held against each other before anything is decoded: of the header, of the bytes that are
there, of the compressed stream. What does not fit, is cut short or is not one gray plane raises
:class:`PixelError`; nothing is resliced, filled up or guessed.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_fragments
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from screener.reading import (
    codestream,
    dicom,
    grayscale,
    jpeg12,
    whole,
)
from screener.reading.codestream import Frame
from screener.reading.limits import PixelError, check_size, missing
from screener.study import Outcome

_FASTEST = {
    JPEGBaseline8Bit: "pillow",
    JPEG2000: "pylibjpeg",
    JPEG2000Lossless: "pylibjpeg",
    RLELossless: "pylibjpeg",
}
"""Which of several decoders goes first. These also keep their complaints off stderr."""

_LOUD = frozenset({
    JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless,
    RLELossless,
})  # fmt: skip
"""Syntaxes whose decoder complains on the descriptor of stderr itself."""

_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
"""Transfer syntaxes younger than pydicom's own names."""

_HTJ2K = {HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL}

WORDS = (
    "SamplesPerPixel", "NumberOfFrames", "PlanarConfiguration", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "FloatPixelData", "DoubleFloatPixelData", "PixelData",
)  # fmt: skip
"""The elements looked at."""

Words = NDArray[Any]


def stored_values(dataset: FileDataset, max_pixels: int) -> Words:
    """The stored values of a file's only frame, (rows, columns), integers or floats.

    Raises:
        PixelError: there is not exactly one whole gray frame, or no decoder for it.
        DAMAGED: a library could not read it.
    """
    _check_layout(dataset, max_pixels)
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    decoder = _decoder(syntax)
    dataset.NumberOfFrames, dataset.SamplesPerPixel = 1, 1
    if "PixelData" not in dataset:
        word = "FloatPixelData" if "FloatPixelData" in dataset else "DoubleFloatPixelData"
        _check_length(dataset, len(dataset[word].value), 4 if word[0] == "F" else 8)
        return _plane(_decode(dataset, decoder), dataset)
    bits = dicom.whole_number(dataset, "BitsStored") or dataset.BitsAllocated
    high_bit, is_signed = dicom.whole_number(dataset, "HighBit"), _is_signed(dataset)
    if syntax.is_encapsulated:
        words, frame = _unpacked(dataset, decoder, max_pixels)
        if frame and not is_signed:
            bits = max(bits, frame.bits)
    else:
        _check_length(dataset, len(dataset.PixelData), dataset.BitsAllocated // 8)
        words = _decode(dataset, decoder)
    if high_bit is None or (syntax.is_encapsulated and syntax != RLELossless):
        high_bit = bits - 1
    words = _plane(words, dataset)
    return grayscale.stored_values(words, bits, high_bit, signed=is_signed)


def _check_layout(dataset: FileDataset, max_pixels: int) -> None:
    """Hold the header's numbers against what one gray frame has, and write them down clean."""
    if dicom.PIXEL_TAGS.isdisjoint(dataset.keys()):
        raise PixelError(Outcome.UNREADABLE, "no whole pixel data: damaged or cut short")
    if (dicom.first_number(dataset, "SamplesPerPixel") or 1) != 1:
        raise PixelError(Outcome.UNSUITABLE, "a colour image, not a radiograph")
    if (dicom.first_number(dataset, "NumberOfFrames") or 1) > 1:
        raise PixelError(Outcome.UNSUITABLE, "several frames, not one radiograph")
    rows, columns = dicom.size_of(dataset)
    check_size(rows, columns, max_pixels)
    dataset.Rows, dataset.Columns = rows, columns
    allocated = dicom.whole_number(dataset, "BitsAllocated") or 0
    if "PixelData" in dataset and allocated not in (8, 16, 32):
        reason = "its pixels take neither 8, 16 nor 32 bits; convert it first"
        raise PixelError(Outcome.UNREADABLE, reason)
    dataset.BitsAllocated = allocated
    stored = dicom.whole_number(dataset, "BitsStored") or allocated
    dataset.BitsStored = stored if 1 <= stored <= allocated else allocated
    dataset.PixelRepresentation = int(_is_signed(dataset))


def _is_signed(dataset: FileDataset) -> bool:
    return dicom.whole_number(dataset, "PixelRepresentation") == 1


def _check_length(dataset: FileDataset, length: int, word: int) -> None:
    """Refuse uncompressed pixels of another size than declared; a few bytes may pad them."""
    rows, columns = dataset.Rows, dataset.Columns
    needed = rows * columns * word
    if length < needed:
        reason = f"its pixel data are {missing(1 - length / needed)}"
        raise PixelError(Outcome.UNREADABLE, reason)
    if length - needed >= min(rows, columns) * word:
        reason = f"{columns} x {rows} pixels are declared, but there are data for more of them"
        raise PixelError(Outcome.UNREADABLE, reason)


def _unpacked(
    dataset: FileDataset, decoder: Decoder, max_pixels: int
) -> tuple[Words, Frame | None]:
    """Decode a compressed frame, however many fragments and offsets it is written in."""
    _, *fragments = generate_fragments(dataset.PixelData)
    stream = b"".join(fragments)
    frame = codestream.frame_of(stream)
    if frame:
        _check_stream(dataset, frame, max_pixels)
        dataset.BitsAllocated = 8 if frame.bits <= 8 else 16 if frame.bits <= 16 else 32
        dataset.BitsStored = frame.bits
    dataset.HighBit = dataset.BitsStored - 1
    for word in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        dataset.pop(word, None)

    def decode(stream: bytes) -> Words:
        dataset.PixelData = encapsulate([stream])
        return _decode(dataset, decoder)

    with jpeg12.silent_stderr() if decoder.UID in _LOUD else nullcontext():
        return whole.decoded(stream, decode), frame


def _check_stream(dataset: FileDataset, frame: Frame, max_pixels: int) -> None:
    declared = f"{dataset.Columns} x {dataset.Rows}"
    if frame.samples != 1:
        raise PixelError(Outcome.UNSUITABLE, "a colour image by its compressed data")
    if not frame.rows:
        raise PixelError(Outcome.UNREADABLE, "its compressed data do not say how many rows follow")
    check_size(frame.rows, frame.columns, max_pixels)
    if (frame.rows, frame.columns) != (dataset.Rows, dataset.Columns):
        reason = (
            f"the header declares {declared} pixels, its compressed data "
            f"{frame.columns} x {frame.rows}; they do not belong together"
        )
        raise PixelError(Outcome.UNREADABLE, reason)


def _decode(dataset: FileDataset, decoder: Decoder) -> Words:
    first = _FASTEST.get(decoder.UID, "")
    try:
        words, _ = decoder.as_array(
            dataset,
            raw=True,
            correct_unused_bits=False,  # type: ignore[arg-type]  # its annotation lacks the option
            view_only=True,  # type: ignore[arg-type]  # as the one above
            decoding_plugin=first if first in decoder.available_plugins else "",
        )
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of decoders in Rust; no Exception, for once
            raise ValueError("the decoder panicked") from error
        raise
    return words


def _plane(words: Words, dataset: FileDataset) -> Words:
    """The words in this machine's byte order, if they are one plane of the declared size."""
    if words.shape != (dataset.Rows, dataset.Columns):
        reason = "its pixel data are not one plane of the size that the header declares"
        raise PixelError(Outcome.UNREADABLE, reason)
    return words.astype(words.dtype.newbyteorder("="), copy=False)


def _decoder(syntax: UID) -> Decoder:
    """The decoder of a transfer syntax.

    Raises:
        PixelError: there is none, or the package that brings it is not installed.
    """
    name = _NAMES.get(syntax, syntax.name)
    shown = f"{name} ({syntax})" if name != syntax else "an unknown transfer syntax"
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
