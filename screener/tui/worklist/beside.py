"""The picture beside the list, which follows the cursor half a breath later.

Pixels are read in workers, those of the neighbours too, so that a key never waits for a film. Takes
no key and lays nothing over the picture: whoever wants to look closely opens the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screener.errors import StoreError
from screener.study import Refusal
from screener.text import shortened, visible
from screener.tui import wording
from screener.tui.ends import Ends
from screener.tui.messages import PictureFailed, PictureLoaded
from screener.tui.picture.chosen import images, shown_first
from screener.tui.picture.read import read_picture, tell_picture
from screener.tui.picture.view import RadiographView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.timer import Timer

    from screener.results.worklist import StudyDetail, StudyRow
    from screener.tui.navigator import Navigator

PAUSE = 0.08
"""Seconds without a key before a study is looked up."""
LONGEST = 640
"""Pixels of a side: enough for this place, drawn in a millisecond."""


class Beside(Vertical):
    """The radiograph that gave the study under the cursor its score."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(id="beside")
        self._navigator = navigator
        self._row: StudyRow | None = None
        self._near: Sequence[str] = ()
        self._path: Path | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Picture and caption."""
        view = self._navigator.make_view()
        view.can_focus = False
        yield view
        yield Ends(id="caption")
        yield Static(wording.PREVIEW, id="preview", markup=False)

    @property
    def view(self) -> RadiographView:
        """The picture."""
        return self.query_one(RadiographView)

    def follow(self, row: StudyRow | None, near: Sequence[str]) -> None:
        """Show another study, soon.

        Args:
            row: The study; None where the list is empty.
            near: Keys of the studies that the next keys may lead to, the likeliest first.
        """
        self._near = near
        if row == self._row:
            return
        self._row = row
        if self._timer:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._look_up)

    def on_show(self) -> None:
        """The terminal has become wide enough."""
        self._look_up()

    def on_picture_loaded(self, message: PictureLoaded) -> None:
        """Show the pixels, unless the cursor is elsewhere by now."""
        message.stop()
        if message.path == self._path:
            self.view.show_picture(message.gray)
            self._look_ahead()

    def on_picture_failed(self, message: PictureFailed) -> None:
        """Say why there is no picture."""
        message.stop()
        if message.path == self._path:
            self.view.show_text(message.reason)

    def _look_up(self) -> None:
        if not self.display:
            return
        detail = self._study(self._row.key) if self._row else None
        chosen = images(detail)[shown_first(detail)] if detail and images(detail) else None
        self._path = chosen.path if chosen else None
        self._caption(detail)
        if chosen is None:
            self.view.show_text("no image")
        elif not self._navigator.pictures:
            self.view.show_text("pictures are off (--image off)")
        else:
            is_scored = not isinstance(chosen, Refusal)
            tell_picture(self, chosen.path, is_scored=is_scored, longest=LONGEST)

    def _study(self, key: str) -> StudyDetail | None:
        try:
            return self._navigator.sitting.study(key)
        except StoreError:  # forgotten meanwhile; the list is read again within a second
            return None

    def _look_ahead(self) -> None:
        """Read the neighbours' scored films, so that they are there at once."""
        found = filter(None, map(self._study, self._near))
        self._read_ahead([detail.deciding.path for detail in found if detail.radiographs])

    @work(thread=True, exclusive=True, group="ahead", exit_on_error=False)
    def _read_ahead(self, paths: Sequence[Path]) -> None:
        for path in paths:
            read_picture(path)

    def _caption(self, detail: StudyDetail | None) -> None:
        if detail is None:
            self.query_one("#caption", Ends).show(Content())
            return
        row = detail.row
        name = Content.styled(shortened(visible(row.patient), 24), "bold")
        view = f"{wording.views(row.projections)}  {wording.patient_facts(row).strip()}".strip()
        score = f" {row.score:.2f}" if row.score is not None else ""
        ink = f"$band-{row.band.value.lower()}"
        self.query_one("#caption", Ends).show(
            Content.assemble(name, (f"  {view}", "$text-muted")),
            Content.assemble((f"{row.band.glyph}{score}", ink)),
        )
