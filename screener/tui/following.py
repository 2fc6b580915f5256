"""A scan as a child process, followed through the JSON lines it writes.

The review screen loads no torch: whoever scans is another process, which can be stopped or killed
and resumed. Reads and signals; draws nothing.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from screener.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from screener.study import Option


REPEATED = frozenset(
    {
        *("weights", "device", "engine", "group", "identify", "tta", "no-guard", "fix-inverted"),
        *("maps", "adapt", "max-pixels", "timeout"),
    }
)
"""Options of a scan that its repetition takes over, and no others that results may name."""


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan has come, as far as its events have told."""

    stage: str = "starting"
    files: int = 0
    total: int = 0
    scored: int = 0
    refused: int = 0
    per_second: float = 0.0

    def after(self, event: dict[str, Any]) -> ScanProgress:
        """The progress once an event has happened; unknown events change nothing."""
        match event.get("event"):
            case "ScanStarted":
                return replace(self, stage="looking for files")
            case "FilesFound":
                stage = "loading the network" if event["complete"] else "looking for files"
                return replace(self, stage=stage, files=event["files"], total=event["radiographs"])
            case "RadiographRefused":
                return replace(self, refused=self.refused + 1)
            case "BatchScored":
                return replace(
                    self,
                    stage="scoring",
                    scored=event["radiographs"],
                    total=event["total"],
                    per_second=event["images_per_second"],
                )
            case "ScanFinished":
                return replace(self, stage="interrupted" if event["interrupted"] else "finished")
        return self

    def __str__(self) -> str:
        """One line for the progress bar."""
        parts = [visible(self.stage)]
        if self.total:
            parts.append(f"{self.scored:,} of {self.total:,} radiographs")
        elif self.files:
            parts.append(f"{self.files:,} {'file' if self.files == 1 else 'files'}")
        if self.refused:
            parts.append(f"{self.refused:,} refused")
        if self.per_second:
            parts.append(f"{self.per_second:.1f} a second")
            left = (self.total - self.scored) / self.per_second
            if left >= 1.0:
                parts.append(f"{left // 60:.0f}:{left % 60:02.0f} left")
        return " · ".join(parts)


def arguments(options: Mapping[str, Option]) -> Iterator[str]:
    """A run's options as words of the command line; those of another version are passed over."""
    for name in REPEATED & options.keys():
        match options[name]:
            case True:
                yield f"--{name}"
            case False:
                continue
            case value:
                yield f"--{name}={value}"


class ScanProcess:
    """``screener scan --json`` running beside the review.

    Args:
        folders: What to scan.
        results: The results folder.
        options: Of the run that is repeated; without, those that are set apply.
    """

    def __init__(
        self, folders: Sequence[Path], results: Path, options: Mapping[str, Option] | None = None
    ) -> None:
        self._complaints = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        command = [sys.executable, "-m", "screener.cli.main", "scan", *map(str, folders)]
        self._process = subprocess.Popen(
            [*command, "--output", str(results), "--json", *arguments(options or {})],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C meant for the screen must not reach it
        )

    def progress(self) -> Iterator[ScanProgress]:
        """Follow the scan to its end; blocks, so call it in a worker."""
        progress = ScanProgress()
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                progress = progress.after(json.loads(line))
            except (ValueError, KeyError, AttributeError):
                continue  # not an event of ours
            yield progress

    def finish(self) -> tuple[int, str]:
        """Wait for the process; returns its exit code and its last complaint."""
        code = self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        with self._complaints as file:
            file.seek(0)
            lines = file.read().strip().splitlines()
        return code, visible(lines[-1]) if lines else ""

    def stop(self) -> None:
        """Ask it to finish its batch, commit and end; what it has done is kept."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
