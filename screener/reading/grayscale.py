"""From stored values to what a reader would see: modality, then VOI, then presentation.

The order of PS3.3 C.11 and PS3.4 N.2, in numpy alone. Every step is a function of the value and
not of its place, so it is worked out once for each value that can occur and then looked up. It
reads no file and knows no DICOM library; :mod:`screener.reading.pixels` fills in the
:class:`Rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROBUST = (0.5, 99.5)
"""Percentiles that stand in for a window where there is none."""

PIECE = 1 << 16
"""Pixels looked up at a time: numpy makes its indexes of them in the cache, not in memory."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
Values = NDArray[Any]
"""Integers or floats, as they were stored."""


class VoiFunction(StrEnum):
    """How a window maps onto the output, VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """Window Center and Width. Use :meth:`is_valid` before applying one read from a file."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR

    def is_valid(self) -> bool:
        """Whether the standard allows it: a width of at least 1 for LINEAR, else above 0."""
        least = 1.0 if self.function is VoiFunction.LINEAR else np.nextafter(0.0, 1.0)
        return bool(np.isfinite(self.center) and np.isfinite(self.width) and self.width >= least)


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A modality or VOI lookup table."""

    first: int
    """The value that the first entry belongs to; smaller values take the first entry too."""
    entries: NDArray[np.uint16]
    bits: int
    """Bits of an entry; the output range is 0 to 2**bits - 1."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a header says about reading its pixels."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_table: LookupTable | None = None
    voi_table: LookupTable | None = None
    window: Window | None = None
    inverted: bool = False
    padding: tuple[float, float] | None = None
    """Lowest and highest stored value that mean "nothing was imaged here", both included."""

    @property
    def valid_window(self) -> Window | None:
        """The window, where it may be applied."""
        return self.window if self.window is not None and self.window.is_valid() else None


def is_inverted(photometric: str, shape: str | None) -> bool:
    """Whether low values are to be shown bright.

    Presentation LUT Shape (2050,0020) decides; only where it is absent does MONOCHROME1.
    """
    if shape:
        return shape == "INVERSE"
    return photometric == "MONOCHROME1"


def stored_values(words: Values, bits_stored: int, high_bit: int, *, signed: bool) -> Values:
    """Cut the stored value out of its allocated word, which may hold overlays beside it.

    Args:
        words: the words as decoded, (rows, columns).
        bits_stored: Bits Stored (0028,0101).
        high_bit: High Bit (0028,0102); one that leaves no room is taken as bits_stored - 1.
        signed: Pixel Representation (0028,0103).

    Returns:
        Integers of the same width, signed or not as asked.
    """
    width = words.dtype.itemsize * 8
    kind = np.dtype(f"{'i' if signed else 'u'}{words.dtype.itemsize}")
    values = words.view(kind)
    if bits_stored >= width:
        return values
    if not bits_stored <= high_bit + 1 <= width:
        high_bit = bits_stored - 1
    if high_bit == bits_stored - 1 and not signed:  # nearly always
        return np.asarray(values & values.dtype.type((1 << bits_stored) - 1))
    top_aligned = np.left_shift(values, width - 1 - high_bit)
    return np.asarray(np.right_shift(top_aligned, width - bits_stored))


def render(stored: Values, rules: Rules) -> Floats:
    """Show stored values as a reader would see them.

    Args:
        stored: stored values, (rows, columns), integers or floats.
        rules: what the header says.

    Returns:
        float32 (rows, columns) in [0, 1]; 1 is white. Padding is black.

    Raises:
        ValueError: there is no value that is not padding.
    """
    if stored.dtype.kind == "f" or stored.dtype.itemsize > 2:
        stored = np.nan_to_num(stored)
        values, counts = np.unique(stored, return_counts=True)
        return _show(values, counts, rules)[np.searchsorted(values, stored)]
    least, most = stored.min(), stored.max()
    values = np.arange(int(least), int(most) + 1)
    kind = np.dtype(f"u{stored.dtype.itemsize}")
    words, first = stored.ravel().view(kind), least.view(kind)  # differences wrap around
    size = max(PIECE, 4 * values.size)
    pieces = [slice(begin, begin + size) for begin in range(0, words.size, size)]
    counts = np.ones(values.size, np.intp)
    if _depends_on_counts(rules):
        counts = np.zeros(values.size, np.intp)
        for piece in pieces:
            counts += np.bincount(words[piece] - first, minlength=values.size)
    table, shown = _show(values, counts, rules), np.empty(stored.shape, np.float32)
    flat = shown.reshape(-1)
    for piece in pieces:
        np.take(table, words[piece] - first, out=flat[piece], mode="clip")
    return shown


def _depends_on_counts(rules: Rules) -> bool:
    """Whether it matters which values occur, and how often: counting takes as long as showing."""
    is_stated = rules.voi_table is not None or rules.valid_window is not None
    return rules.padding is not None or not is_stated


def _show(values: Values, counts: Values, rules: Rules) -> Floats:
    """The shown gray of each value, all steps in the standard's order."""
    padded = _is_padding(values, rules.padding)
    counts = np.where(padded, 0, counts)
    if not counts.any():
        raise ValueError("every pixel is padding")
    gray = apply_voi(apply_modality(values, rules), counts, rules)
    if rules.inverted:  # once, after VOI, over its output range
        gray = 1.0 - gray
    gray[padded] = 0.0
    return gray.astype(np.float32)


def _is_padding(values: Values, padding: tuple[float, float] | None) -> Mask:
    """PS3.3 C.7.5.1.1.2: padding values take no part in any transformation."""
    if padding is None:
        return np.zeros(values.shape, bool)
    return np.asarray((values >= padding[0]) & (values <= padding[1]))


def apply_modality(values: Values, rules: Rules) -> Doubles:
    """Modality LUT, or else rescale slope and intercept (PS3.3 C.11.1)."""
    if rules.modality_table is not None:
        return look_up(values, rules.modality_table)
    return np.asarray(values * np.float64(rules.slope) + rules.intercept)


def apply_voi(values: Doubles, counts: Values, rules: Rules) -> Doubles:
    """VOI LUT, or else the window, or else a robust full range (PS3.3 C.11.2).

    Args:
        values: modality values.
        counts: how many pixels have each value.
        rules: what the header says.

    Returns:
        float64 in [0, 1], shaped as ``values``.
    """
    if rules.voi_table is not None:
        shown = look_up(values, rules.voi_table) / (2**rules.voi_table.bits - 1)
        return np.asarray(np.minimum(shown, 1.0))
    if (window := rules.valid_window) is not None:
        return apply_window(values, window)
    return stretch(values, *weighted_percentiles(values, counts, ROBUST))


def look_up(values: Values, table: LookupTable) -> Doubles:
    """Entries of a table for some values; values beyond its ends take the nearest entry."""
    index = np.clip(np.rint(values) - table.first, 0, table.entries.size - 1)
    return np.asarray(table.entries[index.astype(np.intp)], np.float64)


def apply_window(values: Doubles, window: Window) -> Doubles:
    """Map a window onto [0, 1].

    Args:
        values: modality values, any shape.
        window: a valid window.

    Returns:
        float64 in [0, 1], shaped as ``values``.
    """
    center, width = window.center, window.width
    if window.function is VoiFunction.SIGMOID:  # PS3.3 C.11.2.1.3.1
        return np.asarray(0.5 + 0.5 * np.tanh(2 * (values - center) / width))
    if window.function is VoiFunction.LINEAR_EXACT:  # PS3.3 C.11.2.1.3.2
        return stretch(values, center - width / 2, center + width / 2)
    # PS3.3 C.11.2.1.2.1
    return stretch(values, center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2)


def stretch(values: Doubles, low: float, high: float) -> Doubles:
    """Spread [low, high] over [0, 1] and clip; a step where both are one value."""
    if high <= low:
        return np.asarray(values > low, np.float64)
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def weighted_percentiles(
    values: Doubles, counts: Values, percentiles: tuple[float, ...]
) -> tuple[float, ...]:
    """The smallest values that at least so many percent of the pixels do not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    wanted = np.asarray(percentiles) / 100 * reached[-1]
    places = np.searchsorted(reached, np.maximum(wanted, 1))
    return tuple(float(value) for value in values[order][places])
