"""``screener review``: the worklist in the terminal, or in a browser on this machine."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import config, console, locations
from screener.console import ExitCode
from screener.errors import ConfigurationError, StoreError, StoreNotFoundError
from screener.results.opening import is_there

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.tui.app import ReviewApp
    from screener.tui.picture.view import RadiographView

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=_FOLDER)
@click.option(
    "-o",
    "--output",
    "--results",
    "results",
    metavar="RESULTS",
    type=_FOLDER,
    default=locations.RESULTS,
    show_default=True,
    help="The results folder, if DIR is left out or a folder of studies to be scanned.",
)
@click.option("--reviewer", metavar="NAME", help="Who reviews.  [default: your user name]")
@click.option(
    "--image",
    type=click.Choice(["auto", "halfblock", "sixel", "kitty", "off"]),
    default="auto",
    show_default=True,
    help="How radiographs are drawn; sixel and kitty need the graphics extra. auto asks the "
    "terminal.",
)
@click.option(
    "--explain/--no-explain",
    default=True,
    show_default=True,
    help="Whether maps that an opened study lacks are made, beside everything else.",
)
@click.option(
    "--after-verdict",
    type=click.Choice(["next", "stay"]),
    default="next",
    show_default=True,
    help="Where a verdict leads: to the next study without one, or nowhere.",
)
@click.option(
    "--blind/--no-blind",
    default=False,
    show_default=True,
    help="Whether what other reviewers said is hidden.",
)
@click.option("--theme", metavar="NAME", help="reading-room, daylight, or a theme of Textual.")
@click.option("--serve", is_flag=True, help="In a browser on this machine; needs the serve extra.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="For --serve."
)
def command(
    folder: Path | None,
    results: Path,
    reviewer: str | None,
    image: str,
    explain: bool,
    after_verdict: str,
    blind: bool,
    theme: str | None,
    serve: bool,
    port: int,
) -> None:
    """Go through the worklist of the results in DIR.

    If DIR is a folder of studies without results, offers to scan it. Press ? for the keys.
    Research use only.
    """
    reviewer = reviewer or user()
    results, studies = _resolve(folder, results)
    if studies is None:
        _try(results)
    if serve:
        arguments = [str(studies or results), "-o", str(results), "--reviewer", reviewer]
        arguments += ["--image", image, "--explain" if explain else "--no-explain"]
        arguments += ["--after-verdict", after_verdict, "--blind" if blind else "--no-blind"]
        arguments += ["--theme", theme] if theme else []
        _serve(arguments, port)
        return
    from screener.tui import terminal

    terminal.check()
    with terminal.apart():
        from screener.tui.app import ReviewApp
        from screener.tui.themes import chosen

        app = ReviewApp(
            results,
            reviewer,
            studies=studies,
            make_view=view_maker(image),
            explaining=explain,
            advance=after_verdict == "next",
            blind=blind,
            theme=chosen(theme),
            keymap=config.load().keymap,
        )
        app.run()
    _after(app)
    if app.failure:
        raise app.failure
    if app.return_code:
        console.end(ExitCode(app.return_code))


def user() -> str:
    """The user's name.

    Raises:
        ConfigurationError: the system does not know one.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ConfigurationError("who reviews? say it with --reviewer NAME") from None


def _resolve(folder: Path | None, results: Path) -> tuple[Path, Path | None]:
    """The results folder, and the folder of studies that a scan is to be offered for.

    Raises:
        StoreNotFoundError: there are neither results nor anything to scan.
    """
    if folder is None or is_there(folder):
        return folder or results, None
    try:
        something = folder.is_dir() and any(folder.iterdir())
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; ask for permission to read it") from None
    if not something:
        raise StoreNotFoundError(
            f"{folder}: no results and nothing to scan here; run 'screener scan FOLDER'"
        )
    return results, None if _scanned(folder, results) else folder


def _scanned(studies: Path, results: Path) -> bool:
    """Whether the latest run in a results folder was over these studies."""
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    if not is_there(results):
        return False
    with Store.reading(results) as store:
        runs = Worklist(store).runs()
    return bool(runs) and str(studies.absolute()) in runs[-1].folders


def _try(results: Path) -> None:
    """Open the results as a review does, while a message can still be one line.

    Raises:
        StoreError: they cannot be used.
    """
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    with Store.open(results) as store:
        Worklist(store).counts()
        Worklist(store).page(limit=1)


def view_maker(image: str) -> Callable[[], RadiographView] | None:
    """What makes the widget for radiographs.

    Raises:
        ConfigurationError: the graphics extra is not installed.
    """
    from screener.tui import terminal
    from screener.tui.picture.view import RadiographView

    if image == "off":
        return None
    if image == "auto" and terminal.is_page():
        from screener.tui.picture.page import PageView

        return PageView
    if image == "halfblock":
        return RadiographView
    try:
        from screener.tui.picture import graphics
    except ImportError:
        if image == "auto":
            return RadiographView
        raise ConfigurationError(
            f"--image {image} needs: pip install 'covid-resnet-screener[graphics]'"
        ) from None
    makers = {"auto": graphics.detected(), "kitty": graphics.kitty, "sixel": graphics.sixel}
    return makers[image] or RadiographView


def _serve(arguments: list[str], port: int) -> None:
    try:
        from screener.tui.serving import serve
    except ImportError:
        raise ConfigurationError(
            "--serve needs: pip install 'covid-resnet-screener[serve]'"
        ) from None
    serve([sys.executable, "-m", "screener.cli.main", "review", *arguments], port)


def _after(app: ReviewApp) -> None:
    """Store what still waits, and say what could not be."""
    if app.session is None or not len(app.session.outbox):
        return
    try:
        app.session.outbox.deliver()
    except StoreError as error:
        waiting = len(app.session.outbox)
        kept = f"{waiting} review entries wait on disk and are stored next time: "
        console.warn(f"{kept if waiting else ''}{error}")
