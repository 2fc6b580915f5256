"""Two films side by side: of one study, or of two studies of one patient.

What is done to one picture, window, level, zoom and place, is done to the other, until the link is
loosened. Measures nothing: these are previews.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from screener.errors import StoreError
from screener.study import RESEARCH_ONLY, Refusal, suspicion
from screener.text import shortened, visible
from screener.tui import wording
from screener.tui.ends import Ends
from screener.tui.help import HelpDialog
from screener.tui.keys import Keys
from screener.tui.messages import PictureFailed, PictureLoaded
from screener.tui.picture.chosen import images
from screener.tui.picture.presentation import Presentation
from screener.tui.picture.read import tell_picture
from screener.tui.study import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

    from screener.results.worklist import RadiographRow, StudyDetail, StudyRow
    from screener.tui.navigator import Navigator
    from screener.tui.session import Session


@dataclass(frozen=True, slots=True)
class Film:
    """One film and the study it is of."""

    row: StudyRow
    image: RadiographRow | Refusal


def films(session: Session, detail: StudyDetail, index: int) -> list[Film]:
    """What can be compared: the film on screen, the study's others, the patient's other studies."""
    own = [Film(detail.row, image) for image in images(detail)]
    return [own[index], *own[:index], *own[index + 1 :], *_of_patient(session, detail.row.key)]


def _of_patient(session: Session, key: str) -> Iterator[Film]:
    for other in session.worklist.of_same_patient(key):
        try:
            detail = session.study(other)
        except StoreError:  # forgotten meanwhile
            continue
        yield from (Film(detail.row, image) for image in images(detail))


class CompareScreen(Screen[None]):
    """Two films; the left one stays, the right one is chosen.

    Args:
        navigator: The review.
        films: What there is, the left one first; two at least.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="compare.help",
                tooltip="The keys that work here"),
        Binding("comma", "other(-1)", "Film before", id="compare.before",
                tooltip="The film before, on the right"),
        Binding("full_stop", "other(1)", "Next film", id="compare.next",
                tooltip="The next film, on the right"),
        Binding("x", "swap", "Swap", id="compare.swap", tooltip="Left becomes right"),
        Binding("y", "link", "Link", id="compare.link",
                tooltip="Whether window and zoom of both go together"),
        Binding("tab", "turn", "Other side", id="compare.turn", priority=True,
                tooltip="The keys to the other picture"),
        Binding("escape,backspace", "app.pop_screen", "Back", id="compare.leave",
                tooltip="Back to the study"),
    ]  # fmt: skip

    def __init__(self, navigator: Navigator, films: Sequence[Film]) -> None:
        super().__init__()
        self._films = list(films)
        self._places = [0, 1]
        """Which film is on the left and on the right."""
        self._linked = True
        self._together = Presentation()
        self._sides = [Side(navigator), Side(navigator)]

    def compose(self) -> ComposeResult:
        """Two pictures with their captions."""
        yield Ends(id="masthead")
        yield Horizontal(*self._sides, id="compare")
        yield Static(RESEARCH_ONLY, id="research", markup=False)
        yield Keys()

    def on_mount(self) -> None:
        """Show both."""
        self._sides[1].view.focus()
        self._show()

    def on_radiograph_view_changed(self) -> None:
        """Do to one what was done to the other."""
        if self._linked:
            changed = [one.view for one in self._sides if one.view.shown != self._together]
            if changed:
                self._together = changed[0].shown
            for one in self._sides:
                one.view.shown = self._together
        for one in self._sides:
            one.say()

    def action_other(self, films: int) -> None:
        """Show another film on the right; the left one's is left out."""
        there = [place for place in range(len(self._films)) if place != self._places[0]]
        at = there.index(self._places[1])
        self._places[1] = there[(at + films) % len(there)]
        self._show()

    def action_swap(self) -> None:
        """Exchange both."""
        self._places.reverse()
        self._show()

    def action_link(self) -> None:
        """Let both go together, as the one with the keys is, or each alone."""
        self._linked = not self._linked
        if self._linked:
            focused = [one.view for one in self._sides if one.view.has_focus]
            self._together = focused[0].shown if focused else self._together
            for one in self._sides:
                one.view.shown = self._together
        self._masthead()

    def action_turn(self) -> None:
        """Give the keys to the other picture."""
        self._sides[self._sides[0].view.has_focus].view.focus()

    def action_help(self) -> None:
        """Show the keys that work here."""
        self.app.push_screen(HelpDialog(self))

    def _show(self) -> None:
        for one, place in zip(self._sides, self._places, strict=True):
            one.show(self._films[place])
        self._masthead()

    def _masthead(self) -> None:
        count = f"{len(self._films)} films of the patient"
        link = "window and zoom go together" if self._linked else "each side alone"
        left = Content.assemble(("Compare", "bold"), (f"  {count}", "$text-muted"))
        self.query_one("#masthead", Ends).show(left, Content.styled(link, "$text-muted"))


class Side(Vertical):
    """One of the two films."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(classes="side")
        self.view = navigator.make_view()
        self._pictures = navigator.pictures
        self._film: Film | None = None

    def compose(self) -> ComposeResult:
        """Picture, what it is, how it is shown."""
        yield Ends(classes="caption")
        yield self.view
        yield Ends(classes="shown")

    def show(self, film: Film) -> None:
        """Show a film."""
        if film == self._film:
            return
        self._film = film
        self.say()
        scored = None if isinstance(film.image, Refusal) else film.image
        self.view.explain(*((scored.activation, scored.lungs) if scored else (None, None)))
        if self._pictures:
            tell_picture(self, film.image.path, is_scored=scored is not None)
        else:
            self.view.show_text("pictures are off (--image off)")

    def say(self) -> None:
        """Say which film it is, and how it is shown."""
        if self._film is None or not self.is_mounted:
            return
        row, image = self._film.row, self._film.image
        name = Content.styled(shortened(visible(row.patient), 24), "bold")
        taken = f"  {row.taken_at:%Y-%m-%d}" if row.taken_at else ""
        kind = "" if isinstance(image, Refusal) else f" {suspicion(image.probabilities):.2f}"
        left = Content.assemble(name, (f"{taken}  {facts.view(image)}", "$text-muted"))
        ink = f"$band-{row.band.value.lower()}"
        self.query_one(".caption", Ends).show(left, Content.styled(f"{row.band.glyph}{kind}", ink))
        preview = Content.styled(wording.PREVIEW, "bold $mark")
        name = Content.styled(f"{visible(image.path.name)}  ", "$text-muted")
        self.query_one(".shown", Ends).show(Content(str(self.view.shown)), preview, name)

    def on_picture_loaded(self, message: PictureLoaded) -> None:
        """Show the pixels, unless another film is wanted by now."""
        message.stop()
        if self._film and message.path == self._film.image.path:
            self.view.show_picture(message.gray)

    def on_picture_failed(self, message: PictureFailed) -> None:
        """Say why there is no picture."""
        message.stop()
        if self._film and message.path == self._film.image.path:
            self.view.show_text(message.reason)
