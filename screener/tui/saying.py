"""What is told in passing of a study: gone when the next study is looked at.

Errors are none of it: they stay until they were read, and say which study they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.notifications import Notification, Notify

if TYPE_CHECKING:
    from textual.app import App

SECONDS = 3.0


class Saying:
    """Notices that belong to the study on screen."""

    def __init__(self) -> None:
        self._notices: list[Notification] = []

    def say(self, app: App[None], text: str) -> None:
        """Tell something."""
        notice = Notification(text, timeout=SECONDS, markup=False)
        self._notices.append(notice)
        app.post_message(Notify(notice))

    def hush(self, app: App[None]) -> None:
        """Take back what was told of the study that was looked at before."""
        for notice in self._notices:
            if notice in app._notifications:
                app._unnotify(notice)
        self._notices.clear()
