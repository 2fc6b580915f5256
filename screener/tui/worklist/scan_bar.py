"""One line on the scan that runs beside the review: a bar, and how far it is."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from screener.tui.following import ScanProgress
from screener.tui.wording import bar

BAR = 24


class ScanBar(Static):
    """Hidden while no scan runs."""

    progress: reactive[ScanProgress | None] = reactive(None)

    def on_mount(self) -> None:
        """Hide until there is something to show."""
        self.display = False

    def watch_progress(self, progress: ScanProgress | None) -> None:
        """Show the newest progress."""
        self.display = progress is not None
        if progress is None:
            return
        full, track = bar(progress.scored / progress.total if progress.total else 0.0, BAR)
        self.update(
            Content.assemble(
                ("Scan ", "bold"), (full, "$primary"), (track, "$track"), f"  {progress}"
            )
        )
