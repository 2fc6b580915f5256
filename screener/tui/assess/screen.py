"""One drawn study to be read blind: its radiographs, age and sex, and the reader's own answer.

Shows no score, band, rank, class, map, mark, name or path, and nothing that others said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from screener.errors import StoreError
from screener.results.blind import Finding
from screener.study import RESEARCH_ONLY, Projection
from screener.text import visible
from screener.tui import wording
from screener.tui.dialogs import CommentDialog
from screener.tui.ends import Ends
from screener.tui.help import HelpDialog
from screener.tui.keys import Keys
from screener.tui.messages import PictureFailed, PictureLoaded
from screener.tui.picture.read import tell_picture
from screener.tui.picture.view import RadiographView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from screener.tui.assess.sitting import BlindImage, BlindStudy, Sitting

DONE = "All are read. Thank you; b goes back to one, q leaves."


def _key(keys: str, action: str, title: str, tooltip: str, *, show: bool = True) -> Binding:
    name = "assess." + title.lower().replace(" ", "_")
    return Binding(keys, action, title, id=name, tooltip=tooltip, show=show)


class BlindScreen(Screen[None]):
    """Reads a draw, a study at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("s", "say('suspicious')", "Suspicious", "Suspicious of COVID-19; goes on"),
        _key("n", "say('not suspicious')", "Not suspicious", "Not suspicious; goes on"),
        _key("t", "say('cannot tell')", "Cannot tell", "Cannot be told from this; goes on"),
        _key("c", "comment", "Comment", "Write a comment on the study"),
        _key("b,p,backspace", "leaf(-1)", "Back", "The study before this one"),
        _key("f", "leaf(1)", "Forward", "The study after this one", show=False),
        _key("u", "unread", "Next unread", "The next study without an answer", show=False),
        _key("full_stop", "image(1)", "Next image", "The next radiograph", show=False),
        _key("comma", "image(-1)", "Image before", "The radiograph before", show=False),
        _key("question_mark", "help", "Help", "The keys that work here"),
        Binding("q", "app.quit", "Quit", id="app.quit", tooltip="Leave; all is stored"),
    ]

    def __init__(
        self,
        sitting: Sitting,
        make_view: Callable[[], RadiographView] | None,
        deliver: Callable[[], object],
    ) -> None:
        super().__init__()
        self.sitting = sitting
        self._make_view = make_view
        self._deliver = deliver
        self.place = sitting.next_unread() or 0
        self.image = 0
        self.study = sitting.study(self.key)
        """The study on screen, without what the network said."""

    def compose(self) -> ComposeResult:
        """Masthead, picture with its caption, warning, keys."""
        yield Ends(id="masthead")
        with Horizontal(id="study"), Vertical(id="picture"):
            view = (self._make_view or RadiographView)()
            view.blind = True
            yield view
            yield Ends(id="caption")
            yield Static(wording.PREVIEW, id="preview", markup=False)
        yield Static(RESEARCH_ONLY, id="research", markup=False)
        yield Keys()

    @property
    def key(self) -> str:
        """The study on screen."""
        return self.sitting.order[self.place]

    @property
    def view(self) -> RadiographView:
        """The picture."""
        return self.query_one(RadiographView)

    def on_mount(self) -> None:
        """Show the first study that is not read."""
        self.view.focus()
        self._open(self.place)
        if self.sitting.next_unread() is None:
            self.notify(DONE, markup=False)

    def action_say(self, answer: str) -> None:
        """Record an answer and go on to the next study without one."""
        self._record(finding=Finding(answer))
        following = self.sitting.next_unread(self.place)
        if following is None:
            self._show()
            self.notify(DONE, markup=False)
        else:
            self._open(following)

    def action_comment(self) -> None:
        """Ask for a comment and record it."""

        def answered(comment: str | None) -> None:
            if comment is not None:
                self._record(comment=comment)
                self._show()

        self.app.push_screen(CommentDialog(self.sitting.comment(self.key)), answered)

    def action_leaf(self, studies: int) -> None:
        """Go to another study of the order."""
        if 0 <= self.place + studies < len(self.sitting.order):
            self._open(self.place + studies)

    def action_unread(self) -> None:
        """Go to the next study without an answer."""
        following = self.sitting.next_unread(self.place)
        if following is not None:
            self._open(following)

    def action_image(self, images: int) -> None:
        """Show another radiograph of the study."""
        if found := self.study.images:
            self._show_image((self.image + images) % len(found))

    def action_help(self) -> None:
        """Show the keys that work here."""
        self.app.push_screen(HelpDialog(self))

    def on_radiograph_view_changed(self) -> None:
        """Say how the picture is shown."""
        self._show()

    def on_picture_loaded(self, message: PictureLoaded) -> None:
        """Show the pixels, unless another radiograph is wanted by now; never a map."""
        if (image := self._current()) and image.path == message.path:
            self.view.show_picture(message.gray)

    def on_picture_failed(self, message: PictureFailed) -> None:
        """Say that there is no picture; the reason would name the file."""
        if (image := self._current()) and image.path == message.path:
            self.view.show_text("this radiograph cannot be read any more: press t")

    def _record(self, finding: Finding | None = None, comment: str | None = None) -> None:
        try:
            self.sitting.say(self.key, finding, comment)
        except StoreError as error:
            self.notify(str(error), markup=False, severity="error", timeout=10)
        self._deliver()

    def _open(self, place: int) -> None:
        self.place = place
        self.study = self.sitting.study(self.key)
        self.view.action_reset()
        self._show_image(0)

    def _show_image(self, number: int) -> None:
        self.image = number
        image = self._current()
        if image is None:
            self.view.show_text("no radiograph with a score any more: press t")
        elif self._make_view is None:
            self.view.show_text("pictures are off (--image off)")
        else:
            self.view.show_text("reading ...")
            tell_picture(self, image.path)
        self._show()

    def _current(self) -> BlindImage | None:
        images = self.study.images
        return images[self.image] if self.image < len(images) else None

    def _show(self) -> None:
        sitting, study = self.sitting, self.study
        said = sitting.finding(self.key)
        answer = Content.styled(f"  {said}", "bold") if said else Content("")
        number = Content.styled(f"study {self.place + 1:,} of {len(sitting.order):,}", "bold")
        left = Content.assemble(number, f"  {_person(study)}", answer)
        done = f"{sitting.read():,} of {len(sitting.order):,} read by {visible(sitting.reviewer)}"
        self.query_one("#masthead", Ends).show(left, Content.styled(done, "$text-muted"))
        images = study.images
        where = (
            f"{_projection(images[self.image])} · {self.image + 1} of {len(images)} · "
            if (self.image < len(images))
            else ""
        )
        comment = visible(sitting.comment(self.key))
        note = Content.styled(f"“{comment}”", "$text-muted") if comment else Content("")
        self.query_one("#caption", Ends).show(Content(f"{where}{self.view.shown}"), note)


def _person(study: BlindStudy) -> str:
    age = "" if study.age is None else f"{study.age:.0f} years"
    return " ".join(part for part in (age, visible(study.sex)[:1]) if part)


def _projection(image: BlindImage) -> str:
    return "view unknown" if image.projection is Projection.UNKNOWN else str(image.projection)
