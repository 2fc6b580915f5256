"""The worklist on screen: how long it takes to open, and how long a cursor key takes.

    python -m benchmarks.review [--studies 100000] [--keys 300]

Promised, with 1,000,000 studies: first rows within 1 s, a key within 50 ms at the 95th percentile.
Beside it stands a plain DataTable with the same rows. Both run through Textual's Pilot at 120 x 36,
and the review once more at 160 x 48 beside films of 2000 x 2000 px that follow the cursor, within
30 ms. A key is timed from the press until the moved cursor is written to the terminal, whatever
else is read and drawn at that moment. (Pilot itself then waits some 50 ms for the app to be idle;
that is not counted.)
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import RenderableType
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import DataTable

from sample_data.phantom import Variant, expose
from sample_data.results import build_results
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.tui.app import ReviewApp
from screener.tui.worklist.columns import COLUMNS
from screener.tui.worklist.table import StudyTable

SIZE, WIDE = (120, 36), (160, 48)
WITH_FILMS = 200
"""Studies from the top, and as many from the end, whose films are there to be shown."""
PATTERN = ("j",) * 40 + ("pagedown",) + ("k",) * 5 + ("pageup",) + ("end", "home")


Times = list[tuple[float, float]]
"""Of each key, by the clock and by the processor."""


class Drawing(App[None]):
    """An app that knows when it first drew the cursor where it is."""

    drawn = 0.0
    before = -1

    async def first(self) -> float:
        """When the first rows stood on the screen."""
        while not self.drawn:
            await asyncio.sleep(0.001)
        return self.drawn

    @property
    def line(self) -> int:
        """The line that the cursor is on; -1 where there is none yet."""
        raise NotImplementedError

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if not self.drawn and self.line != self.before:
            self.drawn = time.perf_counter()


class VirtualTable(Drawing, ReviewApp):
    """The review as it is."""

    @property
    def line(self) -> int:
        """The line that the cursor is on."""
        (table,) = self.screen.query(StudyTable) or (None,)
        return table.cursor if table and table.region.height and table.row else -1


class PlainTable(Drawing):
    """What one would write first: a DataTable filled with every row."""

    BINDINGS = [("j", "down"), ("k", "up")]  # noqa: RUF012

    def __init__(self, results: Path) -> None:
        super().__init__()
        self._results = results

    def compose(self) -> ComposeResult:
        """The table."""
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Add every row."""
        table = self.query_one(DataTable)
        table.add_columns(*(column.title for column in COLUMNS))
        with Store.open(self._results) as store:
            for row in Worklist(store).rows():
                cells = (column.cell(row) for column in COLUMNS)
                table.add_row(*("".join(text for text, _ in cell) for cell in cells))
        table.focus()

    @property
    def line(self) -> int:
        """The line that the cursor is on."""
        table = self.query_one(DataTable)
        return table.cursor_row if table.region.height and table.row_count else -1

    def action_down(self) -> None:
        """Down."""
        self.query_one(DataTable).action_cursor_down()

    def action_up(self) -> None:
        """Up."""
        self.query_one(DataTable).action_cursor_up()


async def measure(
    app: Drawing, keys: Sequence[str], size: tuple[int, int] = SIZE
) -> tuple[float, Times]:
    """Seconds until the first rows stand on the screen, and of each key."""
    started = time.perf_counter()
    async with app.run_test(size=size) as pilot:
        opened = await app.first() - started
        await app.workers.wait_for_complete()
        await pilot.pause()
        pressed = [await _press(app, pilot, key) for key in keys]
        return opened, [times for times in pressed if times]


async def _press(app: Drawing, pilot: Pilot[None], key: str) -> tuple[float, float] | None:
    app.drawn, app.before = 0.0, app.line
    clock, processor = time.perf_counter(), time.process_time()
    await pilot.press(key)
    return (app.drawn - clock, time.process_time() - processor) if app.drawn else None


def line(name: str, studies: int, opened: float, keys: Times) -> str:
    """A row of the table."""
    clock, processor = ([1000 * time for time in times] for times in zip(*keys, strict=True))
    return (
        f"| {name} | {studies:,} | {opened:.2f} | {statistics.median(clock):.0f} "
        f"| {_p95(clock):.0f} | {max(clock):.0f} | {_p95(processor):.0f} |"
    )


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _keys(number: int) -> Iterator[str]:
    for index in range(number):
        yield PATTERN[index % len(PATTERN)]


def add_films(results: Path, film: Path) -> None:
    """Put a film where the studies that the keys lead to have theirs."""
    levels = expose(Variant.GROUND_GLASS, 1, (2000, 2000)) * 65535
    Image.fromarray(levels.astype(np.uint16)).save(film)
    with Store.open(results) as store:
        worklist = Worklist(store)
        ends = (0, max(0, worklist.count() - WITH_FILMS))
        for row in (row for start in ends for row in worklist.page(Filter(), start, WITH_FILMS)):
            for radiograph in worklist.study(row.key).radiographs:
                radiograph.path.parent.mkdir(parents=True, exist_ok=True)
                radiograph.path.unlink(missing_ok=True)
                radiograph.path.symlink_to(film)


def main() -> None:
    """Build the results unless they are given, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--plain", type=int, default=10_000, help="rows of the plain table")
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--results", type=Path, help="a results folder built before")
    chosen = parser.parse_args()
    keys = list(_keys(chosen.keys))
    print("| table | studies | open, s | key p50, ms | key p95, ms | key max, ms | CPU p95, ms |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        big = chosen.results or build_results(Path(folder, "big"), chosen.studies, with_maps=False)
        opened, times = asyncio.run(measure(VirtualTable(big, "benchmark"), keys))
        with Store.open(big) as store:
            studies = Worklist(store).count()
        print(line("screener review", studies, opened, times), flush=True)
        add_films(big, Path(folder, "film.png"))
        opened, times = asyncio.run(measure(VirtualTable(big, "benchmark"), keys, WIDE))
        print(line("the same, film beside", studies, opened, times), flush=True)
        small = build_results(Path(folder, "small"), chosen.plain, with_maps=False)
        opened, times = asyncio.run(measure(PlainTable(small), keys[:100]))
        print(line("plain DataTable", chosen.plain, opened, times))


if __name__ == "__main__":
    main()
