"""The column beside the radiograph; fits its text to its width. Never takes the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.widgets import Static

from screener.tui.study.facts import facts

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from screener.results.worklist import StudyDetail


class Facts(VerticalScroll, can_focus=False):
    """What the network and the reviewers say of a study."""

    def __init__(self) -> None:
        super().__init__(id="facts")
        self._shown: tuple[StudyDetail, int, str] | None = None
        self._tags = False

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    def show(self, detail: StudyDetail, index: int, of_maps: str, *, tags: bool) -> None:
        """Show a study with one of its images, and what is said of maps that it lacks."""
        self._shown, self._tags = (detail, index, of_maps), tags
        self._fill()

    def on_resize(self) -> None:
        """Fit the text anew."""
        self._fill()

    def _fill(self) -> None:
        width = self.scrollable_content_region.width
        if self._shown and width:
            self.query_one(Static).update(facts(*self._shown, width, tags=self._tags))
