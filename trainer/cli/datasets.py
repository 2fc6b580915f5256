"""Options of the commands that judge: which images, which split of them, and where to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from screener.quantities import SEED, Number

if TYPE_CHECKING:
    from trainer.manifest import Entry

EXISTING = click.Path(exists=True, path_type=Path)


def judging_options(*splits: str, output: str) -> Callable[[Any], Any]:
    """Add ``--data``, ``--split``, ``--fraction``, ``--seed``, ``--output`` and ``--json``.

    Args:
        splits: that can be judged, the default first.
        output: folder that is written to unless told otherwise.
    """
    options = (
        click.option(
            "--data", type=EXISTING, multiple=True, required=True,
            help="A manifest or its folder; may be given several times.",
        ),
        click.option("--split", type=click.Choice(splits), default=splits[0], show_default=True),
        click.option(
            "--fraction", default=0.1, show_default=True, type=Number(0, 0.5),
            help="Share of training patients to validate with, where a manifest has no split.",
        ),
        click.option(
            "--seed", default=0, show_default=True, type=SEED, help="Of that validation split."
        ),
        click.option(
            "-o", "--output", type=click.Path(file_okay=False, path_type=Path),
            default=Path(output), show_default=True,
        ),
        click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON."),
    )  # fmt: skip

    def add(function: Any) -> Any:  # noqa: ANN401 (as click's own decorators)
        for option in reversed(options):
            function = option(function)
        return function

    return add


def read_entries(data: tuple[Path, ...], fraction: float, seed: int) -> list[Entry]:
    """The entries of some manifests, each with a validation split.

    Raises:
        ConfigurationError: all errors of all manifests.
    """
    from trainer.manifest import read_manifests, with_validation

    return with_validation(read_manifests(data), fraction, seed)
