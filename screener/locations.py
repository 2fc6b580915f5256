"""The one module that knows directories: where a user's settings and key live.

``SCREENER_CONFIG_DIR`` and ``SCREENER_DATA_DIR`` replace the system's own choice.
"""

from __future__ import annotations

import os
from pathlib import Path

RESULTS = Path("screening")
"""Default results folder, below the working directory."""

DATABASE = "screening.db"


def config_dir() -> Path:
    """Where the user's ``screener.toml`` is looked for; need not exist."""
    return _directory("SCREENER_CONFIG_DIR", "user_config_path")


def data_dir() -> Path:
    """Where the key of the pseudonyms is kept; need not exist."""
    return _directory("SCREENER_DATA_DIR", "user_data_path")


def _directory(variable: str, system: str) -> Path:
    if os.environ.get(variable):
        return Path(os.environ[variable])
    import platformdirs

    path: Path = getattr(platformdirs, system)("screener", appauthor=False)
    return path
