"""Whether a JPEG 2000 stream is all there, by what it says of itself (ISO/IEC 15444-1 annex A).

Its coder takes any bytes for picture, so what is exchanged inside a code block cannot be told.
What can be: lengths of tile parts that lead elsewhere, markers where none can be, and runs of
equal bytes, which the coder never writes. It decodes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from screener.reading.codestream import EOI, J2K_START
from screener.reading.limits import missing as of_picture

_PART = b"\xff\x90\x00\x0a"
_DATA = b"\xff\x93"
_STYLE = b"\xff\x52"
_NO_CODE = re.compile(rb"\xff[\x90\x93-\xff]")
"""No coded byte after FF is above 8F; 91 and 92 part packets (A.1.1)."""

FEWEST_ALIKE = 64
"""As many equal bytes the coder writes for no picture: black costs it next to nothing."""
PRECINCTS = 64
"""Packets of a resolution where a stream parts it; elsewhere it has one. An empty one is a byte."""


def fault(stream: bytes) -> str | None:
    """What is wrong with a JPEG 2000 stream: "cut short: ..." or "damaged"; None for others too."""
    at = stream.find(J2K_START, 0, 4096)
    if at < 0:
        return None
    end, begin = stream.rfind(EOI), stream.find(_PART, at)
    if begin < 0:
        return of_picture(1)
    if end < begin or stream[end + 2 :].strip(b"\0"):
        return "cut short: its end is missing"
    alike = first_alike(stream[begin:end], _most_alike(stream[at:begin]))
    if alike is not None:
        return f"{of_picture(1 - alike / (end - begin))}, or damaged"
    return next(_of_parts(stream, begin, end), None)


def first_alike(data: bytes, fewest: int) -> int | None:
    """Where the first run of so many equal bytes begins, within 8 bytes."""
    words = np.frombuffer(data, np.uint64, len(data) // 8)
    changes = np.flatnonzero(words[1:] != words[:-1])
    begins = np.concatenate(([0], changes + 1))
    long = np.flatnonzero(np.diff(begins, append=len(words)) >= fewest // 8)
    return 8 * int(begins[long[0]]) if long.size else None


def _most_alike(header: bytes) -> int:
    """By the coding style, which says how many packets may follow one another empty (A.6.1)."""
    at = header.find(_STYLE) + 4
    if at < 4 or len(header) < at + 6:
        return FEWEST_ALIKE
    layers, resolutions = int.from_bytes(header[at + 2 : at + 4], "big"), header[at + 5] + 1
    return FEWEST_ALIKE + layers * resolutions * (PRECINCTS if header[at] & 1 else 1)


def _of_parts(stream: bytes, begin: int, end: int) -> Iterator[str]:
    """What is wrong with the tile parts, one after the other (A.4.2)."""
    while stream[begin : begin + 4] == _PART:
        length = int.from_bytes(stream[begin + 6 : begin + 10], "big") or end - begin
        if begin + length > end:
            yield of_picture((begin + length - end) / (begin + length))
        data = stream.find(_DATA, begin, begin + length)
        if data < 0 or _NO_CODE.search(stream, data + 2, begin + length):
            yield "damaged"
        begin += length
    if begin != end:
        yield "damaged"
