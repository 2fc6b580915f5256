"""In and out of a hospital: results as DICOM objects that any archive and viewer take.

Patient and study are copied from the source file when an object is made: the store holds no names.
Needs the extra ``pacs``; nothing here is imported by a scan without it.
"""

from __future__ import annotations

from importlib.util import find_spec

from screener.errors import ConfigurationError


def check_network() -> None:
    """Say what to install for speaking with modalities and archives, before any work.

    Raises:
        ConfigurationError: the extra is not there; so it is with the other three.
    """
    check_installed()
    _need("pynetdicom", "speaking DICOM needs")


def check_web() -> None:
    """The same for an archive's DICOMweb."""
    _need("dicomweb_client", "DICOMweb needs")


def check_sharing() -> None:
    """The same for taking patients out of objects."""
    _need("dicomanonymizer", "taking patients out needs")


def check_installed() -> None:
    """The same for making objects."""
    _need("highdicom", "DICOM objects need")


def _need(package: str, what: str) -> None:
    if find_spec(package) is None:
        raise ConfigurationError(f"{what} more packages: pip install 'covid-resnet-screener[pacs]'")
