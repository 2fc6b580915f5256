"""Find the files of some folders and say by content what each is: DICOM, PNG, JPEG or none.

Extensions are never believed. Nothing is dropped in silence: what is skipped by name is yielded
as skipped, what is of no readable kind or cannot be opened is yielded all the same.
"""

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
    """Whether the bytes begin with a data element of group 0002 or 0008, either endian.

    A first group of 0002 (meta information) or 0008 (identification) is what every composite
    object written without a preamble begins with; its length must be believable.
    """
    if len(head) < 8 or head[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08"):
        return False
    order = "big" if head[:2] == b"\x00\x08" else "little"
    element = int.from_bytes(head[2:4], order)
    if element > 0x2300:
        return False
    if head[4:6].isalpha() and head[4:6].isupper():  # an explicit value representation
        return True
    return order == "little" and int.from_bytes(head[4:8], "little") <= 0x1000
