"""``screener assess``: a site's own figures, from a blind reading of a sample of its list.

Draws, opens the reading, reports, and takes thresholds over. Scores nothing and loads no torch.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import adopting, assessing, options
from screener.errors import StoreError
from screener.quantities import MANY
from screener.study import RANKED, Band
from screener.text import json_line, visible

if TYPE_CHECKING:
    from screener.results.blind import Draw


DIGITS = 9
"""Of a number of studies, at most."""


@click.group()
@click.pass_context
def command(context: click.Context) -> None:
    """Measure at this site what the list is worth, by a blind reading of a sample of it."""
    group = context.command
    assert isinstance(group, click.Group)
    context.default_map = dict.fromkeys(group.commands, context.default_map or {})


@command.command()
@options.results_folder
@click.option(
    "--name",
    metavar="NAME",
    help="What to call the draw; one that is there is enlarged.  [default: the date]",
)
@click.option("--size", type=MANY, help="Studies in all.  [default: 200 for a new draw]")
@click.option(
    "--more",
    metavar="BAND=N",
    multiple=True,
    help="Draw N more of a band; may be repeated.",
)
@click.option(
    "--seed", type=click.IntRange(0, sys.maxsize), help="Of a new draw.  [default: by chance]"
)
def draw(
    results: Path, name: str | None, size: int | None, more: tuple[str, ...], seed: int | None
) -> None:
    """Draw a sample of the scored studies of the results in DIR, from all bands.

    More is drawn from the top; every study has a known chance. What was drawn before stays in a
    draw that is enlarged.
    """
    from screener.results import blind, sampling
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    wanted = _more(more)
    now = datetime.now(UTC)
    with Store.open(results) as store:
        thresholds = Worklist(store).card().thresholds
        there = {drawn.name: drawn for drawn in blind.draws(store)}
        name = name or _free(f"{now:%Y-%m-%d}", there)
        if name in there:
            _check_enlarging(there[name], size, wanted, seed)
        with store.transaction() as connection:
            known = there.get(name)
            number = (
                known.id
                if known
                else blind.make(
                    connection, name, secrets.randbelow(2**31) if seed is None else seed,
                    thresholds, now,
                )
            )  # fmt: skip
            fresh = None if known or wanted else sampling.SIZE
            counts = blind.enlarge(connection, number, size or fresh, wanted, now)
    console.say(f"draw {visible(name)}: {sum(drawn for drawn, _ in counts.values())} studies")
    for band, (drawn_count, listed) in counts.items():
        console.say(f"{band.glyph} {band:9} {drawn_count:6} of {listed:6}")
    console.note("'screener assess review' opens them, in random order and without their scores")


def _more(pairs: Sequence[str]) -> dict[Band, int]:
    wanted: dict[Band, int] = {}
    for pair in pairs:
        band, _, number = pair.partition("=")
        if band.upper() not in RANKED or not _is_number(number):
            raise click.UsageError(f"--more {pair}: must be BAND=N, such as ROUTINE=100.")
        wanted[Band(band.upper())] = wanted.get(Band(band.upper()), 0) + int(number)
    return wanted


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= DIGITS and int(text) > 0


def _free(name: str, taken: dict[str, Draw]) -> str:
    """The name, with a number where it is taken."""
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _check_enlarging(
    drawn: Draw, size: int | None, more: dict[Band, int], seed: int | None
) -> None:
    if seed not in (None, drawn.seed):
        raise click.UsageError(f"The draw {drawn.name} has its seed already: {drawn.seed}.")
    if not more and (size is None or size <= len(drawn.chances)):
        raise click.UsageError(
            f"The draw {drawn.name} has {len(drawn.chances)} studies; enlarge it with a larger "
            "--size or with --more BAND=N, or give another --name."
        )


@command.command()
@options.results_folder
@assessing.draw_option
@click.option("--reviewer", metavar="NAME", help="Who reads.  [default: your user name]")
@click.option(
    "--image",
    type=click.Choice(["auto", "halfblock", "sixel", "kitty", "off"]),
    default="auto",
    show_default=True,
    help="How radiographs are drawn; sixel and kitty need the graphics extra.",
)
@click.option("--theme", metavar="NAME", help="reading-room, daylight, or a theme of Textual.")
def review(
    results: Path, name: str | None, reviewer: str | None, image: str, theme: str | None
) -> None:
    """Read the drawn studies of the results in DIR blind, in random order.

    No score, band, rank or map is shown. Every answer is on disk before the next study is; it can
    be left at any time and goes on from there. Each reader has an order of their own.
    """
    from screener.cli.review import user, view_maker
    from screener.results import blind
    from screener.results.store import Store

    reader = reviewer or user()
    with Store.open(results) as store:
        drawn = blind.find(store, name)
    if not drawn.chances:
        raise StoreError(f"{drawn.name}: every study of it was forgotten; draw anew")
    from screener.tui import terminal

    terminal.check()
    with terminal.apart():
        from screener import config
        from screener.tui.assess.app import BlindApp
        from screener.tui.themes import chosen

        app = BlindApp(
            results,
            drawn.name,
            reader,
            make_view=view_maker(image),
            theme=chosen(theme),
            keymap=config.load().keymap,
        )
        app.run()
    if waiting := app.left():
        console.warn(f"{waiting} answers wait on disk and are stored next time")
    if app.return_code:
        console.end(console.ExitCode(app.return_code))


@command.command()
@options.results_folder
@assessing.draw_option
@assessing.labels_option
@options.json_option
@click.option(
    "-o",
    "--output",
    "out",
    metavar="PAGE.html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page, and beside it a CSV of everything.",
)
def report(
    results: Path, name: str | None, labels: Path | None, as_json: bool, out: Path | None
) -> None:
    """Print this site's own figures, weighted back to the whole list, with intervals."""
    if out and str(out) == "-":
        raise click.UsageError("-o names the page; --json prints everything to stdout.")
    if out and out.suffix.casefold() == ".csv":
        raise click.UsageError("-o names the page, such as page.html; its CSV is put beside it.")
    with options.opened(results) as worklist:
        found = assessing.site_of(worklist, name, labels)
    from screener.results import site_export

    if out:
        from screener.report.assessment import write_page
        from screener.results.files import atomically

        write_page(found, out, datetime.now().astimezone())
        with atomically(out.with_suffix(".csv")) as stream:
            site_export.write_csv(found, stream)
        console.note(f"{out} and {out.with_suffix('.csv').name} written")
    if as_json:
        console.say(json_line(site_export.document(found)))
        return
    for line in assessing.lines(found):
        console.say(line)


command.add_command(adopting.adopt)
