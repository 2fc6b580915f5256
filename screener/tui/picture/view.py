"""The radiograph on screen: window and level, zoom, pan, invert, lines. A preview, no more.

Draws itself with half blocks; ``graphics.py`` has the twin for terminals that show real pictures.
Offers no flip and no rotation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from screener.contours import equal_effect, lungs_of
from screener.tui.picture import halfblock
from screener.tui.picture.presentation import PRESETS, Presentation, draw, preset, seen
from screener.tui.wording import fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from textual import events

    from screener.contours import Contour
    from screener.lungs import LungOutline
    from screener.study import ActivationMap

LAID_OVER = ("overlay", "outline")
"""Actions that show something of the network's."""
PAN = 0.15
"""Share of what is seen that a key moves it by."""


def _key(keys: str, action: str, title: str, tooltip: str, *, show: bool = False) -> Binding:
    name = "picture." + title.lower().replace(" ", "_")
    return Binding(keys, action, title, id=name, tooltip=tooltip, show=show)


class RadiographView(Widget, can_focus=True):
    """Shows one radiograph, or a line of text where there is none to show."""

    class Changed(Message):
        """The window, the zoom, the inversion or the lines are others now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("i", "invert", "Invert", "Show dark as bright", show=True),
        _key(
            "o",
            "overlay",
            "Overlay",
            "Where the score comes from: lines of equal effect",
            show=True,
        ),
        _key("l", "lungs", "Lungs", "The lungs' outline, where it is sure"),
        _key("left_square_bracket", "window(0.87)", "Narrow window", "More contrast"),
        _key("right_square_bracket", "window(1.15)", "Widen window", "Less contrast"),
        _key("left_curly_bracket", "level(-0.04)", "Lower level", "Brighter"),
        _key("right_curly_bracket", "level(0.04)", "Raise level", "Darker"),
        _key("plus,equals_sign", "zoom(1.4)", "Zoom in", "Enlarge about the centre"),
        _key("minus", "zoom(0.714286)", "Zoom out", "Back towards the whole picture"),
        _key("h,left", f"pan(-{PAN}, 0)", "Pan left", "Move over an enlarged picture"),
        _key("right", f"pan({PAN}, 0)", "Pan right", "Move over an enlarged picture"),
        _key("k,up", f"pan(0, -{PAN})", "Pan up", "Move over an enlarged picture"),
        _key("j,down", f"pan(0, {PAN})", "Pan down", "Move over an enlarged picture"),
        _key("m", "magnify", "Magnifier", "An enlarged part; the arrows or the mouse move it"),
        *(
            _key(str(number), f"preset({number - 1})", f"Window {name}", f"The window: {name}")
            for number, (name, _, _) in enumerate(PRESETS, start=1)
        ),
        _key("space", "reset", "Reset", "Window, zoom and inversion as at first"),
    ]

    blind = False
    """Whether nothing of the network's may be laid over the picture."""
    shown: reactive[Presentation] = reactive(Presentation(), init=False)
    overlaid: reactive[bool] = reactive(default=False, init=False)
    outlined: reactive[bool] = reactive(default=False, init=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.gray: NDArray[np.float32] | None = None
        self.effect: tuple[Contour, ...] = ()
        """The lines of the radiograph's map; none where it has none that may be drawn."""
        self.lungs: tuple[Contour, ...] = ()
        """The outline of its lungs; none where it is not sure."""
        self._text = ""
        self._strips: list[Strip] | None = None

    @property
    def laid_over(self) -> tuple[Contour, ...]:
        """The lines that are shown now."""
        lungs = self.lungs if self.outlined else ()
        return lungs + (self.effect if self.overlaid else ())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Take the overlay's keys away from who reads blind."""
        return not (self.blind and action in LAID_OVER)

    def show_picture(self, gray: NDArray[np.float32]) -> None:
        """Show a radiograph; (rows, columns) in [0, 1]."""
        self.gray, self._text = gray, ""
        self.redraw()

    def show_text(self, text: str) -> None:
        """Show a line instead of a picture."""
        self.gray, self._text = None, text
        self.redraw()

    def explain(self, activation: ActivationMap | None, lungs: LungOutline | None) -> None:
        """Lay the lines of this map and these lungs over the picture whenever asked to."""
        effect, outline = equal_effect(activation), lungs_of(lungs)
        if (effect, outline) != (self.effect, self.lungs):
            self.effect, self.lungs = effect, outline
            self.redraw()

    def watch_shown(self) -> None:
        """Draw with the new window or zoom."""
        self.redraw()

    def watch_overlaid(self) -> None:
        """Draw with or without the lines."""
        self.redraw()

    def watch_outlined(self) -> None:
        """Draw with or without the lungs."""
        self.redraw()

    def on_resize(self) -> None:
        """Fit the picture anew."""
        self.redraw()

    def action_invert(self) -> None:
        """Show dark as bright, or no longer."""
        self.shown = replace(self.shown, inverted=not self.shown.inverted)

    def action_overlay(self) -> None:
        """Lay the map's lines over the picture, or take them away."""
        if self._has_colour():
            self.overlaid = not self.overlaid

    def action_lungs(self) -> None:
        """Lay the lungs' outline over the picture, or take it away."""
        if self._has_colour():
            self.outlined = not self.outlined

    def _has_colour(self) -> bool:
        """Whether lines can be told from anatomy; says so where they cannot."""
        if self.app.no_color:
            self.notify("The lines need colour, and NO_COLOR is set.", markup=False)
        return not self.app.no_color

    def action_window(self, factor: float) -> None:
        """Widen or narrow the window."""
        self.shown = self.shown.windowed(factor)

    def action_level(self, step: float) -> None:
        """Move the window."""
        self.shown = self.shown.levelled(step)

    def action_zoom(self, factor: float) -> None:
        """Zoom about the centre."""
        self.shown = self.shown.zoomed(factor).panned(0, 0)

    def action_pan(self, x: float, y: float) -> None:
        """Move over an enlarged picture."""
        self.shown = self.shown.panned(x, y)

    def action_magnify(self) -> None:
        """Hold the magnifier over the centre of what is seen, or put it away."""
        shown = self.shown
        self.shown = replace(shown, lens=None if shown.lens else (shown.x, shown.y))

    def action_preset(self, index: int) -> None:
        """Set the window to a share of the film's own grays."""
        if self.gray is not None:
            _, low, high = PRESETS[index]
            window, level = preset(self.gray, low, high)
            self.shown = replace(self.shown, window=window, level=level)

    def action_reset(self) -> None:
        """Show it as at first."""
        self.shown = Presentation()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in with the wheel."""
        event.stop()
        self.action_zoom(1.4)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out with the wheel."""
        event.stop()
        self.action_zoom(1 / 1.4)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag: pan with the left button, window and level with the right; none: magnifier."""
        if self.shown.lens and not event.button:
            self._hold_lens(event.x, event.y)
            return
        x, y = event.delta_x / self.size.width, event.delta_y / self.size.height
        if event.button == 1:
            self.shown = self.shown.panned(-x, -y)
        elif event.button:
            self.shown = self.shown.windowed(1 + x).levelled(y)

    def _hold_lens(self, x: int, y: int) -> None:
        """Hold the magnifier over a cell."""
        if self.gray is None:
            return
        (left, top, right, bottom), scale = seen(
            self.gray.shape, self.shown, (self.size.width, self.size.height * 2)
        )
        rows, columns = self.gray.shape
        across = (x + 0.5 - self.size.width / 2) / scale + (left + right) / 2
        down = (2 * y + 1 - self.size.height) / scale + (top + bottom) / 2
        self.shown = self.shown.magnified(across / columns, down / rows)

    def render_line(self, y: int) -> Strip:
        """Draw one line, centred on the widget."""
        width, height = self.size
        strips = self._drawn()
        top = (height - len(strips)) // 2
        if not 0 <= y - top < len(strips):
            return Strip.blank(width, self.rich_style)
        return strips[y - top].text_align(width, "center").apply_style(self.rich_style)

    def _drawn(self) -> list[Strip]:
        if self._strips is None:
            self._strips = self._draw()
        return self._strips

    def _draw(self) -> list[Strip]:
        width, height = self.size
        if self.gray is None:
            text = fitted(self._text, min(len(self._text), width))
            return [Strip([Segment(text)])]
        return halfblock.strips(draw(self.gray, self.shown, (width, height * 2), self.laid_over))

    def redraw(self) -> None:
        """Draw anew when next asked to, and tell the screen."""
        self._strips = None
        self.refresh()
        self.post_message(self.Changed())
