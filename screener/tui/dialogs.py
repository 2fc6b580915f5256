"""The questions the review asks: a comment, an own class, an order, yes or no.

Each is dismissed with its answer, or with None when the reviewer thought better of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from screener.study import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from screener.results.worklist import Filter

Answer = TypeVar("Answer")

LONGEST_COMMENT = 1000
UNSURE = "unsure"
"""Option id for a disagreement without an own class."""
SAME = "that is the network's own label: esc, then a to agree"


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A box over the screen, closed without an answer by escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="dialog.cancel", tooltip="Change nothing")
    ]
    heading: ClassVar[str] = ""
    hint: ClassVar[str] = "enter save · esc cancel"

    def compose(self) -> ComposeResult:
        """A heading, the question, and how to answer it."""
        with Vertical(classes="dialog"):
            yield Static(self.heading, classes="dialog-title", markup=False)
            yield from self.question()
            yield Static(self.hint, classes="dialog-hint", markup=False)

    def question(self) -> ComposeResult:
        """The widgets of this dialog."""
        raise NotImplementedError


class CommentDialog(Dialog[str]):
    """Asks for a comment; an empty one takes the comment away."""

    heading = "Comment"

    def __init__(self, comment: str) -> None:
        super().__init__()
        self._comment = comment

    def question(self) -> ComposeResult:
        """One line of text."""
        yield Input(
            self._comment,
            placeholder="What the next reader should know",
            max_length=LONGEST_COMMENT,
            select_on_focus=False,
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with what was typed."""
        self.dismiss(event.value.strip())


class DisagreeDialog(Dialog[str]):
    """Asks for the reviewer's own class; answers with a label or UNSURE."""

    heading = "I disagree. In my opinion this is"
    hint = "1-5 or enter choose · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
        *(Binding(str(n), f"choose({n - 1})", show=False) for n in range(1, len(LABELS) + 2)),
    ]

    def __init__(self, label: str | None) -> None:
        super().__init__()
        self._label = label

    def question(self) -> ComposeResult:
        """The classes, and a way not to choose one."""
        names = [*LABEL_NAMES.items(), (UNSURE, "Something else, or not sure")]
        yield OptionList(
            *(
                Option(self._option(number, label, name), id=label)
                for number, (label, name) in enumerate(names, start=1)
            ),
            compact=True,
        )

    def _option(self, number: int, label: str, name: str) -> Content:
        said = ("   the network's label", "$text-muted") if label == self._label else ""
        return Content.assemble((f"{number} ", "$primary"), name, said)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with the class."""
        self._answer(event.option_id)

    def action_choose(self, index: int) -> None:
        """Answer by number."""
        self._answer(self.query_one(OptionList).get_option_at_index(index).id)

    def _answer(self, label: str | None) -> None:
        """Be done, unless this would disagree with a label and give the same one."""
        if label == self._label:
            self.query_one(".dialog-hint", Static).update(SAME)
            return
        self.dismiss(label)

    def action_down(self) -> None:
        """The next class."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The class above."""
        self.query_one(OptionList).action_cursor_up()


class SortDialog(Dialog[str]):
    """Asks for the order; starts on the one that holds."""

    heading = "Sort by"
    hint = "enter choose; what holds already is turned · s next · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,s", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, sorts: Sequence[str], current: Filter) -> None:
        super().__init__()
        self._sorts = sorts
        self._current = current

    def question(self) -> ComposeResult:
        """The orders there are; the one that holds is marked and highlighted."""
        yield OptionList(*(Option(self._option(sort), id=sort) for sort in self._sorts))

    def on_mount(self) -> None:
        """Start where the list stands."""
        self.query_one(OptionList).highlighted = self._sorts.index(self._current.sort)

    def _option(self, sort: str) -> Content:
        if sort != self._current.sort:
            return Content(sort)
        mark = "▾" if self._current.descending else "▴"
        return Content.assemble((sort, "bold"), (f" {mark}", "$primary"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer with the order."""
        self.dismiss(event.option_id)

    def action_down(self) -> None:
        """The next order."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The order above."""
        self.query_one(OptionList).action_cursor_up()


class ConfirmDialog(Dialog[bool]):
    """Asks whether to go on."""

    hint = "y or enter yes · n or esc no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "yes", "Yes", id="confirm.yes", tooltip="Go on"),
        Binding("n", "dismiss", "No", id="confirm.no", tooltip="Change nothing"),
    ]

    def __init__(self, heading: str, text: str) -> None:
        super().__init__()
        self._heading, self._text = heading, text

    def compose(self) -> ComposeResult:
        """Like any dialog, with a heading of its own."""
        with Vertical(classes="dialog"):
            yield Static(self._heading, classes="dialog-title", markup=False)
            yield Static(self._text, markup=False)
            yield Static(self.hint, classes="dialog-hint", markup=False)

    def action_yes(self) -> None:
        """Answer yes."""
        self.dismiss(True)  # noqa: FBT003
