"""The question which studies to show: words one types, boxes for bands, filters kept for again.

What is typed of bands and review stands above the boxes. Decides nothing else of the list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Checkbox, Input, OptionList, RadioButton, RadioSet, Static
from textual.widgets.option_list import Option

from screener.errors import ConfigurationError, StoreError
from screener.results.typed import EXAMPLE, STATES, parsed, rest, spelled
from screener.results.worklist import Filter
from screener.study import Band
from screener.text import visible
from screener.tui.dialogs import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from screener.tui.kept import Kept


class FilterDialog(Dialog[Filter]):
    """Asks which studies to show; keeps the sort order."""

    heading = "Show studies"
    hint = "enter apply · ctrl+r show all · ctrl+s keep · ctrl+x drop · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "apply", "Apply", id="filter.apply", priority=True, tooltip="Use the filter"
        ),
        Binding("ctrl+r", "clear", "Show all", id="filter.clear", tooltip="Show every study"),
        Binding("ctrl+s", "keep", "Keep", id="filter.keep", tooltip="Keep the filter for again"),
        Binding("ctrl+x", "drop", "Drop", id="filter.drop", tooltip="Keep it no longer",
                priority=True),
    ]  # fmt: skip

    def __init__(self, current: Filter, kept: Kept) -> None:
        super().__init__()
        self._current = current
        self._kept = kept

    def question(self) -> ComposeResult:
        """Words, bands and review state, and the filters that are kept."""
        yield Input(rest(self._current), placeholder="Patient, file, comment or class")
        yield Static(f"or {EXAMPLE}", classes="dialog-label", markup=False)
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
                    for state in STATES:
                        yield RadioButton(state, state == self._current.review)
        with Vertical(id="filter-kept"):
            yield Static("Kept", classes="dialog-label")
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        """Show what is kept."""
        self._show_kept()

    @property
    def wanted(self) -> Filter:
        """What is set.

        Raises:
            ConfigurationError: a typed word is not understood.
        """
        bands = tuple(band for band in Band if self._box(band).value)
        boxes = Filter(
            bands=() if len(bands) == len(Band) else bands,
            review=STATES[max(0, self.query_one(RadioSet).pressed_index)],
            sort=self._current.sort,
            descending=self._current.descending,
        )
        return parsed(self.query_one(Input).value, self._marked(boxes))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click on a kept one applies it."""
        self._use(str(event.option.id))

    def action_apply(self) -> None:
        """Answer with what is set, or with the kept one that is highlighted."""
        if line := self._highlighted:
            self._use(line)
            return
        try:
            self.dismiss(self.wanted)
        except ConfigurationError as error:
            self._say(str(error))

    def action_clear(self) -> None:
        """Answer with the filter that hides nothing."""
        self.dismiss(Filter(sort=self._current.sort, descending=self._current.descending))

    def action_keep(self) -> None:
        """Keep what is set, for the next time."""
        try:
            line = spelled(self.wanted)
            if not line:
                self._say("Nothing is set that could be kept.")
                return
            self._kept.keep(line)
        except (ConfigurationError, StoreError) as error:
            self._say(str(error))
            return
        self._show_kept()
        self._say(f"kept: {line}")

    def action_drop(self) -> None:
        """Keep the highlighted one no longer."""
        line = self._highlighted
        if not line:
            self._say("Go down to one that is kept, then ctrl+x.")
            return
        try:
            self._kept.drop(line)
        except StoreError as error:
            self._say(str(error))
        self._show_kept()

    def _use(self, line: str) -> None:
        """Answer with a kept filter, which says everything but the order."""
        try:
            self.dismiss(parsed(line, self._marked(Filter())))
        except ConfigurationError as error:  # written by hand or by another version
            self._say(str(error))

    def _marked(self, wanted: Filter) -> Filter:
        """The filter with the order that holds."""
        return replace(wanted, sort=self._current.sort, descending=self._current.descending)

    @property
    def _highlighted(self) -> str:
        options = self.query_one(OptionList)
        chosen = options.highlighted_option if options.has_focus else None
        return str(chosen.id) if chosen else ""

    def _show_kept(self) -> None:
        try:
            lines = self._kept.lines()
        except StoreError as error:
            self._say(str(error))
            lines = []
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(Content(visible(line)), id=line) for line in lines)
        self.query_one("#filter-kept").display = bool(lines)

    def _say(self, text: str) -> None:
        self.query_one(".dialog-hint", Static).update(visible(text))

    def _box(self, band: Band) -> Checkbox:
        return self.query_one(f"#band-{band.value.lower()}", Checkbox)
