"""How a listener is: what waits, what is wrong. A small file, written every few seconds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from screener.errors import ConfigurationError
from screener.whole import replace_text

FILE = "health.json"


@dataclass(frozen=True, slots=True)
class Health:
    """What ``screener status`` tells."""

    at: float
    """Seconds since the epoch."""
    studies_waiting: int
    objects_waiting: int
    objects_uncommitted: int
    """Sent, and the archive has not said yet that it keeps them."""
    objects_refused: int
    """By the archive, for good."""
    failure: str
    """What last went wrong with the archive; empty where nothing does."""


def write(spool: Path, health: Health) -> None:
    """Say how the listener of a spool is."""
    replace_text(spool / FILE, json.dumps(asdict(health)) + "\n")


def read(spool: Path) -> Health:
    """How the listener of a spool last was.

    Raises:
        ConfigurationError: none has worked there, or the file is damaged.
    """
    path = spool / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        kinds = {"at": float, "failure": str}
        values = {name: kinds.get(name, int)(found[name]) for name in Health.__slots__}
        return Health(**values)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{spool}: no listener has worked here; start one with 'screener listen {spool}'"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError(f"{path}: damaged; the listener writes it anew") from None
