"""UIDs that follow from what they stand for, so that an export can be repeated.

The same result gives the same UID on every machine; other weights, another calibration or one
verdict more give another. No register is kept.
"""

from __future__ import annotations

from uuid import UUID, uuid5

_ROOT = UUID("6d1f3d8e-3b0c-5a6e-9a44-1c3e5f0f2b7a")
"""Parts these UIDs from all others that are made of names."""


def derived(*parts: str) -> str:
    """A UID made of texts, in their order: a UUID as an integer under 2.25 (PS3.5 B.2)."""
    return f"2.25.{uuid5(_ROOT, chr(31).join(parts)).int}"
