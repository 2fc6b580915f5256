"""What a screen may ask of the review around it: other screens, the scan, the store's news.

Screens know this protocol and never the app nor one another, so each stands alone in its room. It
holds no state and does nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.results.worklist import Counts
    from screener.tui.picture.view import RadiographView
    from screener.tui.session import Session


class Navigator(Protocol):
    """The review, as a screen sees it."""

    counts: Counts | None
    """None until the store was read."""
    alarm: str | None
    """Why the whole ranking should not be trusted."""
    adopted: str
    """From what and when this site took its bands over; empty where they are the weights'."""
    trouble: str
    """Why entries wait for the store."""
    advance: bool
    """Whether a verdict leads on to the next study without one."""
    pictures: bool
    """Whether radiographs are drawn."""
    make_view: Callable[[], RadiographView]

    @property
    def sitting(self) -> Session:
        """The session, once there are results to review."""

    @property
    def scanning(self) -> bool:
        """Whether a scan of this review runs."""

    def open_study(self, key: str) -> None:
        """Look at a study, from wherever one is."""

    def back_to_worklist(self, key: str) -> None:
        """Leave the study, with the cursor on it."""

    def want_maps(self, key: str, *, again: bool) -> None:
        """Have the maps that a study lacks made, beside everything else.

        Args:
            key: of the study.
            again: also where that has failed before.
        """

    def said_of_maps(self, key: str) -> str:
        """That a study's maps are being made, or why there are none; empty where neither."""

    def deliver(self) -> None:
        """Bring waiting entries into the store."""

    def show_again(self) -> None:
        """Let the screen read anew what it shows."""

    def start_scan(self) -> None:
        """Scan what was offered, or again as the latest run did."""

    def stop_scan(self) -> None:
        """Ask the scan to finish its batch and end."""

    def write_report(self) -> object:
        """Write the report with what is reviewed so far."""
