"""The blind reading of a draw: one screen, and a queue that brings each answer into the store.

Has no worklist, no palette over studies and no scan, so that nothing here can tell a score.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import App

from screener.console import ExitCode
from screener.errors import StoreError
from screener.results.store import Store
from screener.tui import themes
from screener.tui.assess.screen import BlindScreen
from screener.tui.assess.sitting import Sitting
from screener.tui.messages import ReviewsDelivered
from screener.tui.picture.view import RadiographView
from screener.tui.session import now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

RETRY_SECONDS = 2.0


class BlindApp(App[None]):
    """The app.

    Args:
        results: The results folder.
        draw: Name of the draw.
        reviewer: Who reads.
        make_view: Makes the widget that shows radiographs; None for no pictures.
        theme: Name of a theme.
        keymap: Keys by binding id, in place of the usual ones.
        clock: The time of an entry.
    """

    CSS_PATH = Path(__file__).parents[1] / "review.tcss"
    TITLE = "Screener"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        results: Path,
        draw: str,
        reviewer: str,
        *,
        make_view: Callable[[], RadiographView] | None = RadiographView,
        theme: str = themes.READING_ROOM.name,
        keymap: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__()
        self.store = Store.open(results)
        self.sitting = Sitting(self.store, draw, reviewer, clock)
        self._make_view = make_view
        self._trouble = ""
        self.register_theme(themes.READING_ROOM)
        self.register_theme(themes.DAYLIGHT)
        self.theme = theme
        self.set_keymap(keymap or {})

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The bands' colours, for themes that do not know them."""
        return themes.own_variables(dark=self.current_theme.dark)

    def on_mount(self) -> None:
        """Open the first study that is not read, and deliver what an earlier sitting left."""
        with suppress(NotImplementedError, RuntimeError):  # Windows; another thread than the main
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.exit, None, ExitCode.TERMINATED)
        self.push_screen(BlindScreen(self.sitting, self._make_view, self.deliver))
        self.set_interval(RETRY_SECONDS, self.deliver)

    def deliver(self) -> None:
        """Bring waiting answers into the store, in a worker."""
        busy = any(worker.group == "deliver" and worker.is_running for worker in self.workers)
        if len(self.sitting.answers) and not busy:
            self._deliver()

    @work(thread=True, group="deliver", exit_on_error=False)
    def _deliver(self) -> None:
        reason = ""
        try:
            self.sitting.answers.deliver()
        except StoreError as error:
            reason = str(error)
        self.post_message(ReviewsDelivered(len(self.sitting.answers), reason))

    def on_reviews_delivered(self, message: ReviewsDelivered) -> None:
        """Say what waits, once."""
        if message.reason and not self._trouble:
            self.notify(
                f"{message.reason}\nThe answer is kept and stored as soon as possible.",
                title="Not stored yet",
                severity="warning",
                markup=False,
            )
        self._trouble = message.reason

    def left(self) -> int:
        """Store what still waits at the end; how many answers could not be."""
        with suppress(StoreError):
            self.sitting.answers.deliver()
        self.store.close()
        return len(self.sitting.answers)
