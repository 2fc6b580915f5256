"""Who objects are sent to: an archive that speaks DIMSE, as ``AET@HOST:PORT``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from screener.errors import ConfigurationError

OURS = "SCREENER"
"""The AE title we call ourselves unless told otherwise."""
TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]{0,15}")
"""An application entity's title (PS3.5, VR AE): at most 16 characters, no backslash."""
_PEER = re.compile(r"(?P<title>[^@]+)@(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s@:/]+):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Peer:
    """An application entity and where it listens."""

    title: str
    host: str
    port: int

    def __str__(self) -> str:
        """As it is typed."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.title}@{host}:{self.port}"


def parsed(text: str) -> Peer:
    """A peer as it is typed.

    Raises:
        ConfigurationError: it is none.
    """
    found = _PEER.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65_536:
        raise ConfigurationError(f"{text}: not an archive's address; write AET@HOST:PORT")
    return Peer(titled(found["title"]), found["host"].strip("[]"), int(found["port"]))


def titled(text: str) -> str:
    """An AE title.

    Raises:
        ConfigurationError: it is none.
    """
    if not TITLE.fullmatch(text):
        raise ConfigurationError(f"{text}: not an AE title: 1 to 16 plain characters, no backslash")
    return text
