"""Stand-ins for the identifiers of patients and studies, the same for the same, on this machine.

A keyed hash (HMAC-SHA256), so that nobody without the key can find a patient by trying numbers.
Refuses to work with a damaged key rather than make a new one, which would rename every patient.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from screener import locations
from screener.errors import ConfigurationError

KEY_BYTES = 32


def pseudonym(identifier: str, key: bytes) -> str:
    """Fifty bits of the keyed hash of an identifier, as "P-" and ten base32 characters."""
    digest = hmac.digest(key, identifier.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return "P-" + _letters(digest)[:10]


def study_key(uid: str, person: str, key: bytes) -> str:
    """The key of a study, in which neither its StudyInstanceUID nor its patient can be found.

    Args:
        uid: of the study; or, of one without, the path that stands for it and is kept in clear.
        person: its patient's number and who gave it; "" where no header says it.
        key: as :func:`load_key` gives it.
    """
    mark = pseudonym(person, key) if person else ""
    return f"{uid} {mark}".strip() if "/" in uid else keyed(uid, mark, key)


def keyed(uid: str, mark: str, key: bytes) -> str:
    """Eighty bits of the keyed hash of a UID and a pseudonym, as "S-" and sixteen characters."""
    text = f"study\n{uid}\n{mark}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(key, text, hashlib.sha256)
    return "S-" + _letters(digest)


def _letters(digest: bytes) -> str:
    """The first eighty bits as sixteen base32 characters."""
    return base64.b32encode(digest[:10]).decode("ascii")


def load_key() -> bytes:
    """The user's key, made at the first call; readable by its owner only.

    Raises:
        ConfigurationError: the key cannot be written or read, or is damaged.
    """
    path = locations.data_dir() / "pseudonym.key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}; set SCREENER_DATA_DIR to a folder you can write"
        ) from None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(f"{path}: not a key of {KEY_BYTES} bytes; restore or remove it")
    return key


def _make(path: Path) -> None:
    """Write a new key whole, so that two first scans at once end with one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.touch(mode=0o600)
    part.write_bytes(os.urandom(KEY_BYTES))
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
