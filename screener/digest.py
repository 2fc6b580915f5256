"""Digests of content, each with the name of its algorithm: "sha256:<64 hex digits>"."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

from screener.remote import RemotePath


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return digest_of_stream(stream)


def digest_of_stream(stream: IO[bytes]) -> str:
    """SHA-256 of what is left of an open binary file."""
    return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def digest_of_bytes(content: bytes) -> str:
    """SHA-256 of bytes in memory."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def name_of_folder(folder: Path | str) -> str:
    """A folder's own name and ten hex digits for its real path, by whatever link it is reached."""
    if isinstance(folder, RemotePath):
        real: Path = folder
    else:
        real = Path(os.path.realpath(folder))  # never raises, as Path.resolve may
    return f"{real.name}~{hashlib.sha256(os.fsencode(real)).hexdigest()[:10]}"
