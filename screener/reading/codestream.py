"""What a compressed frame says of itself: size, bits, samples a pixel; JPEG, JPEG-LS, JPEG 2000.

The header's elements may be wrong; the stream is what is decoded. It decodes nothing and follows
no length beyond the bytes it is given; RLE says nothing of its size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SOI, EOI = b"\xff\xd8", b"\xff\xd9"

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Start of frame: all processes of JPEG, and JPEG-LS."""
JPEG_LS = 0xF7
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
OF_LIBJPEG = frozenset({0xC0, 0xC1, 0xC2})
"""Huffman coded blocks, all at once or progressive."""
WITHOUT_END = frozenset(range(0xC9, 0xD0)) - {0xCC} | {JPEG_LS}
"""Arithmetic coded, which takes any end; and JPEG-LS, whose decoder refuses what is not whole."""

_SCAN, _RESTARTS, _END = 0xDA, 0xDD, 0xD9
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_NEXT_MARKER_LS = re.compile(rb"\xff[\x80-\xfe]")  # after FF, a bit is stuffed instead of a byte

J2K_START = b"\xff\x4f\xff\x51"


@dataclass(frozen=True, slots=True)
class Frame:
    """The size and kind of what a stream holds."""

    rows: int
    columns: int
    bits: int
    samples: int
    """A pixel; 1 is gray."""
    process: int = 0
    """JPEG's second byte of the start of frame; 0 for JPEG 2000."""
    factors: tuple[tuple[int, int, int], ...] = ()
    """JPEG's components: identifier, horizontal and vertical sampling factor."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a JPEG: what it refines, and where its coded data lie."""

    components: tuple[int, ...]
    first: int
    last: int
    shift: int
    """Bits of the coefficients that are still to come."""
    begin: int
    end: int
    restarts: int
    """Units between two restart markers, 0 for none."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """The parts of a JPEG or JPEG-LS stream."""

    frame: Frame
    scans: tuple[Scan, ...]
    is_ended: bool
    """Whether the end marker is there."""


def frame_of(stream: bytes) -> Frame | None:
    """Size and kind of a compressed frame, where it says them."""
    if stream.startswith(SOI):
        parts = jpeg_of(stream)
        return parts.frame if parts else None
    at = stream.find(J2K_START, 0, 4096)  # the boxes of a JP2 file may stand before it
    return _j2k(stream, at + 4) if at >= 0 else None


def _j2k(stream: bytes, at: int) -> Frame | None:
    """By its SIZ marker segment (ISO/IEC 15444-1 A.5.1)."""
    if len(stream) < at + 39:
        return None
    right, bottom, left, top = (_number(stream, at + 4 + 4 * i, 4) for i in range(4))
    samples, bits = _number(stream, at + 36, 2), (stream[at + 38] & 0x7F) + 1
    return Frame(bottom - top, right - left, bits, samples)


def is_rle(stream: bytes) -> bool:
    """Whether it begins as RLE does: how many segments, and where the first one is (PS3.5 G.5)."""
    return 1 <= _segment_count(stream) <= 15 and stream[4:8] == bytes((64, 0, 0, 0))


def rle_segments(stream: bytes) -> list[bytes]:
    """The segments of an RLE frame, as its header parts them."""
    count = _segment_count(stream)
    begins = [int.from_bytes(stream[at : at + 4], "little") for at in range(4, 4 + 4 * count, 4)]
    return [stream[begin:end] for begin, end in pairwise([*begins, len(stream)])]


def _segment_count(stream: bytes) -> int:
    return int.from_bytes(stream[:4], "little")


def jpeg_of(stream: bytes) -> Jpeg | None:
    """The parts of a JPEG, as far as they are there; None for one without a frame."""
    frame: Frame | None = None
    scans: list[Scan] = []
    restarts, is_ended = 0, False
    for marker, begin, end in _segments(stream):
        body = stream[begin:end]
        if marker in _FRAMES and len(body) >= 6 and frame is None:
            frame = _frame(marker, body)
        elif marker == _RESTARTS and len(body) >= 2:
            restarts = _number(body, 0, 2)
        elif marker == _SCAN and frame and body:
            found = _finder(frame.process).search(stream, end)
            scans.append(_scan(body, end, found.start() if found else len(stream), restarts))
        elif marker == _END:
            is_ended = True
    return Jpeg(frame, tuple(scans), is_ended) if frame else None


def _segments(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Each marker with the begin and end of its segment; coded data are stepped over."""
    at, finder = 2, _NEXT_MARKER
    while found := finder.search(stream, at):
        marker, at = stream[found.end() - 1], found.end()
        finder = _finder(marker) if marker in _FRAMES else finder
        if marker == _END:
            yield marker, at, at
            return
        if marker == 0x01 or len(stream) < at + 2:
            continue
        length = max(2, _number(stream, at, 2))
        yield marker, at + 2, min(at + length, len(stream))
        at += length


def _finder(process: int) -> re.Pattern[bytes]:
    """What finds the marker after coded data."""
    return _NEXT_MARKER_LS if process == JPEG_LS else _NEXT_MARKER


def _frame(marker: int, body: bytes) -> Frame:
    count = body[5]
    components = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    factors = tuple((c[0], c[1] >> 4, c[1] & 15) for c in components if len(c) == 3)
    return Frame(_number(body, 1, 2), _number(body, 3, 2), body[0], count, marker, factors)


def _scan(body: bytes, begin: int, end: int, restarts: int) -> Scan:
    count = body[0]
    components = tuple(body[1 + 2 * i] for i in range(count) if 1 + 2 * i < len(body))
    first, last, bits = (*body[1 + 2 * count : 4 + 2 * count], 0, 0, 0)[:3]
    return Scan(components, first, last, bits & 15, begin, end, restarts)


def side_of(frame: Frame) -> int:
    """Rows and columns of pixels that are coded together."""
    return 1 if frame.process in LOSSLESS else 8


def lacks_scans(parts: Jpeg) -> bool:
    """Whether a progressive JPEG leaves bits of any coefficient to later scans."""
    if parts.frame.process not in PROGRESSIVE:
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


def lacks_restarts(stream: bytes, parts: Jpeg, scan: Scan) -> float:
    """Share of the last scan's restart intervals that are not there."""
    if not scan.restarts:
        return 0.0
    found = re.findall(rb"\xff([\xd0-\xd7])", stream[scan.begin : scan.end])
    wanted = math.ceil(units_of(parts, scan) / scan.restarts) - 1
    in_order = next(
        (i for i, (one,) in enumerate(found) if one & 7 != i % 8), min(len(found), wanted)
    )
    return 1 - (in_order + 1) / (wanted + 1)


def units_of(parts: Jpeg, scan: Scan) -> int:
    """Units that a scan codes (ITU-T T.81 A.2)."""
    frame = parts.frame
    side = side_of(frame)
    widest = max((h for _, h, _ in frame.factors), default=1)
    tallest = max((v for _, _, v in frame.factors), default=1)
    if len(scan.components) == 1:
        h, v = next(((h, v) for one, h, v in frame.factors if one in scan.components), (1, 1))
        columns, rows = math.ceil(frame.columns * h / widest), math.ceil(frame.rows * v / tallest)
        return math.ceil(columns / side) * math.ceil(rows / side)
    return math.ceil(frame.columns / (side * widest)) * math.ceil(frame.rows / (side * tallest))


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
