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
        ConfigurationError: the extra is not there.
    """
    check_installed()
    if find_spec("pynetdicom") is None:
        raise ConfigurationError(
            "speaking DICOM needs more packages: pip install 'covid-resnet-screener[pacs]'"
        )


def check_web() -> None:
    """Say what to install for an archive's DICOMweb, before any work.

    Raises:
        ConfigurationError: the extra is not there.
    """
    if find_spec("dicomweb_client") is None:
        raise ConfigurationError(
            "DICOMweb needs more packages: pip install 'covid-resnet-screener[pacs]'"
        )


def check_sharing() -> None:
    """Say what to install for taking patients out of objects, before any work.

    Raises:
        ConfigurationError: the extra is not there.
    """
    if find_spec("dicomanonymizer") is None:
        raise ConfigurationError(
            "taking patients out needs more packages: pip install 'covid-resnet-screener[pacs]'"
        )


def check_installed() -> None:
    """Say what to install, before any work.

    Raises:
        ConfigurationError: the extra is not there.
    """
    if find_spec("highdicom") is None:
        raise ConfigurationError(
            "DICOM objects need more packages: pip install 'covid-resnet-screener[pacs]'"
        )
