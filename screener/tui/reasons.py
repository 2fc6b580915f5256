"""The question why a verdict was given: a reader's own short list, or words of the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from screener.errors import StoreError
from screener.text import visible
from screener.tui.dialogs import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from screener.tui.kept import Kept

LONGEST_REASON = 120
NO_REASON = "no reason given"


class ReasonDialog(Dialog[str]):
    """Asks why, from the reader's own list; answers with words, or none.

    Args:
        kept: The list.
        reason: What was said before.
    """

    heading = "Because"
    hint = "1-9 or enter choose · tab own words · ctrl+s keep them · ctrl+x drop · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", id="reason.keep", tooltip="Keep the words for again"),
        Binding("ctrl+x", "drop", "Drop", id="reason.drop", tooltip="Keep the reason no longer",
                priority=True),
    ]  # fmt: skip

    def __init__(self, kept: Kept, reason: str = "") -> None:
        super().__init__()
        self._kept = kept
        self._reason = reason

    def question(self) -> ComposeResult:
        """The reasons, none first, and a line for others."""
        yield ReasonList(compact=True)
        yield Input(
            self._reason,
            placeholder="or in your own words",
            max_length=LONGEST_REASON,
            select_on_focus=False,
        )

    def on_mount(self) -> None:
        """Show the list, on what was said before."""
        self._show_kept()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with a kept reason."""
        self.dismiss(event.option_id)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        self.dismiss(event.value.strip())

    def action_keep(self) -> None:
        """Keep what is typed, for the next time."""
        words = self.query_one(Input).value.strip()
        if words:
            self._change(self._kept.keep, words)
        else:
            self._say("Type the words first; tab goes there.")

    def action_drop(self) -> None:
        """Keep the highlighted one no longer."""
        chosen = self.query_one(OptionList).highlighted_option
        if chosen and chosen.id:
            self._change(self._kept.drop, chosen.id)

    def _change(self, change: Callable[[str], None], line: str) -> None:
        try:
            change(line)
        except StoreError as error:
            self._say(str(error))
            return
        self._show_kept()

    def _show_kept(self) -> None:
        try:
            reasons = ["", *self._kept.lines()]
        except StoreError as error:
            self._say(str(error))
            reasons = [""]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            Option(
                Content.assemble((f"{number} ", "$primary"), visible(reason) or NO_REASON),
                id=reason,
            )
            for number, reason in enumerate(reasons)
        )
        options.highlighted = reasons.index(self._reason) if self._reason in reasons else 0
        options.focus()

    def _say(self, text: str) -> None:
        self.query_one(".dialog-hint", Static).update(visible(text))


class ReasonList(OptionList):
    """Reasons that are chosen by number as well; digits typed elsewhere are words."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        *(Binding(str(n), f"choose({n})", show=False) for n in range(10)),
    ]

    def action_choose(self, number: int) -> None:
        """Choose by number."""
        if number < self.option_count:
            self.highlighted = number
            self.action_select()
