"""One study: its radiographs, what the network says of them and what reviewers said.

Pixels are read in a worker, half a breath after the last key, so that leafing stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from screener.study import RESEARCH_ONLY, Refusal
from screener.text import visible
from screener.tui import wording
from screener.tui.ends import Ends
from screener.tui.keys import Keys
from screener.tui.messages import PictureFailed, PictureLoaded
from screener.tui.picture.chosen import images, shown_first
from screener.tui.picture.read import read_picture, tell_picture
from screener.tui.picture.view import RadiographView
from screener.tui.review_screen import ReviewScreen
from screener.tui.study import facts
from screener.tui.study.compare import CompareScreen, films
from screener.tui.study.opening import open_file
from screener.tui.study.panel import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.timer import Timer

    from screener.results.worklist import RadiographRow, StudyDetail, StudyRow
    from screener.tui.navigator import Navigator

PAUSE = 0.05
"""Seconds without a key before pixels are read."""


class StudyScreen(ReviewScreen):
    """Looks at one study; ``n`` and ``p`` leaf through the worklist from here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leaf(1)", "Next", id="study.next", tooltip="Next study of the worklist"),
        Binding("p", "leaf(-1)", "Back", id="study.back", tooltip="Study before this one"),
        Binding(
            "comma",
            "image(-1)",
            "Image before",
            id="study.image_before",
            show=False,
            tooltip="The study's radiograph before this one",
        ),
        Binding(
            "full_stop",
            "image(1)",
            "Next image",
            id="study.image_next",
            show=False,
            tooltip="The study's next radiograph",
        ),
        Binding(
            "J",
            "scroll_facts(3)",
            "Facts down",
            id="study.facts_down",
            show=False,
            tooltip="Scroll what stands beside the radiograph",
        ),
        Binding(
            "K",
            "scroll_facts(-3)",
            "Facts up",
            id="study.facts_up",
            show=False,
            tooltip="Scroll it back",
        ),
        Binding(
            "v",
            "compare",
            "Compare",
            id="study.compare",
            show=False,
            tooltip="Another film of the patient beside this one",
        ),
        Binding("t", "tags", "Tags", id="study.tags", tooltip="Header facts and measures"),
        Binding(
            "e",
            "original",
            "Original",
            id="study.original",
            show=False,
            tooltip="Open the file in the system's viewer",
        ),
        Binding("escape,backspace", "leave", "List", id="study.leave", tooltip="Back to the list"),
        Binding("q", "app.quit", "Quit", id="app.quit", show=False, tooltip="Leave; all is stored"),
    ]

    index: reactive[int] = reactive(0, init=False)
    """Which image of the study is on screen: scored ones first, then refused ones."""
    tags: reactive[bool] = reactive(default=False, init=False)

    def __init__(self, navigator: Navigator, key: str) -> None:
        super().__init__(navigator)
        self._key = key
        self._detail: StudyDetail | None = None
        self._timer: Timer | None = None
        self._asking: Timer | None = None

    def compose(self) -> ComposeResult:
        """Masthead, picture with its caption, facts, warning, keys."""
        yield Ends(id="masthead")
        with Horizontal(id="study"):
            with Vertical(id="picture"):
                yield self.navigator.make_view()
                yield Ends(id="caption")
                yield Static(wording.PREVIEW, id="preview", markup=False)
                yield Ends(id="legend")
            yield Facts()
        yield Static(RESEARCH_ONLY, id="research", markup=False)
        yield Keys()

    @property
    def detail(self) -> StudyDetail:
        """Everything known of the study."""
        if self._detail is None:
            self._detail = self.session.study(self._key)
        return self._detail

    @property
    def current(self) -> StudyRow | None:
        """The study on screen."""
        return self.detail.row

    @property
    def images(self) -> tuple[RadiographRow | Refusal, ...]:
        """What can be leafed through: scored radiographs, refused files, those not scored yet."""
        return images(self.detail)

    @property
    def image(self) -> RadiographRow | Refusal | None:
        """The image on screen."""
        return self.images[self.index] if self.index < len(self.images) else None

    @property
    def scored(self) -> RadiographRow | None:
        """The image on screen, if it is a scored radiograph."""
        return None if isinstance(self.image, Refusal) else self.image

    @property
    def view(self) -> RadiographView:
        """The picture."""
        return self.query_one(RadiographView)

    def on_mount(self) -> None:
        """Show the study."""
        self.session.look(self._key)
        self.view.focus()
        self.set_reactive(StudyScreen.index, shown_first(self.detail))
        self._show()
        self._load_soon()
        self._ask_soon()

    def show_again(self) -> None:
        """Read the study anew; the picture stays unless another file took its place."""
        before = self.image
        self._detail = None
        self.index = min(self.index, max(0, len(self.images) - 1))
        self._show()
        if (before and before.path) != (self.image and self.image.path):
            self._load_soon()
        if self._lacks_maps:
            self.navigator.want_maps(self._key, again=False)

    def go_to(self, key: str) -> None:
        """Show another study."""
        self.hush()
        self._key, self._detail = key, None
        self.session.look(key)
        self.set_reactive(StudyScreen.index, shown_first(self.detail))
        self.view.action_reset()
        self._show()
        self._load_soon()
        self._ask_soon()

    def watch_index(self) -> None:
        """Show another image of the study."""
        self.view.action_reset()
        self._show()
        self._load_soon()

    def watch_tags(self) -> None:
        """Show or hide the header facts."""
        self._show()

    def action_leaf(self, studies: int) -> None:
        """Go to the next or previous study of the worklist."""
        key = self.session.neighbour(self._key, studies)
        if key is None:
            self.say("This is the last study." if studies > 0 else "This is the first study.")
        else:
            self.go_to(key)

    def action_image(self, images: int) -> None:
        """Show another image of the study."""
        if self.images:
            self.index = (self.index + images) % len(self.images)

    def action_compare(self) -> None:
        """Set another film of the study or the patient beside this one."""
        found = films(self.session, self.detail, self.index) if self.images else []
        if len(found) < 2:
            self.say("There is no other film of this patient.")
        else:
            self.app.push_screen(CompareScreen(self.navigator, found))

    def action_tags(self) -> None:
        """Show or hide the header facts."""
        self.tags = not self.tags

    def action_scroll_facts(self, lines: int) -> None:
        """Scroll the facts, which never take the keys from the picture."""
        self.query_one(Facts).scroll_relative(y=lines, animate=False)

    def action_original(self) -> None:
        """Open the file in the system's viewer."""
        if self.image is None:
            return
        if complaint := open_file(self.image.path):
            self.complain(complaint)

    def action_leave(self) -> None:
        """Go back to the worklist, to this study."""
        self.hush()
        self.navigator.back_to_worklist(self._key)

    def on_radiograph_view_changed(self) -> None:
        """Say how the picture is shown."""
        self._show_caption()

    def on_picture_loaded(self, message: PictureLoaded) -> None:
        """Show the pixels, unless another image is wanted by now."""
        if self.image and message.path == self.image.path:
            self.view.show_picture(message.gray)
            self._look_ahead()

    def on_picture_failed(self, message: PictureFailed) -> None:
        """Say why there is no picture."""
        if self.image and message.path == self.image.path:
            self.view.show_text(message.reason)

    def _load_soon(self) -> None:
        if self._timer:
            self._timer.stop()
        if self.image is None:
            self.view.show_text("no image")
        elif not self.navigator.pictures:
            self.view.show_text("pictures are off (--image off)")
        else:
            self.view.show_text("reading ...")
            self._timer = self.set_timer(PAUSE, self._load)

    def _load(self) -> None:
        if self.image:
            is_scored = not isinstance(self.image, Refusal)
            tell_picture(self, self.image.path, is_scored=is_scored)

    def _ask_soon(self) -> None:
        """Have maps made where some lack, unless the next key leafs on."""
        if self._asking:
            self._asking.stop()
        if self._lacks_maps:
            self._asking = self.set_timer(PAUSE, self._ask)

    def _ask(self) -> None:
        self.navigator.want_maps(self._key, again=True)
        self._show()

    @property
    def _lacks_maps(self) -> bool:
        scored = self.detail.radiographs
        return not all(one.activation and one.activation.proof for one in scored)

    def _look_ahead(self) -> None:
        """Read the picture that ``n`` would show, so that it is there at once."""
        key = self.session.neighbour(self._key, 1)
        following = self.session.study(key) if key else None
        if following and following.radiographs:
            self._read_ahead(following.deciding.path)

    @work(thread=True, exclusive=True, group="ahead", exit_on_error=False)
    def _read_ahead(self, path: Path) -> None:
        read_picture(path)

    def _show(self) -> None:
        row = self.detail.row
        name = Content.styled(visible(row.patient), "bold")
        if row.patient != row.pseudonym:
            name += Content.styled(f"  {row.pseudonym}", "$text-muted")
        score = f"  {row.score:.2f}" if row.score is not None else ""
        rank = f"  rank {row.rank:,}" if row.rank is not None else ""
        said = facts.standing(self.detail.reviews, self.session.reviewer)
        told = ((score, "bold"), facts.worth(self.detail), (rank, "$text-muted"))
        left = Content.assemble(name, "  ", facts.band(row.band), said, *told)
        place = self.session.offset_of(self._key)
        where = "" if place is None else f"study {place + 1:,} of {self.session.count():,}  "
        spare = Content.styled(where, "$text-muted")
        self.query_one("#masthead", Ends).show(left, self.progress(), spare)
        self.query_one(Facts).show(self.detail, self.index, self._said_of_maps, tags=self.tags)
        shown = self.scored
        self.view.explain(*((shown.activation, shown.lungs) if shown else (None, None)))
        self._show_caption()

    @property
    def _said_of_maps(self) -> str:
        return self.navigator.said_of_maps(self._key)

    def _show_caption(self) -> None:
        if self.image is None:
            left = Content("no image")
        else:
            place = f"{facts.view(self.image)} · {self.index + 1} of {len(self.images)}"
            left = Content(f"{place} · {self.view.shown}")
        self.query_one("#caption", Ends).show(left)
        shown, view = self.scored, self.view
        effect = facts.legend(shown, self._said_of_maps) if view.overlaid else Content()
        lungs = facts.lungs_legend(shown) if view.outlined else Content()
        self.query_one("#legend", Ends).show(effect, lungs)
