"""``screener listen``: radiographs in from a modality, results back into the archive."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import options
from screener.errors import ConfigurationError
from screener.quantities import MANY, Number

if TYPE_CHECKING:
    from screener.pacs.spool import Spool

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("spool", type=_FOLDER)
@options.output_option
@click.option("--aet", default="SCREENER", show_default=True, help="Our AE title.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=11112, show_default=True)
@click.option(
    "--caller", "callers", multiple=True, metavar="AET", help="Who may call; all if none."
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="ADDRESS",
    help="From where one may connect; everywhere if none.",
)
@click.option("--send", "to", metavar="AET@HOST:PORT|URL", help="The archive that results go to.")
@click.option(
    "--quiet",
    type=Number(0, 86_400),
    default=30.0,
    show_default=True,
    help="Seconds without a new object after which a study is scored.",
)
@click.option(
    "--associations",
    type=click.IntRange(1, 128),
    default=8,
    show_default=True,
    help="Most associations at once.",
)
@click.option(
    "--least-free",
    "least_free",
    type=MANY,
    default=1024,
    show_default=True,
    metavar="MB",
    help="Room that stays on the spool's disk.",
)
@click.option("--captures", is_flag=True, help="Take secondary captures, too.")
@click.option("--tls-cert", type=_FILE, help="Our certificate: only encrypted associations.")
@click.option("--tls-key", type=_FILE, help="Its key.")
@click.option(
    "--tls-ca", type=_FILE, help="Whose certificates callers, and the archive, must have."
)
@options.weights_option
@options.device_option
def command(
    spool: Path,
    results: Path,
    aet: str,
    host: str,
    port: int,
    callers: tuple[str, ...],
    peers: tuple[str, ...],
    to: str | None,
    quiet: float,
    associations: int,
    least_free: int,
    captures: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_ca: Path | None,
    weights: str | None,
    device: str,
) -> None:
    """Take radiographs by C-STORE into SPOOL, score each study, send its results to an archive.

    An object is on disk before its sender is told so. SIGTERM and Ctrl-C score and send what has
    come, then end. On loopback unless told otherwise. Research use only.
    """
    from screener import pacs

    pacs.check_network()
    from screener.cli.stop import stoppable
    from screener.network.weights import find
    from screener.pacs import listening, peer, tls
    from screener.pacs.destination import destination
    from screener.pacs.station import Station
    from screener.plan import Settings

    door = listening.Door(
        peer.titled(aet), host, port, callers, peers, associations, captures,
        tls.server(tls_ca, tls_cert, tls_key),
    )  # fmt: skip
    ours = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}
    send = destination(to, door.title, **ours, committed=True) if to else None
    settings = Settings((), results, find(weights, device), device=device)
    kept = _spool(spool, least_free)
    station = Station(spool, settings, spool=kept, quiet=quiet, send=send, say=console.note)
    threading.excepthook = _ended
    with stoppable("finishing what has come; Ctrl-C again breaks off") as stop:
        try:
            server = listening.opened(door, kept, console.note, station.reported)
        except OSError as error:
            raise ConfigurationError(f"{host}:{port}: {error.strerror}; choose another") from None
        console.note(f"listening as {door.title} on {host}:{server.server_address[1]}")
        try:
            station.run(stop.is_set)
        finally:
            server.shutdown()
            server.server_close()
    console.note("ended; what waits is kept")


def _ended(ended: threading.ExceptHookArgs) -> None:
    """A thread of an association that its peer broke; the listener and the others go on."""
    console.note(f"an association was broken off out of turn ({ended.exc_type.__name__})")


def _spool(folder: Path, least_free: int) -> Spool:
    from screener.pacs.spool import Spool

    try:
        return Spool(folder, least_free << 20)
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}; choose another folder") from None
