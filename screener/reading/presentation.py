"""What a DICOM header says about showing its pixels, as :class:`screener.reading.grayscale.Rules`.

The first of several windows or tables is taken. Numbers that are none, and slopes of zero, are
taken as absent; a table that cannot be read is an error, for a picture shown wrongly is worse.
"""

from __future__ import annotations

import math

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.multival import MultiValue

from screener.reading import grayscale
from screener.reading.grayscale import LookupTable, Rules, VoiFunction, Window

WORDS = (
    "PhotometricInterpretation", "PixelRepresentation", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit", "WindowCenter",
    "WindowWidth", "VOILUTFunction", "RescaleIntercept", "RescaleSlope", "ModalityLUTSequence",
    "VOILUTSequence", "PresentationLUTShape",
)  # fmt: skip
"""The elements looked at."""


def rules(dataset: FileDataset) -> Rules:
    """What a dataset says about showing its pixels."""
    return Rules(
        slope=_number(dataset, "RescaleSlope") or 1.0,
        intercept=_number(dataset, "RescaleIntercept") or 0.0,
        modality_table=_table(dataset, "ModalityLUTSequence"),
        voi_table=_table(dataset, "VOILUTSequence"),
        window=_window(dataset),
        inverted=grayscale.is_inverted(
            str(dataset.get("PhotometricInterpretation", "")),
            str(dataset.get("PresentationLUTShape") or ""),
        ),
        padding=_padding(dataset),
    )


def _number(dataset: FileDataset, word: str) -> float | None:
    """The first of an element's numbers, where it has one that is finite.

    Several windows are alternatives to choose from, of which the first is shown.
    """
    value = dataset.get(word)
    if isinstance(value, list | MultiValue):
        value = value[0] if value else None
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _window(dataset: FileDataset) -> Window | None:
    """The first window; a VOI LUT Function that is not known is LINEAR."""
    center, width = _number(dataset, "WindowCenter"), _number(dataset, "WindowWidth")
    if center is None or width is None:
        return None
    function = str(dataset.get("VOILUTFunction") or "")
    known = function in VoiFunction.__members__
    chosen = VoiFunction(function) if known else VoiFunction.LINEAR
    return Window(center, width, chosen)


def _table(dataset: FileDataset, word: str) -> LookupTable | None:
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
    entries = np.asarray(entries, np.uint16)[: count or 65536]
    return LookupTable(first, entries, bits if 1 <= bits <= 16 else 16)


def _padding(dataset: FileDataset) -> tuple[float, float] | None:
    """Pixel Padding Value and Range Limit, in the kind that goes with the pixels."""
    for kind in ("", "Float", "DoubleFloat"):
        value = _number(dataset, f"{kind}PixelPaddingValue")
        if value is None:
            continue
        limit = _number(dataset, f"{kind}PixelPaddingRangeLimit")
        limit = value if limit is None else limit
        return min(value, limit), max(value, limit)
    return None
