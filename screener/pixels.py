"""Decode one file of any supported kind into a gray array: the only way pixels enter.

Declared sizes are checked before anything is decoded. What cannot be decoded raises
:class:`PixelError`, which carries the outcome and a reason a person understands. It judges no
content: what is in the picture is the gate's and the guard's to say.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gdcm
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder
from pydicom.uid import UID, ImplicitVRLittleEndian, RLELossless

from screener import folder, grayscale
from screener.grayscale import Floats, LookupTable, Rules, VoiFunction, Window
from screener.study import Outcome

PIPELINE = "1"
"""Version of everything between a file and the network's input; part of every result's key."""

MAX_PIXELS = 100_000_000
"""Largest rows x columns decoded, unless told otherwise; a large detector has 18 million."""

DAMAGED = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError,
    NotImplementedError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, struct.error, zlib.error,
)  # fmt: skip
"""What the decoders raise on hostile or damaged bytes."""

Image.MAX_IMAGE_PIXELS = None  # checked here, before decoding and with a limit of ours
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
for _trace_off in (gdcm.Trace.WarningOff, gdcm.Trace.ErrorOff, gdcm.Trace.DebugOff):
    _trace_off()


class PixelError(Exception):
    """A file whose pixels cannot be had."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


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
            kind = folder.sniff(file.read(folder.HEAD))
        if kind is None:
            raise PixelError(Outcome.UNSUITABLE, "not a DICOM, PNG or JPEG file")
        with quiet():
            if kind in (folder.Kind.PNG, folder.Kind.JPEG):
                return _raster(path, max_pixels)
            return Picture(_dicom(path, max_pixels), 0.0)
    except DAMAGED as error:
        raise PixelError(Outcome.UNREADABLE, _damage(error)) from error


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


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the libraries' warnings: what matters of them becomes a refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _damage(error: BaseException) -> str:
    """A reason for what a library raised, quoting nothing that the file could have put there."""
    if isinstance(error, PermissionError):
        return "no permission to read the file"
    if isinstance(error, FileNotFoundError):
        return "the file is no longer there"
    if isinstance(error, MemoryError):
        return "decoding it takes more memory than there is"
    return "the pixel data are damaged or not what the header says"


def check_size(rows: int, columns: int, max_pixels: int) -> None:
    """Refuse absurd declared sizes.

    Raises:
        PixelError: there are no pixels, or more than the limit.
    """
    if rows < 1 or columns < 1:
        raise PixelError(Outcome.UNREADABLE, f"the header declares {columns} x {rows} pixels")
    if rows * columns > max_pixels:
        raise PixelError(
            Outcome.UNREADABLE,
            f"the header declares {columns} x {rows} pixels, "
            f"over the limit of {max_pixels / 1e6:g} million",
        )


def _raster(path: Path, max_pixels: int) -> Picture:
    with Image.open(path, formats=("PNG", "JPEG")) as image:
        check_size(image.height, image.width, max_pixels)
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16 bits, of which often only 10 or 12 are used
            return Picture(grayscale.render(np.asarray(image), Rules()), 0.0)
        if image.mode not in ("1", "L", "LA"):
            image = image.convert("RGB")
        gray = np.asarray(image.convert("L"), np.float32) / np.float32(255)
        return Picture(gray, _colour(image))


def _colour(image: Image.Image) -> float:
    """How colourful an image is, by at most 64 x 64 of its pixels."""
    if image.mode != "RGB":
        return 0.0
    few = np.asarray(image.resize((64, 64), Image.Resampling.NEAREST))
    return float(np.ptp(few, axis=2).mean() / 255)


def _dicom(path: Path, max_pixels: int) -> Floats:
    dataset = read_dicom(path)
    _check_layout(dataset, max_pixels)
    stored = _stored(dataset)
    try:
        return grayscale.render(stored, rules(dataset))
    except ValueError as error:
        raise PixelError(Outcome.UNREADABLE, str(error)) from error


def read_dicom(path: Path) -> Dataset:
    """A whole DICOM file, with a transfer syntax also where its meta information is missing."""
    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def _check_layout(dataset: Dataset, max_pixels: int) -> None:
    if not any(word in dataset for word in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise PixelError(Outcome.UNSUITABLE, "it holds no pixels")
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise PixelError(Outcome.UNSUITABLE, "a colour image, not a radiograph")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise PixelError(Outcome.UNSUITABLE, "several frames, not one radiograph")
    check_size(int(dataset.Rows), int(dataset.Columns), max_pixels)


def _stored(dataset: Dataset) -> NDArray[np.generic]:
    """Decode the stored values, (rows, columns)."""
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    words, _ = get_decoder(syntax).as_array(dataset, raw=True, correct_unused_bits=False)
    if words.dtype.kind == "f":
        return words
    bits = int(dataset.BitsStored)
    whole_words = syntax == RLELossless or not syntax.is_encapsulated
    high_bit = int(dataset.get("HighBit", bits - 1)) if whole_words else bits - 1
    signed = bool(dataset.get("PixelRepresentation"))
    return grayscale.stored_values(words, bits, high_bit, signed=signed)


def rules(dataset: Dataset) -> Rules:
    """What a dataset says about showing its pixels."""
    return Rules(
        slope=float(dataset.get("RescaleSlope") or 1),
        intercept=float(dataset.get("RescaleIntercept") or 0),
        modality_table=_table(dataset, "ModalityLUTSequence"),
        voi_table=_table(dataset, "VOILUTSequence"),
        window=_window(dataset),
        inverted=grayscale.is_inverted(
            str(dataset.get("PhotometricInterpretation", "")),
            str(dataset.get("PresentationLUTShape") or ""),
        ),
        padding=_padding(dataset),
    )


def _first(value: object) -> object:
    """The first of several values: alternatives to choose from, of which the first is shown."""
    return value[0] if isinstance(value, list | pydicom.multival.MultiValue) else value


def _window(dataset: Dataset) -> Window | None:
    center, width = (_first(dataset.get(word)) for word in ("WindowCenter", "WindowWidth"))
    if center in (None, "") or width in (None, ""):
        return None
    function = str(dataset.get("VOILUTFunction") or "")
    known = function in VoiFunction.__members__
    chosen = VoiFunction(function) if known else VoiFunction.LINEAR
    return Window(float(str(center)), float(str(width)), chosen)


def _table(dataset: Dataset, word: str) -> LookupTable | None:
    """The first lookup table of a sequence (PS3.3 C.11.1.1)."""
    if not dataset.get(word):
        return None
    item = dataset[word][0]
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    entries = item.LUTData
    if isinstance(entries, bytes):
        order = "<" if dataset.original_encoding[1] else ">"
        wide = len(entries) >= 2 * (count or 65536)
        entries = np.frombuffer(entries, f"{order}u2" if wide else "u1")
    return LookupTable(first, np.asarray(entries, np.uint16)[: count or 65536], bits)


def _padding(dataset: Dataset) -> tuple[float, float] | None:
    for word in ("PixelPaddingValue", "FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue"):
        value = dataset.get(word)
        if value is not None and value != "":
            other = dataset.get(word.replace("Value", "RangeLimit"), value)
            return min(value, other), max(value, other)
    return None
