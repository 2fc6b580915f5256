"""A progress bar on stderr, where there is a person to see it."""

from __future__ import annotations

import sys
from typing import Any

import click


def progress_bar(length: int, label: str) -> Any:  # noqa: ANN401 (click does not export its type)
    """A bar with the time left; hidden unless stderr is a terminal."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
