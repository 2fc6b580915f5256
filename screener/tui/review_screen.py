"""What the worklist and the study screen have in common: the reviewer's verdicts and their keys.

An entry is put into the outbox and shown at once; the app delivers it to the store.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen

from screener.errors import StoreError
from screener.study import Verdict
from screener.text import visible
from screener.tui import wording
from screener.tui.dialogs import UNSURE, CommentDialog, DisagreeDialog
from screener.tui.help import HelpDialog
from screener.tui.kept import Kept
from screener.tui.reasons import ReasonDialog
from screener.tui.saying import Saying

if TYPE_CHECKING:
    from screener.results.worklist import StudyRow
    from screener.tui.navigator import Navigator
    from screener.tui.session import Session


def _key(keys: str, action: str, title: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(keys, action, title, id=f"review.{action}", tooltip=tooltip, show=show)


class ReviewScreen(Screen[None]):
    """A screen on which a study is chosen and can be reviewed."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (80, "-normal"),
        (110, "-wide"),
        (140, "-broad"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("question_mark", "help", "Help", "The keys that work here"),
        _key("a", "agree", "Agree", "Agree with the network's label"),
        _key("d", "disagree", "Disagree", "Disagree, and give a class of your own and a reason"),
        _key("w", "reason", "Why", "Give the verdict a reason, or another one", show=False),
        _key("u", "next_unreviewed", "To do", "Go to the next study without a verdict"),
        _key("f", "flag", "Flag", "Flag the study, or take your flag away"),
        _key("c", "comment", "Note", "Write a comment on the study"),
        _key("z", "undo", "Undo", "Take your last entry back"),
        _key("r", "report", "Report", "Write the report", show=False),
    ]

    def __init__(self, navigator: Navigator) -> None:
        super().__init__()
        self.navigator = navigator
        self._saying = Saying()

    @property
    def session(self) -> Session:
        """The sitting."""
        return self.navigator.sitting

    @property
    def current(self) -> StudyRow | None:
        """The study that a key would review."""
        raise NotImplementedError

    def show_again(self) -> None:
        """Read what is on screen anew."""
        raise NotImplementedError

    def go_to(self, key: str) -> None:
        """Make another study the current one."""
        raise NotImplementedError

    def action_agree(self) -> None:
        """Record that the label is right."""
        self._judge(verdict=Verdict.AGREE, label=None, reason="")

    def action_disagree(self) -> None:
        """Ask for the reviewer's own class and record it."""

        def because(label: str | None, reason: str | None) -> None:
            if reason is not None:
                self._judge(verdict=Verdict.DISAGREE, label=label, reason=reason)

        def answered(label: str | None) -> None:
            if label is not None:
                own = None if label == UNSURE else label
                self.app.push_screen(ReasonDialog(Kept.reasons()), partial(because, own))

        if self.current:
            self.app.push_screen(DisagreeDialog(self.current.label), answered)

    def action_reason(self) -> None:
        """Ask for the reason of the verdict that stands and record it."""

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._record(reason=reason)

        last = self.session.last(self.current.key) if self.current else None
        if last and last.verdict:
            self.app.push_screen(ReasonDialog(Kept.reasons(), last.reason), answered)
        elif last:
            self.say("Give a verdict first: a or d.")

    def action_flag(self) -> None:
        """Flag the study, or take this reviewer's flag away."""
        if self.current:
            self._record(flagged=not self.session.last(self.current.key).flagged)

    def action_comment(self) -> None:
        """Ask for a comment and record it."""

        def answered(comment: str | None) -> None:
            if comment is not None:
                self._record(comment=comment)

        if self.current:
            self.app.push_screen(
                CommentDialog(self.session.last(self.current.key).comment), answered
            )

    def action_undo(self) -> None:
        """Restore what was before the last entry of this sitting."""
        try:
            undone = self.session.undo()
        except StoreError as error:
            self.complain(str(error))
            return
        if undone is None:
            self.say("Nothing to undo in this sitting.")
            return
        row = self.session.study(undone.study_key).row
        self._recorded()
        if self.navigator.advance:
            self.go_to(row.key)
        self.say(f"Took back the last entry on {visible(row.patient)}.")

    def action_next_unreviewed(self) -> None:
        """Go to the next study without a verdict."""
        here = self.current.key if self.current else None
        key = self.session.next_unreviewed(here)
        if key is None:
            self.say("Every study here is reviewed.")
        else:
            self.go_to(key)

    def action_report(self) -> None:
        """Write the report."""
        if self.session.blind:
            self.say("The report shows what others said; write it without --blind.")
            return
        self.navigator.write_report()

    def action_help(self) -> None:
        """Show the keys that work here."""
        self.app.push_screen(HelpDialog(self))

    def say(self, text: str) -> None:
        """Tell something in passing of the study that is looked at."""
        self._saying.say(self.app, text)

    def hush(self) -> None:
        """Take back what was told in passing: another study is looked at."""
        self._saying.hush(self.app)

    def complain(self, text: str) -> None:
        """Tell what went wrong, and with which study."""
        title = visible(self.current.patient) if self.current else ""
        self.notify(text, title=title, markup=False, severity="error", timeout=10)

    def progress(self) -> Content:
        """How far the review is, and what waits for the store."""
        parts = [Content.styled("blind", "bold $mark")] if self.session.blind else []
        waiting = len(self.session.outbox)
        if waiting and self.navigator.trouble:
            parts.append(Content.styled(f"{wording.entries(waiting)} waiting", "bold $mark"))
        if self.navigator.counts:
            parts.append(Content(wording.reviewed(self.navigator.counts)))
        return Content("  ").join(parts)

    def _judge(self, **change: object) -> None:
        """Record a verdict, and go on to what is left to do, where that is wanted."""
        self._record(**change)
        if self.navigator.advance and self.current:
            self.action_next_unreviewed()

    def _record(self, **change: object) -> None:
        if self.current is None:
            return
        try:
            self.session.review(self.current.key, **change)
        except StoreError as error:
            self.complain(str(error))
        self._recorded()

    def _recorded(self) -> None:
        self.navigator.deliver()
        self.navigator.show_again()
