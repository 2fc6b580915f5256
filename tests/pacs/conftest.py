"""A scan of films in several character sets, and the objects made of it."""

import shutil
from collections import deque

import numpy as np
import pytest

pytest.importorskip("highdicom", reason="the extra 'pacs' is not installed")

from screener.plan import Settings
from screener.reading import pixels
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import scan
from tests import dicoms

NAMES = {
    "latin1": ("ISO_IR 100", "Müller^Jörg"),
    "greek": ("ISO_IR 126", "Διονυσιος"),
    "cyrillic": ("ISO_IR 144", "Люкceмбypг"),
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "unicode": ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
}
"""Examples of PS3.5 annexes H to K."""


@pytest.fixture(scope="session")
def films(phantoms, tmp_path_factory):
    """Phantoms, and one film in each character set."""
    folder = tmp_path_factory.mktemp("films") / "studies"
    shutil.copytree(phantoms, folder)
    gray = pixels.square(pixels.load(phantoms / "02-ground-glass" / "pa.dcm"), 420)
    for number, (name, (charset, person)) in enumerate(NAMES.items()):
        place = folder / "names"
        place.mkdir(exist_ok=True)
        dicoms.write(
            place / f"{name}.dcm", gray.astype(np.uint16), bits=8, SpecificCharacterSet=charset,
            PatientName=person, PatientID=f"NAME-{number}", SOPInstanceUID=f"1.2.3.9.{number}.1",
            StudyInstanceUID=f"1.2.3.9.{number}", SeriesInstanceUID=f"1.2.3.9.{number}.2",
        )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def results(films, tmp_path_factory):
    """Results of a scan with the bundled weights."""
    from screener.network.weights import find

    folder = tmp_path_factory.mktemp("results")
    deque(scan(Settings((films,), folder, find(None, "cpu")), bool), 0)
    return folder


@pytest.fixture
def worklist(results):
    """The worklist of that scan."""
    with Store.reading(results) as store:
        yield Worklist(store)
