"""Results as DICOM objects: ``screener export --format dicom`` and ``screener scan --dicom``."""

from __future__ import annotations

from pathlib import Path

from screener import console
from screener.cli import options
from screener.console import ExitCode
from screener.text import visible

MOST_TOLD = 20
"""Studies without an object that are told one by one; the others are counted."""


def check(folder: Path) -> None:
    """Tell before the work that the objects cannot be made or have no place.

    Raises:
        ConfigurationError: the extra is not installed, or a file stands where the folder belongs.
    """
    from screener import pacs
    from screener.errors import ConfigurationError

    pacs.check_installed()
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder}: a file, where a folder is wanted; give another folder")


def write(results: Path, folder: Path) -> None:
    """Write the objects, tell each study that has none, and end with what came of it.

    Raises:
        ConfigurationError: the objects cannot be made or have no place.
        StoreError: the results cannot be read.
    """
    check(folder)
    from screener.pacs.objects import write_objects

    studies = files = new = left_out = 0
    with options.opened(results) as worklist:
        for written in write_objects(worklist, folder):
            studies += bool(written.files)
            files += len(written.files)
            new += written.new
            if written.left_out:
                left_out += 1
                if left_out <= MOST_TOLD:
                    console.note(written.left_out)
    if left_out > MOST_TOLD:
        console.note(f"and {left_out - MOST_TOLD:,} more studies left out")
    console.note(f"{new:,} new DICOM objects, {files - new:,} that were there; {studies:,} studies")
    console.say(visible(str(folder)))
    if left_out:
        console.end(ExitCode.REFUSALS)
