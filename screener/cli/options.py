"""Options that several commands share, and the opening of a results folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from screener import console, locations, remote
from screener.study import Band, Maps

if TYPE_CHECKING:
    from screener.plan import Settings
    from screener.results.worklist import Worklist

Command = Callable[..., None]


class FolderAnywhere(click.Path):
    """A folder or file that is there: of this machine, or an address such as s3://bucket/prefix."""

    def __init__(self) -> None:
        """Take only what exists."""
        super().__init__(exists=True, path_type=Path)

    def convert(
        self,
        value: Any,  # noqa: ANN401 (as click has it)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """The path, which is asked for once if it is far away."""
        if not remote.is_remote(os.fspath(value)):
            return super().convert(value, param, ctx)
        if remote.has_secret(value):
            self.fail("an address must not name a password; give it in the environment", param, ctx)
        path = remote.place(value)
        try:
            path.stat()
        except OSError as error:
            self.fail(f"{value}: {error.strerror or error}", param, ctx)
        return path


_FOLDER = click.Path(file_okay=False, path_type=Path)

results_option = click.option(
    "--results",
    metavar="DIR",
    type=_FOLDER,
    default=locations.RESULTS,
    show_default=True,
    help="The results folder.",
)


def results_folder(command: Command) -> Command:
    """The results folder as ``results``: DIR at the end, or ``--results DIR``, in every command."""

    @click.argument("folder", metavar="[DIR]", required=False, type=_FOLDER)
    @results_option
    @wraps(command)
    def taking(*, folder: Path | None, results: Path, **options: Any) -> None:  # noqa: ANN401
        if folder and is_given("results"):
            raise click.UsageError("Give the results folder once: DIR or --results DIR.")
        command(results=folder or results, **options)

    return taking


def folder_alone(word: str | None) -> Path | None:
    """The folder that stands where STUDY would, in a command that needs no STUDY."""
    if not word or is_given("folder") or is_given("results"):
        return None
    return Path(word)


def is_given(name: str) -> bool:
    """Whether a parameter of the running command was given by its user."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


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

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the network runs; 'screener info' explains the choice.",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "torch", "onnx"]),
    default="auto",
    show_default=True,
    help="What computes; auto takes onnx on a CPU where it is installed.",
)

output_option = click.option(
    "-o",
    "--output",
    "--results",
    "results",
    metavar="DIR",
    type=_FOLDER,
    default=locations.RESULTS,
    show_default=True,
    help="The results folder; the same command again goes on where it stopped.",
)

group_option = click.option(
    "--group",
    type=click.Choice(["auto", "folder", "file"]),
    default="auto",
    show_default=True,
    help="What is one study among PNG and JPEG files.",
)

identify_option = click.option(
    "--identify",
    type=click.Choice(["none", "id", "full"]),
    default="none",
    show_default=True,
    help="What of patients is kept and shown beside a pseudonym.",
)

maps_option = click.option(
    "--maps",
    type=click.Choice([kind.value for kind in Maps]),
    default=Maps.PROVEN.value,
    show_default=True,
    help="Maps of PRIORITY and ELEVATED radiographs; only proven ones are drawn.",
)

no_report_option = click.option("--no-report", is_flag=True, help="Write no report.pdf.")


def scan_settings(weights: str | None, **options: Any) -> Settings:  # noqa: ANN401
    """The settings of a scan from a command's options, which have the names of its fields.

    Raises:
        WeightsError: there are no such weights.
    """
    from screener.network.weights import find
    from screener.plan import Settings
    from screener.reading.grouping import GroupBy

    options["group"] = GroupBy(options["group"])
    options["maps"] = Maps(options["maps"])
    return Settings(weights=find(weights, options["device"]), **options)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def destination(out: Path) -> Iterator[Path]:
    """The file to write, named at the end; for "-" one that goes to stdout once it is whole."""
    if str(out) != "-":
        yield out
        console.say(str(out))
        return
    import sys
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        yield whole
        with whole.open("rb") as stream:
            copyfileobj(stream, sys.stdout.buffer)


@contextmanager
def opened(results: Path) -> Iterator[Worklist]:
    """The worklist of a results folder, to read.

    Raises:
        StoreNotFoundError: there are no results in it.
        StoreError: they cannot be read.
    """
    from screener.results.store import Store
    from screener.results.worklist import Worklist

    with Store.reading(results) as store:
        yield Worklist(store)
