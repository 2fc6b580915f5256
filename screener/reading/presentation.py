"""What a DICOM header says about showing its pixels, as :class:`screener.reading.grayscale.Rules`.

The first of several windows or tables is taken. Numbers that are none, and slopes of zero, are
taken as absent; with a rescale that cannot be read, so are the window and table that come after
it. Where a table's numbers contradict the pixels or its own entries, these are believed. A table
that cannot be read is an error, for a picture shown wrongly is worse.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue

from screener.reading import dicom, grayscale
from screener.reading.grayscale import LookupTable, Rules, Values, VoiFunction, Window
from screener.reading.limits import PixelError
from screener.study import Outcome

WORDS = (
    "PhotometricInterpretation", "PixelRepresentation", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "RescaleIntercept", "RescaleSlope", "ModalityLUTSequence",
    "VOILUTSequence", "PresentationLUTShape", "BitsAllocated", "BitsStored",
)  # fmt: skip
"""The elements looked at."""


def rules(dataset: FileDataset, stored: Values) -> Rules:
    """What a dataset says about showing its pixels.

    Args:
        dataset: the header.
        stored: the stored values, by which some contradictions of headers are settled.

    Raises:
        PixelError: a lookup table cannot be read.
    """
    how = Rules(
        slope=dicom.first_number(dataset, "RescaleSlope") or 1.0,
        intercept=dicom.first_number(dataset, "RescaleIntercept") or 0.0,
        modality_table=_table(dataset, "ModalityLUTSequence", _range(stored)),
        inverted=grayscale.is_inverted(
            _code(dataset, "PhotometricInterpretation"), _code(dataset, "PresentationLUTShape")
        ),
        padding=_padding(dataset, stored),
    )
    if how.modality_table is None and _is_unreadable(dataset):
        return replace(how, slope=1.0, intercept=0.0)
    shown = _range(grayscale.apply_modality(np.array(_range(stored)), how))
    if how.modality_table is not None:
        shown = _range(how.modality_table.entries)
    return replace(how, voi_table=_table(dataset, "VOILUTSequence", shown), window=_window(dataset))


def _is_unreadable(dataset: FileDataset) -> bool:
    """Whether a rescale is there, but is no number: what is given in its units says nothing."""
    return any(
        dicom.is_there(dataset, word) and dicom.first_number(dataset, word) is None
        for word in ("RescaleSlope", "RescaleIntercept")
    )


def _code(dataset: FileDataset, word: str) -> str:
    """A coded value, the first of several."""
    value = dataset.get(word)
    first = value[0] if isinstance(value, list | MultiValue) and value else value
    return str(first or "").strip().upper()


def _range(values: Values) -> tuple[float, float]:
    """The lowest and the highest of some values."""
    return float(np.nanmin(values)), float(np.nanmax(values))


def _window(dataset: FileDataset) -> Window | None:
    """The first window; a VOI LUT Function that is not known is LINEAR."""
    center = dicom.first_number(dataset, "WindowCenter")
    width = dicom.first_number(dataset, "WindowWidth")
    if center is None or width is None:
        return None
    function = _code(dataset, "VOILUTFunction")
    known = function in VoiFunction.__members__
    chosen = VoiFunction(function) if known else VoiFunction.LINEAR
    return Window(center, width, chosen)


def _table(dataset: FileDataset, word: str, met: tuple[float, float]) -> LookupTable | None:
    """The first lookup table of a sequence (PS3.3 C.11.1.1).

    Args:
        dataset: the header.
        word: the sequence.
        met: lowest and highest of the values that will be looked up.
    """
    try:
        if not dataset.get(word):
            return None
        return _read_table(dataset[word][0], met, is_little=bool(dataset.original_encoding[1]))
    except dicom.DAMAGED as error:
        reason = "a lookup table of its header cannot be read"
        raise PixelError(Outcome.UNREADABLE, reason) from error


def _read_table(item: Dataset, met: tuple[float, float], *, is_little: bool) -> LookupTable:
    order = "<" if is_little else ">"
    descriptor = item.LUTDescriptor
    if isinstance(descriptor, bytes):
        descriptor = np.frombuffer(descriptor, f"{order}u2")
    count, first, bits = (int(number) & 0xFFFF for number in descriptor)
    count = count or 1 << 16
    entries = item.LUTData
    if isinstance(entries, bytes):
        is_narrow = len(entries) in (count, count + 1)  # a byte each, and one to an even length
        words = len(entries) // (1 if is_narrow else 2)
        entries = np.frombuffer(entries, "u1" if is_narrow else f"{order}u2", words)
    entries = np.atleast_1d(np.asarray(entries, np.int64))[:count]
    if not entries.size:
        raise ValueError("a table without entries")
    unsigned = (entries & 0xFFFF).astype(np.uint16)  # LUT Data in SS are the same 16 bits
    first = _first(first, int(descriptor[1]), len(entries), met)
    if len(entries) < min(count, met[1] - first + 1):
        raise ValueError("a table that ends before the values do, and before it should")
    return LookupTable(first, unsigned, _width(unsigned, bits))


def _first(number: int, declared: int, count: int, met: tuple[float, float]) -> int:
    """The first value mapped, of the two that its 16 bits can mean.

    Its representation is that of the values looked up, which a rescale can make negative, and not
    that of the pixels by which an implicit VR is told. The table was made for the values it meets.
    """

    def shared(first: int) -> float:
        return min(met[1], first + count - 1) - max(met[0], first)

    signed = number - (1 << 16) if number >= 1 << 15 else number
    return max((declared, signed, number), key=shared)


def _width(entries: NDArray[np.uint16], bits: int) -> int:
    """Bits of an entry: those declared, unless the entries fill fewer of them, or need more."""
    highest = int(entries.max())
    used = highest.bit_length()
    if 1 <= bits <= 16 and (used == bits or highest == 1 << bits):
        return bits
    return max(1, used)


def _padding(dataset: FileDataset, stored: Values) -> tuple[float, float] | None:
    """Pixel Padding Value and Range Limit, in the kind that goes with the pixels."""
    for kind in ("", "Float", "DoubleFloat"):
        value = dicom.first_number(dataset, f"{kind}PixelPaddingValue")
        if value is None:
            continue
        limit = dicom.first_number(dataset, f"{kind}PixelPaddingRangeLimit")
        limit = value if limit is None else limit
        if not kind and stored.dtype.kind != "f":
            value, limit = (_as_stored(dataset, number, stored) for number in (value, limit))
        return min(value, limit), max(value, limit)
    return None


def _as_stored(dataset: FileDataset, number: float, stored: Values) -> float:
    """A padding value of the wrong sign as the stored value of the same bits."""
    bits = dicom.whole_number(dataset, "BitsStored") or 8 * stored.dtype.itemsize
    lowest = -(1 << bits - 1) if stored.dtype.kind == "i" else 0
    if lowest <= number < lowest + (1 << bits):
        return number
    return (int(number) - lowest) % (1 << bits) + lowest
