"""``screener watch``: scan folders whenever something in them is new and has settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screener import console
from screener.cli import options as shared
from screener.cli import outputs
from screener.errors import ConfigurationError, NothingFoundError, StoreBusyError
from screener.events import FilesCompared
from screener.quantities import Number
from screener.text import plural

if TYPE_CHECKING:
    from screener.plan import Settings
    from screener.reading.watching import Settling, Watcher

PULSE = 0.5
"""Seconds between two looks at what is in motion."""
AGAIN = 900.0
"""Seconds after which all is looked through even if nothing told of a change: tells can be lost."""


@click.command()
@click.argument(
    "folders",
    metavar="FOLDER...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@shared.output_option
@shared.weights_option
@shared.device_option
@shared.engine_option
@shared.group_option
@shared.identify_option
@shared.maps_option
@click.option(
    "--quiet",
    type=Number(0, 86_400),
    default=5.0,
    show_default=True,
    help="Seconds that a file's size must stand still before it is taken.",
)
@click.option(
    "--poll",
    type=Number(0, 86_400, min_open=True),
    metavar="SECONDS",
    help="Look every so often instead of being told by the file system.  [default: 10 on network "
    "shares]",
)
@shared.no_report_option
def command(
    *,
    weights: str | None,
    quiet: float,
    poll: float | None,
    no_report: bool,
    **options: Any,  # noqa: ANN401 (fields of Settings by their names)
) -> None:
    """Scan FOLDER..., and again whenever files come or change, until Ctrl-C or SIGTERM.

    A file is taken once its size stands still and its header can be read. Research use only.
    """
    if find_spec("watchdog") is None:
        raise ConfigurationError(
            "watching needs one more package: pip install 'covid-resnet-screener[pacs]'"
        )
    from screener.cli.stop import stoppable
    from screener.reading.watching import Settling, Watcher

    settling = Settling(quiet)
    settings = shared.scan_settings(weights, not_yet=settling.is_moving, **options)
    with stoppable("finishing the batch in work; Ctrl-C again breaks off") as stop:
        watcher = Watcher(settings.folders, settings.results, poll=poll, say=console.note)
        try:
            _Watch(settings, settling, watcher, stop.is_set, with_report=not no_report).run()
        finally:
            watcher.stop()
    console.note("ended; the same command goes on from here")


class _Watch:
    """Scans, and waits for a reason to scan again."""

    def __init__(
        self,
        settings: Settings,
        settling: Settling,
        watcher: Watcher,
        stop: Callable[[], bool],
        *,
        with_report: bool,
    ) -> None:
        self._settings, self._settling, self._watcher = settings, settling, watcher
        self._stop, self._with_report = stop, with_report
        self._said = ""
        self._wanted = True

    def run(self) -> None:
        """Until asked to stop; no more than half of the time is spent on scans."""
        took = ended = 0.0
        while not self._stop():
            self._look()
            began = time.monotonic()
            if self._all_there() and began - ended >= (took if self._wanted else AGAIN):
                self._wanted = not self._scanned()
                ended = time.monotonic()
                took = ended - began
            time.sleep(PULSE)

    def _look(self) -> None:
        for path in self._watcher.changed():
            self._settling.touch(path)
        self._wanted |= bool(self._settling.settled())

    def _all_there(self) -> bool:
        if gone := self._watcher.missing():
            self._say_once(f"{gone}: is not there; waiting for it")
            self._wanted = True
        return not gone

    def _scanned(self) -> bool:
        """Scan once; whether that could be done."""
        from screener.scan import scan

        try:
            with closing(scan(self._settings, self._stop)) as events:
                for event in events:
                    if isinstance(event, FilesCompared):
                        found = event
            if not self._stop() and (self._wanted or found.new):
                self._write(found)
        except NothingFoundError:
            self._say_once("no files yet")
        except StoreBusyError as error:
            self._say_once(str(error))
            return False
        return True

    def _write(self, found: FilesCompared) -> None:
        outputs.write(self._settings.results, with_report=self._with_report)
        gone = f", {found.gone:,} gone" if found.gone else ""
        self._say_once(f"{plural(found.new, 'file')} new, {found.known:,} known{gone}")

    def _say_once(self, words: str) -> None:
        if words != self._said:
            console.note(f"{time.strftime('%H:%M:%S')} {words}")
        self._said = words
