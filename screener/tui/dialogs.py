"""The questions the review asks: a comment, an own class, a filter, yes or no.

Each is dismissed with its answer, or with None when the reviewer thought better of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, OptionList, RadioButton, RadioSet, Static
from textual.widgets.option_list import Option

from screener.results.worklist import Filter
from screener.study import LABEL_NAMES, LABELS, Band

if TYPE_CHECKING:
    from textual.app import ComposeResult

Answer = TypeVar("Answer")

LONGEST_COMMENT = 1000
UNSURE = "unsure"
"""Option id for a disagreement without an own class."""
SAME = "that is the network's own label: esc, then a to agree"
ReviewState = Literal["all", "unreviewed", "reviewed", "flagged"]
REVIEW_STATES: tuple[ReviewState, ...] = ("all", "unreviewed", "reviewed", "flagged")


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


class FilterDialog(Dialog[Filter]):
    """Asks which studies to show; keeps the sort order."""

    heading = "Show studies"
    hint = "enter apply · ctrl+r show all · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "apply", "Apply", id="filter.apply", priority=True, tooltip="Use the filter"
        ),
        Binding("ctrl+r", "clear", "Show all", id="filter.clear", tooltip="Show every study"),
    ]

    def __init__(self, current: Filter) -> None:
        super().__init__()
        self._current = current

    def question(self) -> ComposeResult:
        """Text, bands and review state."""
        yield Input(self._current.text, placeholder="Patient, comment, band or class")
        with Horizontal(id="filter-choices"):
            with Vertical(id="filter-bands"):
                yield Static("Bands", classes="dialog-label")
                for band in Band:
                    chosen = not self._current.bands or band in self._current.bands
                    label = Content.styled(f"{band.glyph} {band}", f"$band-{band.value.lower()}")
                    yield Checkbox(label, chosen, id=f"band-{band.value.lower()}", compact=True)
            with Vertical(id="filter-review"):
                yield Static("Review", classes="dialog-label")
                with RadioSet(compact=True):
                    for state in REVIEW_STATES:
                        yield RadioButton(state, state == self._current.review)

    def action_apply(self) -> None:
        """Answer with what is set."""
        bands = tuple(band for band in Band if self._box(band).value)
        self.dismiss(
            replace(
                self._current,
                text=self.query_one(Input).value.strip(),
                bands=() if len(bands) == len(Band) else bands,
                review=REVIEW_STATES[max(0, self.query_one(RadioSet).pressed_index)],
            )
        )

    def action_clear(self) -> None:
        """Answer with the filter that hides nothing."""
        self.dismiss(Filter(sort=self._current.sort, descending=self._current.descending))

    def _box(self, band: Band) -> Checkbox:
        return self.query_one(f"#band-{band.value.lower()}", Checkbox)


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
