"""Whether a compressed frame is all there. Decoders invent what is missing, and say nothing.

What is whole comes out even: its coded data reach exactly to the last pixel, neither fewer nor
more. That holds of a stream that was cut short or filled up, and of most holes in the middle, after
which a decoder finds its feet again with too many or too few pixels. It does not hold of a hole
that happens to come out even, nor of bytes exchanged inside JPEG 2000: no one can tell those.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from rle import rle

from screener.reading import codestream, tiles
from screener.reading.codestream import EOI, Jpeg, Scan
from screener.reading.dicom import DAMAGED
from screener.reading.limits import PixelError, missing
from screener.study import Outcome

Decode = Callable[[bytes], NDArray[Any]]

FOREIGN = bytes(random.Random(1).choices(range(1, 0x7F), k=512))  # noqa: S311 (filler, no secret)
"""Bytes that no stream goes on with; without FF, so that they hold no marker."""

FEWEST_ALIKE = 32
"""Equal bytes in a row that may stand for lost data: copying programs fill up with zeros."""

_MOST_IN_BYTE = 8
"""Pixels or blocks that one byte codes at most: each takes a bit."""

_PADS = (b"\0", b"\xff\0")
"""Bytes that some encoders add at the end: to an even length, or of nothing but padding bits."""

_SPARE = 4
"""Bytes that padding may unfold to behind an RLE segment."""

_COMPLAINTS = ("Corrupt JPEG data", "Premature end", "Inconsistent progression")
"""How libjpeg's warnings begin that tell of coded data; others tell of odd but whole headers."""

_ONE_SPARE = "Corrupt JPEG data: 1 extraneous bytes before marker 0xd9"


def decoded(stream: bytes, decode: Decode) -> NDArray[Any]:
    """Decode a compressed frame that is whole.

    Args:
        stream: one frame; JPEG of any kind, JPEG 2000 and RLE are looked into.
        decode: gives the picture of a stream, (rows, columns) or more.

    Raises:
        PixelError: it is cut short or damaged; the reason says how much is missing.
        DAMAGED: it cannot be decoded at all.
    """
    if stream.startswith(codestream.SOI):
        return _decoded_jpeg(stream, decode)
    if fault := tiles.fault(stream):
        raise _error(fault)
    picture = decode(stream)
    if codestream.is_rle(stream) and (
        fault := _fault_of_rle(stream, len(picture) * len(picture[0]))
    ):
        raise _error(fault)
    return picture


def _decoded_jpeg(stream: bytes, decode: Decode) -> NDArray[Any]:
    parts = codestream.jpeg_of(stream)
    if parts is None or not parts.scans:
        raise _error("cut short before the picture begins")
    try:
        picture = decode(stream)
    except DAMAGED:
        if parts.is_ended:
            raise
        picture = decode(stream + EOI)
    if fault := _fault(stream, parts, picture, decode):
        raise _error(fault)
    return picture


def _error(fault: str) -> PixelError:
    return PixelError(Outcome.UNREADABLE, f"its compressed data are {fault}")


def _fault(stream: bytes, parts: Jpeg, picture: NDArray[Any], decode: Decode) -> str | None:
    process = parts.frame.process
    if process in codestream.WITHOUT_END:
        return None if parts.is_ended else "cut short: its end is missing"
    if codestream.lacks_scans(parts):
        return "cut short: the last of its passes are missing"
    scan = parts.scans[-1]
    if share := codestream.lacks_restarts(stream, parts, scan):
        return missing(share)
    head, data = _head(stream, parts, scan), stream[scan.begin : scan.end].rstrip(b"\xff")
    kept = data.rstrip(data[-1:])
    kept = kept if len(data) - len(kept) >= FEWEST_ALIKE else data
    if process in codestream.OF_LIBJPEG and parts.frame.bits == 8:
        is_even = _is_unobjected(head, data, parts) or _is_unobjected(head, kept, parts)
    else:
        is_even = any(
            _is_even(head, some, parts, picture, decode)
            for some in dict.fromkeys((data, *(data.removesuffix(pad) for pad in _PADS), kept))
            if some
        )
    return None if is_even else _amount(head, data, kept, picture, decode)


def _head(stream: bytes, parts: Jpeg, scan: Scan) -> bytes:
    """What stands before a scan's data, without what decoders grumble at: they bear one grumble."""
    if parts.frame.process in codestream.PROGRESSIVE | codestream.LOSSLESS:
        return stream[: scan.begin]
    return stream[: scan.begin - 3] + b"\x00\x3f\x00"  # all coefficients, all bits (T.81 B.2.3)


def _is_unobjected(head: bytes, data: bytes, parts: Jpeg) -> bool:
    """Whether libjpeg has nothing to say of the coded data; most pixels are not computed."""
    space = "CMYK" if parts.frame.samples == 4 else "GRAY"
    try:
        simplejpeg.decode_jpeg(
            head + data + EOI, space, min_factor=8, min_height=1, min_width=1, strict=True
        )
    except ValueError as error:
        is_pad = data.endswith(b"\0") and str(error) == _ONE_SPARE
        return bool(is_pad) or not str(error).startswith(_COMPLAINTS)
    return True


def _is_even(head: bytes, data: bytes, parts: Jpeg, picture: NDArray[Any], decode: Decode) -> bool:
    """Whether another last byte gives another picture, only at its end, and further ones do not."""
    added = head + data + FOREIGN + EOI
    for other in _others(data):
        changed = _difference(picture, head + other + FOREIGN + EOI, decode)
        if changed is None:  # its last byte was no code: it was read
            return _is_same(picture, added, decode)
        if changed.any():
            coded = _coded_from_first(changed, codestream.side_of(parts.frame))
            return coded == 1 or (coded <= _MOST_IN_BYTE and _is_same(picture, added, decode))
    return False


def _others(data: bytes) -> Iterator[bytes]:
    """The data with another last byte, of which one may look alike: black is clipped."""
    kept = data.removesuffix(b"\xff\0") if data.endswith(b"\xff\0") else data[:-1]
    for flipped in (0xFF, 0xAA):
        yield kept + bytes([min(0xFE, data[len(kept)] ^ flipped)])


def _is_same(picture: NDArray[Any], stream: bytes, decode: Decode) -> bool:
    differs = _difference(picture, stream, decode)
    return differs is not None and not differs.any()


def _coded_from_first(differs: NDArray[np.bool_], side: int) -> int:
    """How many pixels, or blocks of so many rows and columns, are coded from the first one on."""
    height, width = len(differs), differs.size // len(differs)
    row = np.flatnonzero(differs.any(axis=1))[0] // side
    column = np.flatnonzero(differs[row * side : (row + 1) * side].any(axis=0))[0] // side
    rows, columns = -(-height // side), -(-width // side)
    return int(rows * columns - (row * columns + column))


def _amount(head: bytes, data: bytes, kept: bytes, picture: NDArray[Any], decode: Decode) -> str:
    """How much of a picture that is not whole is missing, as far as it can be told."""
    for some in (kept, data[: tiles.first_alike(data, FEWEST_ALIKE)]):
        differs = _difference(picture, head + some + FOREIGN + EOI, decode)
        if differs is not None and differs.any():
            return missing(1 - int(np.flatnonzero(differs.any(axis=1))[0]) / len(picture))
    return "cut short or damaged: they do not come out even with the picture"


def _difference(picture: NDArray[Any], stream: bytes, decode: Decode) -> NDArray[np.bool_] | None:
    """Where another stream gives other pixels, (rows, columns); None where it gives none."""
    try:
        other: NDArray[Any] = decode(stream)
    except DAMAGED:
        return None
    if other.shape != picture.shape:
        return None
    differs: NDArray[np.bool_] = np.any(other != picture, axis=tuple(range(2, picture.ndim)))
    return differs


def _fault_of_rle(stream: bytes, pixels: int) -> str | None:
    """Each of its segments unfolds to a byte a pixel (PS3.5 G.3)."""
    for segment in codestream.rle_segments(stream):
        try:
            is_more = len(rle.decode_segment(segment)) > pixels + _SPARE
        except ValueError:  # of bytes after the picture, which the decoder has already made of it
            is_more = True
        if is_more:
            return "damaged: they hold more than the picture"
    return None
