"""Open DICOM files quietly, within bounds, and with a transfer syntax where none is written.

Shared by the header and the pixel reading. Any damage comes out as one of :data:`DAMAGED`, which
:func:`damage` puts into words without quoting what a file could have planted there.
"""

from __future__ import annotations

import io
import math
import re
import struct
import time
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from screener.remote import RemotePath

DAMAGED = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError,
    NotImplementedError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, struct.error, zlib.error,
)  # fmt: skip
"""What pydicom, Pillow and their decoders raise on hostile or damaged bytes."""

PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double and integer pixel data."""

UNDEFINED = 0xFFFFFFFF
"""The length of an element that ends with a delimiter."""

MAX_ELEMENTS = 20_000
"""Data elements read before the pixels; a radiograph has one or two hundred."""

MAX_VALUE = 1 << 20
"""Bytes of one wanted element before the pixels."""

MAX_META = 1 << 16
"""Bytes of meta information, which has a few hundred."""

MOST = (1 << 16) - 1
"""Largest whole number of a radiograph's header: rows, columns, bits, frames."""

MAX_INFLATED = 1 << 28
"""Bytes a deflated file may unfold to."""

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


SECONDS = 20.0
"""Longest time for one header."""


class TooMuchError(ValueError):
    """Reading was stopped at a bound. Its message is safe to show."""


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the libraries' warnings: what matters of them becomes a refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def damage(error: BaseException, part: str) -> str:
    """A reason for what a library raised.

    Args:
        error: one of :data:`DAMAGED`.
        part: what was being read, in the plural: "the pixel data".
    """
    if isinstance(error, TooMuchError):
        return str(error)
    if isinstance(error, PermissionError):
        return "no permission to read the file"
    if isinstance(error, FileNotFoundError):
        return "the file is no longer there"
    if isinstance(error, MemoryError):
        return f"{part} take more memory than there is"
    if isinstance(error, RecursionError):
        return f"{part} are nested too deeply"
    return f"{part} are damaged or cut short"


def read_header(path: Path, tags: Sequence[int]) -> tuple[FileDataset, bool]:
    """Read some elements of what stands before the pixels.

    Returns:
        The dataset, and whether pixels follow it.

    Raises:
        DAMAGED: the file cannot be read.
    """
    with watched(path) as file:
        head = file.read(MAX_META)
        unfolded = _unfolded(file, head)
        if unfolded:
            dataset, found_pixels = _before_pixels(unfolded, tags)
        else:
            dataset, found_pixels = _in_head(file, head, tags)
    _fill_syntax(dataset, is_deflated=unfolded is not None)
    return dataset, found_pixels


def _in_head(file: BinaryIO, head: bytes, tags: Sequence[int]) -> tuple[FileDataset, bool]:
    """From the file's first bytes, which nearly always reach to the pixels; else from the file."""
    is_whole = len(head) < MAX_META
    try:
        found = _before_pixels(io.BytesIO(head), tags)
    except DAMAGED:
        if is_whole:
            raise
    else:
        if is_whole or found[1]:
            return found
    file.seek(0)
    return _before_pixels(file, tags)


def _before_pixels(file: BinaryIO, tags: Sequence[int]) -> tuple[FileDataset, bool]:
    stop = _BeforePixels(frozenset(tags))
    dataset = read_partial(file, stop, force=True, specific_tags=list(tags))
    return dataset, stop.found_pixels


def read_whole(path: Path, tags: Sequence[int]) -> FileDataset:
    """Read some elements of a whole file.

    Raises:
        DAMAGED: the file cannot be read.
    """
    with path.open("rb") as file:
        unfolded = _unfolded(file, file.read(MAX_META))
        dataset = pydicom.dcmread(unfolded or file, force=True, specific_tags=list(tags))
    if unfolded:
        _check_end(dataset, unfolded)
    _fill_syntax(dataset, is_deflated=unfolded is not None)
    return dataset


def _check_end(dataset: FileDataset, unfolded: BinaryIO) -> None:
    """Damage to deflated data makes them longer or shorter, and nothing else tells of it.

    Raises:
        DAMAGED: what follows the pixels is no element that may follow them.
    """
    for tag in PIXEL_TAGS & dataset.keys():
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement) and element.value is not None:
            unfolded.seek(element.value_tell + len(element.value))
            rest = unfolded.read(6)  # group, element, VR
            if rest and (rest[1:2] < b"\x7f" or not re.fullmatch(rb"[A-Z]{2}", rest[4:])):
                raise EOFError


def watched(path: Path) -> BinaryIO:
    """Open a file of which a library may read for :data:`SECONDS` and no longer.

    Headers are read where no worker's time limit reaches.
    """
    return _Watched(path.open() if isinstance(path, RemotePath) else io.FileIO(path))


class _Watched(io.BufferedReader):
    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self._until = time.monotonic() + SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise TooMuchError(f"reading its header took longer than {SECONDS:g} s")
        return super().read(size)


class _BeforePixels:
    """Stops the reading at the pixels, and at an absurd number or length of elements."""

    __slots__ = ("elements", "found_pixels", "wanted")

    def __init__(self, wanted: frozenset[int]) -> None:
        self.wanted = wanted
        self.elements = 0
        self.found_pixels = False

    def __call__(self, tag: BaseTag, _vr: str | None, length: int) -> bool:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise TooMuchError(f"the header has more than {MAX_ELEMENTS} elements")
        if MAX_VALUE < length < UNDEFINED and tag in self.wanted:
            raise TooMuchError(f"an element of the header is {length} bytes long")
        self.found_pixels = tag in PIXEL_TAGS
        return self.found_pixels


def _fill_syntax(dataset: FileDataset, *, is_deflated: bool) -> None:
    """Write down the transfer syntax that was found by trial, where the file states none."""
    if is_deflated:
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    if dataset.file_meta.get("TransferSyntaxUID"):
        return
    implicit, little = dataset.original_encoding
    plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else plain


def _unfolded(file: BinaryIO, head: bytes) -> BinaryIO | None:
    """A deflated file with its dataset unfolded, as far as it is one; None for any other.

    pydicom would unfold it whole, whatever its size, and read all that follows it.
    """
    file.seek(0)
    end = _meta_end(head)
    if str(DeflatedExplicitVRLittleEndian).encode() not in head[: end or 1024]:
        return None
    if end is None or _DEFLATED not in head[:end]:
        raise TooMuchError("it is deflated, but does not say where the deflated part begins")
    file.seek(end)
    return io.BytesIO(head[:end].replace(_DEFLATED, _PLAIN, 1) + _inflate(file))


def _inflate(file: BinaryIO) -> bytes:
    """Unfold to the end of the deflated part, in time that grows with its size alone."""
    unfold, content, taken = zlib.decompressobj(-zlib.MAX_WBITS), bytearray(), 0
    while not unfold.eof:
        block = unfold.unconsumed_tail or file.read(_BLOCK)
        if not block:
            raise EOFError
        content += unfold.decompress(block, _BLOCK)
        taken += _BLOCK
        if max(len(content), taken // 4) > MAX_INFLATED:
            raise TooMuchError(f"it unfolds to more than {MAX_INFLATED >> 20} MB")
    return bytes(content)


_BLOCK = 1 << 16
_DEFLATED = b"\x02\x00\x10\x00UI\x16\x00" + str(DeflatedExplicitVRLittleEndian).encode()
_PLAIN = _DEFLATED[:8] + str(ExplicitVRLittleEndian).encode().ljust(22, b"\0")


def _meta_end(head: bytes) -> int | None:
    """Where the meta information ends by its group length (0002,0000), if it has one."""
    if head[128:136] != b"DICM\x02\x00\x00\x00":
        return None
    end = 144 + int.from_bytes(head[140:144], "little")
    if end > MAX_META:
        raise TooMuchError(f"its meta information is {end} bytes long")
    return end


def value_of(dataset: Dataset, word: str) -> Any:  # noqa: ANN401 (as pydicom has it)
    """The value of an element, None where it is absent: most are, and asking must cost nothing."""
    tag = _tag(word)
    element = dataset.get_item(tag)
    if element is None:
        return None
    text = _plain_text(element) if isinstance(element, RawDataElement) else None
    return dataset[tag].value if text is None else text


def _plain_text(element: RawDataElement) -> str | None:
    """One value in ASCII, which is the same in every character set; None for all others.

    A header has twenty of them, and pydicom takes ten times as long over each.
    """
    content = element.value
    if element.VR not in _TEXTS or not content or _SPECIAL.search(content):
        return None
    text = content.decode("ascii").rstrip(" \0")
    return text.strip() if element.VR == "UI" else text


_TEXTS = frozenset({"AS", "CS", "DA", "DT", "LO", "PN", "SH", "TM", "UI"})
_SPECIAL = re.compile(rb"[^\x00-\x7e]|[\\=~\x1b]")
"""What parts values or names, changes the character set, or is not ASCII in all of them."""


@cache
def _tag(word: str) -> BaseTag:
    return Tag(word)


def first_number(dataset: Dataset, word: str) -> float | None:
    """The first of an element's values, if it is a number; the others are alternatives to it.

    A decimal comma is a point, unless three digits follow it: then it could part thousands. A
    value that cannot be told says nothing, and the element counts as absent.
    """
    texts = _texts(dataset, word)
    return _number(texts[0]) if texts else None


def whole_number(dataset: Dataset, word: str) -> int | None:
    """The first of an element's values, if it is a whole number that an image can have."""
    number = first_number(dataset, word)
    if number is None or number != int(number) or abs(number) > MOST:
        return None
    return int(number)


def size_of(dataset: Dataset) -> tuple[int, int]:
    """Rows and columns as declared; 0 for what no image has."""
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    return max(0, rows or 0), max(0, columns or 0)


def is_there(dataset: Dataset, word: str) -> bool:
    """Whether an element has a value, readable or not."""
    return any(text.strip() for text in _texts(dataset, word))


def _texts(dataset: Dataset, word: str) -> list[str]:
    """The values of an element as texts; as they stand in the file, where pydicom reads none."""
    try:
        value = value_of(dataset, word)
    except DAMAGED:
        value = dataset.get_item(_tag(word)).value
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").split("\\")
    if value is None:
        return []
    parts = value if isinstance(value, list | MultiValue) else [value]
    return [str(part) for part in parts]


def _number(text: str) -> float | None:
    text = text.strip().strip("\0").strip()
    if re.fullmatch(r"[+-]?\d*,(\d{1,2}|\d{4,})", text):
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
