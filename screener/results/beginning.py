"""A scan that ends before it recorded anything leaves a folder as it found it.

Takes away only files of ours that were not there before, and nothing once a run stands in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from screener.errors import StoreError
from screener.results import lock
from screener.results.files import DATABASE, NAMES
from screener.results.store import Store
from screener.results.worklist import Worklist


@contextmanager
def undone_if_empty(folder: Path) -> Iterator[None]:
    """Wrap the making of results, from before the folder is made."""
    was_there = folder.is_dir()
    before = {path.name for path in folder.iterdir()} if was_there else set()
    try:
        yield
    finally:
        if DATABASE not in before and _has_nothing(folder):
            for name in NAMES - before:
                with suppress(OSError):
                    (folder / name).unlink()
            if not was_there:
                with suppress(OSError):
                    folder.rmdir()


def _has_nothing(folder: Path) -> bool:
    """Whether nobody recorded a run there, nor is about to."""
    if not (folder / DATABASE).is_file() or lock.is_held(folder):
        return False
    try:
        with Store.reading(folder) as store:
            return not Worklist(store).runs()
    except StoreError:
        return False
