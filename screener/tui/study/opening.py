"""Opens a file in the system's own viewer, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from screener.text import visible

if TYPE_CHECKING:
    from pathlib import Path


def open_file(path: Path) -> str:
    """Start the viewer and do not wait for it.

    Returns:
        What is wrong, in words; empty when the viewer was started.
    """
    if not path.is_file():
        return f"{visible(str(path))}: no such file any more"
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 (what the user asked for)
        return ""
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    seen = (
        sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if not opener or not seen:
        return f"No viewer on this machine's screen. The file is {visible(str(path))}"
    subprocess.Popen(
        [opener, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return ""
