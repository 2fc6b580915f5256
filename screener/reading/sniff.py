"""What a file's first bytes say it is: DICOM, PNG, JPEG or none. Extensions are never believed."""

from __future__ import annotations

from enum import StrEnum

HEAD = 144
"""Bytes of a file that :func:`sniff` needs."""


class Kind(StrEnum):
    """What a file's first bytes say it is."""

    DICOM = "dicom"
    BARE_DICOM = "bare dicom"
    """Without preamble and "DICM", recognised by its first data element."""
    PNG = "png"
    JPEG = "jpeg"


def sniff(head: bytes) -> Kind | None:
    """Tell a file's kind by its first :data:`HEAD` bytes.

    Args:
        head: the first bytes, fewer where the file is shorter.

    Returns:
        The kind, None for any other content.
    """
    if head[128:132] == b"DICM":
        return Kind.DICOM
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if _starts_with_element(head):
        return Kind.BARE_DICOM
    return None


def _starts_with_element(head: bytes) -> bool:
    """Whether the bytes begin with a data element of group 0002 or 0008, in either byte order.

    Composite objects written without a preamble begin with meta information (0002) or with
    identification (0008). The length, or the value representation, must be believable.
    """
    little = head[:2] in (b"\x02\x00", b"\x08\x00")
    if len(head) < 8 or not (little or head[:2] == b"\x00\x08"):
        return False
    if head[4:6] in _FIRST_VRS:
        return True
    return little and head[3] <= 0x23 and int.from_bytes(head[4:8], "little") <= 0x1000


_FIRST_VRS = (b"UL", b"OB", b"UI", b"CS", b"DA", b"TM", b"DT", b"SH", b"LO", b"SQ")
