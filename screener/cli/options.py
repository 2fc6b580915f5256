"""Options that several commands share, and the opening of a results folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import locations
from screener.study import Band

if TYPE_CHECKING:
    from screener.results.worklist import Worklist

_FOLDER = click.Path(file_okay=False, path_type=Path)

results_argument = click.argument(
    "results", metavar="[DIR]", type=_FOLDER, default=locations.RESULTS
)
"""The results folder, where a command has no other argument."""

results_option = click.option(
    "--results",
    metavar="DIR",
    type=_FOLDER,
    default=locations.RESULTS,
    show_default=True,
    help="The results folder.",
)

bands_option = click.option(
    "--band",
    "bands",
    type=click.Choice(list(Band), case_sensitive=False),
    multiple=True,
    help="Only this band; may be repeated.",
)

weights_option = click.option(
    "--weights",
    metavar="NAME|DIR",
    help="Bundled weights by name, or a folder of weights; 'screener weights list' shows what "
    "there is.  [default: those that suit the device]",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def opened(results: Path) -> Iterator[Worklist]:
    """The worklist of a results folder.

    Raises:
        StoreNotFoundError: there are no results in it.
    """
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    with Store.open(results) as store:
        yield Worklist(store)
