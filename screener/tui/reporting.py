"""Writes the report through the command line, so that the review needs no reportlab."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from screener.text import visible

if TYPE_CHECKING:
    from pathlib import Path


def write_report(results: Path) -> tuple[bool, str]:
    """Run ``screener report``; blocks, so call it in a worker.

    Returns:
        Whether it was written, and what the command said last.
    """
    done = subprocess.run(
        [sys.executable, "-m", "screener.cli.main", "report", str(results)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return done.returncode == 0, visible(said[-1]) if said else f"exit code {done.returncode}"
