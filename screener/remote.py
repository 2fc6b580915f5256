"""Folders that are no folders of this machine: ``s3://bucket/prefix`` and the like, through fsspec.

Such a place is a path as others are: it can be walked, asked for its size, and opened. Who it lets
in, the environment says (as AWS_ACCESS_KEY_ID does for S3), never its address. Needs the extra
``cluster``, and for some schemes what fsspec names.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from screener.errors import ConfigurationError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_HerePath = type(Path())
"""The kind of path that this system has."""
SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
BLOCK = 64 * 1024
"""Bytes of a file that are asked for at a time, where its header is read."""
CHANGED = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
"""What the libraries call the time of a file's last change."""
CONTENT = ("ETag", "etag", "md5Hash", "checksum")
"""What some have instead."""


def is_remote(text: str) -> bool:
    """Whether a text names a place that is not on this machine."""
    return SCHEME.match(text) is not None


def has_secret(text: str) -> bool:
    """Whether an address holds a password, which would stand in lists and on screens."""
    return bool(urlsplit(text).password)


def place(text: str) -> Path:
    """The path that a text names, here or elsewhere."""
    return RemotePath(text) if is_remote(text) else Path(text)


@dataclass(frozen=True, slots=True)
class Status:
    """What is asked of a file before it is read, as the system's own."""

    st_mode: int
    st_size: int
    st_mtime_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder, as ``os.DirEntry`` has it; there are no links."""

    name: str
    is_folder: bool

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.is_folder

    def is_symlink(self) -> bool:
        """It is none."""
        return False


class RemotePath(_HerePath):  # type: ignore[misc, valid-type]
    """A path with a scheme. What is not defined here is of the path's text alone."""

    def __str__(self) -> str:
        """Its address."""
        text: str = super().__str__()
        return text.replace("\\", "/").replace(":/", "://", 1)

    __fspath__ = __str__

    def absolute(self) -> Self:
        """As it is."""
        return self

    def stat(self, *, follow_symlinks: bool = True) -> Status:  # noqa: ARG002
        """Kind, size and time of change, asked anew.

        Raises:
            OSError: it is not there, or cannot be reached.
            ConfigurationError: no library for its scheme is installed.
        """
        with _as_of_files():
            system, name = _system(self)
            return _status(system.info(name))

    def is_dir(self) -> bool:
        """Whether it is a folder: has something in it, where there are no folders.

        Raises:
            OSError: it cannot be reached.
        """
        with _as_of_files():
            system, name = _system(self)
            return bool(system.isdir(name))

    def exists(self) -> bool:
        """Whether something is there, which may be asked."""
        try:
            with _as_of_files():
                system, name = _system(self)
                return bool(system.exists(name))
        except OSError:
            return False

    def entries(self) -> Iterator[Entry]:
        """What is in a folder; what no path can be made of has the name "".

        Raises:
            OSError: it cannot be reached.
        """
        with _as_of_files():
            system, name = _system(self)
            found = system.ls(name, detail=True)
        for one in found:
            own = one["name"].rstrip("/").rpartition("/")[2]
            if one["name"].strip("/") == name.strip("/"):
                if one.get("ETag"):  # an object that stands for the folder itself
                    continue
                own = ""  # objects behind two strokes
            yield Entry(own, one["type"] == "directory")

    def open(self, mode: str = "rb", buffering: int = -1, *_: Any, **__: Any) -> Any:  # noqa: ANN401, ARG002
        """Open it to read its bytes.

        Raises:
            OSError: it is not there, or cannot be reached.
        """
        with _as_of_files():
            system, name = _system(self)
            return system.open(name, "rb", block_size=BLOCK, cache_type="readahead")


@contextmanager
def near(path: Path) -> Iterator[Path]:
    """A file to read all of: itself, or for as long as it is read a copy on this machine.

    Raises:
        OSError: it is not there, cannot be reached, or there is no room for it.
    """
    if not isinstance(path, RemotePath):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "film"
        with _as_of_files():
            system, name = _system(path)
            system.get_file(name, os.fspath(copy))
        yield copy


def _system(path: RemotePath) -> tuple[AbstractFileSystem, str]:
    """The library that reaches a place, and the name that it has there."""
    try:
        from fsspec.core import url_to_fs

        system, name = url_to_fs(str(path), use_listings_cache=False)
    except ImportError as error:
        raise ConfigurationError(
            f"{path}: needs one more package ({error}); "
            "pip install 'covid-resnet-screener[cluster]' and what it names"
        ) from None
    except ValueError as error:  # an unknown scheme
        raise ConfigurationError(f"{path}: {error}; give a folder, or s3:// and the like") from None
    return system, name


@contextmanager
def _as_of_files() -> Iterator[None]:
    """Whatever goes wrong far away is an error of files, which a scan knows how to take."""
    try:
        yield
    except (OSError, ConfigurationError):
        raise
    except Exception as error:  # noqa: BLE001 (of as many libraries as there are schemes)
        words = " ".join(str(error).split()) or type(error).__name__
        raise OSError(errno.EIO, words) from None


def _status(info: dict[str, Any]) -> Status:
    kind = stat.S_IFDIR if info["type"] == "directory" else stat.S_IFREG
    return Status(kind, int(info.get("size") or 0), _changed(info))


def _changed(info: dict[str, Any]) -> int:
    """When a file was changed, in ns; a number of its content where nobody tells."""
    for word in CHANGED:
        value = info.get(word)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            since = value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
        if isinstance(value, int | float):
            return int(value * 10**9)
    content = next((str(info[word]) for word in CONTENT if info.get(word)), "")
    return zlib.crc32(content.encode())
