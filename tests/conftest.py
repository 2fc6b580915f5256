"""Fixtures every test folder shares."""

import os
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def little_room() -> Callable[[int], AbstractContextManager[None]]:
    """Makes a disk on which no file can grow beyond so many bytes, as on a full one."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


posix_only = pytest.mark.skipif(os.name == "nt", reason="signals, pipes, rights of POSIX")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real radiographs beside the checkout, which need not be there."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real radiographs in ../shared/data are not on this machine")
    return folder


@pytest.fixture(scope="session")
def field_cases() -> Path:
    """The folder of synthetic films that once were read wrongly, which need not be there."""
    folder = REPOSITORY.parent / "shared" / "field-cases"
    if not folder.is_dir():
        pytest.skip("the films in ../shared/field-cases are not on this machine")
    return folder


@pytest.fixture(scope="session")
def phantoms() -> Path:
    """The committed synthetic studies."""
    return REPOSITORY / "sample_data" / "studies"


@pytest.fixture(autouse=True, scope="session")
def own_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own settings and key out of the tests, and the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCREENER_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("SCREENER_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        for size in ("COLUMNS", "LINES"):  # of whoever started the tests
            patch.delenv(size, raising=False)
        yield


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small weights that have learnt nothing. Nobody writes into their folder."""
    from sample_data.weights import tiny_weights  # with it comes torch

    folder = tmp_path_factory.mktemp("weights")
    tiny_weights(folder)
    return folder


def free_port():
    """One that no connection of another test is given meanwhile: below those the system gives."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("no port is free")
