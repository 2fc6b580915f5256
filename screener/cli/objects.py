"""Results as DICOM objects: ``screener export --format dicom`` and ``screener scan --dicom``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from screener import console
from screener.cli import options
from screener.console import ExitCode
from screener.text import visible

if TYPE_CHECKING:
    from screener.pacs.objects import Written

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

    with options.opened(results) as worklist:
        _tell(write_objects(worklist, folder), folder)


def share(results: Path, folder: Path, *, shifted: bool, device: bool, annotated: bool) -> None:
    """Write films and objects without their patients, as :func:`write` tells it.

    Args:
        results: the results folder.
        folder: to write into.
        shifted: move dates instead of removing them.
        device: keep what names the device.
        annotated: also films into which text is burned.

    Raises:
        ConfigurationError: as :func:`write`.
        StoreError: the results cannot be read.
    """
    check(folder)
    from screener import pacs

    pacs.check_sharing()
    from screener.pacs.profile import BURNED_IN, Options, Profile
    from screener.pacs.sharing import write_shared
    from screener.results.pseudonym import load_key

    profile = Profile(load_key(), Options(shifted_dates=shifted, device=device))
    with options.opened(results) as worklist:
        console.note(f"{BURNED_IN}: look at each picture before it leaves")
        _tell(write_shared(worklist, folder, profile, annotated=annotated), folder)


def _tell(written: Iterable[Written], folder: Path) -> None:
    """What was written and what was not; ends with what came of it."""
    studies = files = new = left_out = 0
    for one in written:
        studies += bool(one.files)
        files += len(one.files)
        new += one.new
        if one.left_out:
            left_out += 1
            if left_out <= MOST_TOLD:
                console.note(one.left_out)
    if left_out > MOST_TOLD:
        console.note(f"and {left_out - MOST_TOLD:,} more studies left out")
    console.note(f"{new:,} new DICOM objects, {files - new:,} that were there; {studies:,} studies")
    console.say(visible(str(folder)))
    if left_out:
        console.end(ExitCode.REFUSALS)
