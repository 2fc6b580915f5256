"""The one module that knows directories: where a user's settings and key live.

``SCREENER_CONFIG_DIR`` and ``SCREENER_DATA_DIR`` replace the system's own choice.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

RESULTS = Path("screening")
"""Default results folder, below the working directory."""


def config_dir() -> Path:
    """Where the user's ``screener.toml`` is looked for; need not exist."""
    return _directory("SCREENER_CONFIG_DIR", "user_config_path", "XDG_CONFIG_HOME", ".config")


def data_dir() -> Path:
    """Where the key of the pseudonyms is kept; need not exist."""
    return _directory("SCREENER_DATA_DIR", "user_data_path", "XDG_DATA_HOME", ".local/share")


def _directory(variable: str, system: str, xdg: str, usual: str) -> Path:
    if os.environ.get(variable):
        return Path(os.environ[variable])
    if sys.platform == "linux":  # as platformdirs has it, which is slow to load
        return Path(os.environ.get(xdg) or Path.home() / usual) / "screener"
    import platformdirs

    path: Path = getattr(platformdirs, system)("screener", appauthor=False)
    return path
