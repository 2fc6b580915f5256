"""Whether a compressed frame is all there. Decoders invent what is cut off, and say nothing.

A stream that is whole does not care what follows it: decoded again with other bytes after its end,
it gives the same picture. One that was cut short takes them for picture, from the row where it
ends. That needs no decoder's warnings, and holds for each kind of JPEG.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screener.reading import codestream
from screener.reading.codestream import EOI, Jpeg, Scan
from screener.reading.dicom import DAMAGED
from screener.reading.limits import PixelError
from screener.study import Outcome

Decode = Callable[[bytes], NDArray[Any]]

FOREIGN = bytes(random.Random(1).choices(range(1, 0x7F), k=512))
"""Bytes that no stream goes on with; without FF, so that they hold no marker."""

FEWEST_ALIKE = 32
"""Equal bytes in a row that may stand for lost data: copying programs fill up with zeros."""

MOST_ALIKE = 256
"""As many in a row no JPEG 2000 stream holds, which codes black with next to nothing."""

_LAST = 8
"""Bytes at the end without which a whole stream gives another picture."""


def decoded(stream: bytes, decode: Decode) -> NDArray[Any]:
    """Decode a compressed frame that is whole.

    Args:
        stream: one frame; JPEG of any kind and JPEG 2000 are looked into, others taken for whole.
        decode: gives the picture of a stream, (rows, columns) or more.

    Raises:
        PixelError: it is cut short; the reason says how much is missing.
        DAMAGED: it cannot be decoded at all.
    """
    if not stream.startswith(codestream.SOI):
        _refuse(_missing_of_j2k(stream))
        return decode(stream)
    parts = codestream.jpeg_of(stream)
    if parts is None or not parts.scans:
        raise PixelError(
            Outcome.UNREADABLE, "its compressed data are cut short before the picture begins"
        )
    try:
        picture = decode(stream)
    except DAMAGED:
        if parts.is_ended:
            raise
        picture = decode(stream + EOI)
    _refuse(_missing(stream, parts, picture, decode))
    return picture


def _refuse(missing: str | None) -> None:
    if missing:
        raise PixelError(Outcome.UNREADABLE, f"its compressed data are cut short: {missing}")


def _missing(stream: bytes, parts: Jpeg, picture: NDArray[Any], decode: Decode) -> str | None:
    if parts.frame.process == codestream.JPEG_LS:  # its decoder refuses what is cut
        return None if parts.is_ended else "its end is missing"
    if _lacks_scans(parts):
        return "the last of its passes are missing"
    scan = parts.scans[-1]
    if share := _lacks_restarts(stream, parts, scan):
        return _share(share)
    row = _first_invented(
        _head(stream, parts, scan), stream[scan.begin : scan.end], picture, decode
    )
    return None if row is None else _share(1 - row / len(picture))


def _share(share: float) -> str:
    return f"about {max(1, round(100 * share))} % of the picture is missing"


def _head(stream: bytes, parts: Jpeg, scan: Scan) -> bytes:
    """What stands before a scan's data, without what decoders grumble at: they bear one grumble."""
    if parts.frame.process in codestream.PROGRESSIVE | codestream.LOSSLESS:
        return stream[: scan.begin]
    return stream[: scan.begin - 3] + b"\x00\x3f\x00"  # all coefficients, all bits (T.81 B.2.3)


def _first_invented(head: bytes, data: bytes, picture: NDArray[Any], decode: Decode) -> int | None:
    """The first row that the last scan's data do not reach; None where they reach the end."""
    filled = data.rstrip(data[-1:])
    if len(data) - len(filled) < FEWEST_ALIKE:
        filled = data

    def change(data: bytes) -> int | None:
        return _first_difference(picture, head + data + FOREIGN + EOI, decode)

    row, hole = change(filled), _hole(filled)
    if row is None and hole is not None and change(filled[:-_LAST]) is None:
        return change(filled[:hole])  # what stands after the hole came to its end too soon
    if row is None or filled is data:
        return row
    # Equal bytes may be code for black too: then they are enough, and the last are needed.
    is_code = change(data) is None and change(data[:-_LAST]) is not None
    return None if is_code else row


def _hole(data: bytes, fewest: int = FEWEST_ALIKE) -> int | None:
    """Where the first run of so many equal bytes begins, within 8 bytes."""
    words = np.frombuffer(data, np.uint64, len(data) // 8)
    changes = np.flatnonzero(words[1:] != words[:-1])
    begins = np.concatenate(([0], changes + 1))
    long = np.flatnonzero(np.diff(begins, append=len(words)) >= fewest // 8)
    return 8 * int(begins[long[0]]) if long.size else None


def _first_difference(picture: NDArray[Any], stream: bytes, decode: Decode) -> int | None:
    try:
        other = decode(stream)
    except DAMAGED:
        return 0
    if other.shape != picture.shape:
        return 0
    rows = (other != picture).reshape(len(picture), -1).any(axis=1)
    return int(rows.argmax()) if rows.any() else None


def _lacks_scans(parts: Jpeg) -> bool:
    """Whether a progressive JPEG leaves bits of any coefficient to later scans."""
    if parts.frame.process not in codestream.PROGRESSIVE:
        return {one for scan in parts.scans for one in scan.components} < _components(parts)
    exact = {
        (component, place)
        for scan in parts.scans
        if not scan.shift
        for component in scan.components
        for place in range(scan.first, scan.last + 1)
    }
    return len(exact) < 64 * len(_components(parts))


def _components(parts: Jpeg) -> set[int]:
    return {identifier for identifier, _, _ in parts.frame.factors}


def _lacks_restarts(stream: bytes, parts: Jpeg, scan: Scan) -> float:
    """Share of the last scan's restart intervals that are not there."""
    if not scan.restarts:
        return 0.0
    found = re.findall(rb"\xff([\xd0-\xd7])", stream[scan.begin : scan.end])
    wanted = math.ceil(_units(parts, scan) / scan.restarts) - 1
    in_order = next(
        (i for i, (one,) in enumerate(found) if one & 7 != i % 8), min(len(found), wanted)
    )
    return 1 - (in_order + 1) / (wanted + 1)


def _units(parts: Jpeg, scan: Scan) -> int:
    """Units that a scan codes (ITU-T T.81 A.2)."""
    frame = parts.frame
    side = 1 if frame.process in codestream.LOSSLESS else 8
    widest = max((h for _, h, _ in frame.factors), default=1)
    tallest = max((v for _, _, v in frame.factors), default=1)
    if len(scan.components) == 1:
        h, v = next(((h, v) for one, h, v in frame.factors if one in scan.components), (1, 1))
        columns, rows = math.ceil(frame.columns * h / widest), math.ceil(frame.rows * v / tallest)
        return math.ceil(columns / side) * math.ceil(rows / side)
    return math.ceil(frame.columns / (side * widest)) * math.ceil(frame.rows / (side * tallest))


def _missing_of_j2k(stream: bytes) -> str | None:
    """By the lengths of its tile parts (ISO/IEC 15444-1 A.4.2), and its end marker."""
    at = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
    if at < 0:
        return None
    end, begin = stream.rfind(EOI), stream.find(b"\xff\x90\x00\x0a", at)
    if begin < 0:
        return "all of the picture is missing"
    if end < begin or stream[end + 2 :].strip(b"\0"):
        return "its end is missing"
    if (hole := _hole(stream[begin:end], MOST_ALIKE)) is not None:
        return f"{_share(1 - hole / (end - begin))}, or damaged"
    while stream[begin : begin + 4] == b"\xff\x90\x00\x0a":
        length = int.from_bytes(stream[begin + 6 : begin + 10], "big")
        if not length:  # it goes on to the end
            return None
        if begin + length > end:
            return _share((begin + length - end) / (begin + length))
        begin += length
    return None
