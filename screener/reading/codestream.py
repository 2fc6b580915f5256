"""What a compressed frame says of itself: size, bits, samples a pixel; JPEG, JPEG-LS, JPEG 2000.

The header's elements may be wrong; the stream is what is decoded. It decodes nothing and follows
no length beyond the bytes it is given; RLE says nothing of itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SOI, EOI = b"\xff\xd8", b"\xff\xd9"

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Start of frame: all processes of JPEG, and JPEG-LS."""
JPEG_LS = 0xF7
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})

_SCAN, _RESTARTS, _END = 0xDA, 0xDD, 0xD9
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_NEXT_MARKER_LS = re.compile(rb"\xff[\x80-\xfe]")  # after FF, a bit is stuffed instead of a byte

_J2K_START = b"\xff\x4f\xff\x51"


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
    at = stream.find(_J2K_START, 0, 4096)  # the boxes of a JP2 file may stand before it
    return _j2k(stream, at + 4) if at >= 0 else None


def _j2k(stream: bytes, at: int) -> Frame | None:
    """By its SIZ marker segment (ISO/IEC 15444-1 A.5.1)."""
    if len(stream) < at + 39:
        return None
    right, bottom, left, top = (_number(stream, at + 4 + 4 * i, 4) for i in range(4))
    samples, bits = _number(stream, at + 36, 2), (stream[at + 38] & 0x7F) + 1
    return Frame(bottom - top, right - left, bits, samples)


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


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
