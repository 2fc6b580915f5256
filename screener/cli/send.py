"""``screener send``: DICOM objects into an archive, once."""

from __future__ import annotations

from pathlib import Path

import click

from screener import console
from screener.console import ExitCode
from screener.errors import ConfigurationError
from screener.text import plural

MOST_TOLD = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to", "to", metavar="AET@HOST:PORT|URL", required=True, help="The archive, or its DICOMweb."
)
@click.option("--aet", default="SCREENER", show_default=True, help="Our own AE title.")
@click.option(
    "--tls-ca", type=click.Path(exists=True, path_type=Path), help="Certificates to trust."
)
@click.option("--tls-cert", type=click.Path(exists=True, path_type=Path), help="Our certificate.")
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), help="Its key.")
def command(
    paths: tuple[Path, ...],
    to: str,
    aet: str,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Send the DICOM files in PATHS... to an archive, by C-STORE or to the URL of its DICOMweb.

    Folders are gone through. What the archive does not take is told, and ends with exit code 3.
    """
    from screener import pacs

    pacs.check_network()
    from screener.pacs import peer
    from screener.pacs.destination import destination

    files = sorted(file for path in paths for file in _files(path))
    if not files:
        raise ConfigurationError(f"{paths[0]}: no .dcm file here; name the folder they are in")
    send = destination(to, peer.titled(aet), ca=tls_ca, cert=tls_cert, key=tls_key)
    failed = 0
    for sent in send(files):
        if sent.failure:
            failed += 1
            if failed <= MOST_TOLD:
                console.warn(sent.failure)
    console.note(f"{plural(len(files) - failed, 'object')} sent, {failed} not")
    if failed:
        console.end(ExitCode.REFUSALS)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [file for file in path.rglob("*.dcm") if file.is_file()]
