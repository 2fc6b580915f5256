"""Fixtures every test folder shares."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real radiographs beside the checkout, which need not be there."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real radiographs in ../shared/data are not on this machine")
    return folder


@pytest.fixture(scope="session")
def phantoms() -> Path:
    """The committed synthetic studies."""
    return REPOSITORY / "sample_data" / "studies"
