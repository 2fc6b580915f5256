"""``audit.jsonl`` in the results folder: one JSON line for each file and each removal.

Append-only, and each line is written at once. Holds digests, outcomes and durations, but nothing
of a patient.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from screener.errors import StoreError
from screener.results.files import AUDIT
from screener.study import Outcome
from screener.text import json_line


class AuditLog:
    """The open log of a results folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Open the log to append, after a line that a killed scan may have left unfinished.

        Raises:
            StoreError: it cannot be written.
        """
        self._path = folder / AUDIT
        with self._reported():
            self._stream = self._path.open("ab+", buffering=0)
            if self._stream.tell():
                self._stream.seek(-1, os.SEEK_END)
                if self._stream.read() != b"\n":
                    self._stream.write(b"\n")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """A log without a line is no log: who cannot write it does not go on."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self._path}: {error.strerror}; make it a file you can write, or free some space"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.close()

    def file(
        self,
        path: Path,
        outcome: Outcome,
        *,
        digest: str = "",
        reason: str = "",
        weights_digest: str = "",
        milliseconds: Mapping[str, float] | None = None,
    ) -> None:
        """Record what became of one file.

        Args:
            path: of the file.
            outcome: scored, or the kind of refusal.
            digest: of its bytes, where they were read.
            reason: why it was refused.
            weights_digest: of the weights that scored it.
            milliseconds: spent on it, by stage.
        """
        self._append(
            "file",
            path=str(path),
            digest=digest,
            outcome=outcome,
            reason=reason,
            weights=weights_digest,
            ms={stage: round(spent, 1) for stage, spent in (milliseconds or {}).items()},
        )

    def known(self, files: int) -> None:
        """Record how many files stand as an earlier line says: a rescan repeats no lines."""
        self._append("known", files=files)

    def timed(self, seconds: float, stages: Mapping[str, float]) -> None:
        """Record how long a scan took, and how many of its seconds each stage."""
        rounded = {stage: round(spent, 3) for stage, spent in stages.items()}
        self._append("scanned", seconds=round(seconds, 3), stages=rounded)

    def forgotten(self, study_key: str | None, studies: int) -> None:
        """Record that a study, or with None all of them, were removed from the results."""
        self._append("forgotten", study=study_key or "all", studies=studies)

    def adopted(self, thresholds: Mapping[str, float] | None, source: str) -> None:
        """Record thresholds that were taken over from a site's reading, or with None taken back."""
        self._append("adopted", thresholds=thresholds, source=source)

    def _append(self, event: str, **facts: object) -> None:
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        with self._reported():
            self._stream.write(json_line(line).encode("utf-8", "backslashreplace") + b"\n")
