"""Results written as DICOM objects, a folder for each study: a report, and a picture a film.

What is already there is left as it is: an object's UID says all that is in it. A report names those
of the same study that lie there from before. A study of which none can be made is told, with why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filewriter import dcmwrite
from pydicom.uid import ComprehensiveSRStorage

from screener.pacs.capture import capture
from screener.pacs.report import Maker, structured_report
from screener.pacs.source import Film, LeftOut, films
from screener.reading import dicom
from screener.reading.limits import PixelError
from screener.results.rows import RadiographRow, StudyDetail
from screener.results.selection import ALL, Filter
from screener.results.worklist import Worklist
from screener.study import Band
from screener.whole import in_place_of

REPORT, PICTURE = "SR", "SC"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one study."""

    study: str
    files: tuple[Path, ...] = ()
    """Its objects, those that were there already too."""
    new: int = 0
    left_out: str = ""
    """Why there is none, or why one is missing."""


def write_objects(worklist: Worklist, folder: Path, wanted: Filter = ALL) -> Iterator[Written]:
    """Make the objects of each study that has been looked at, in the order of the worklist.

    Args:
        worklist: of the results.
        folder: to write into; each study gets a folder in it.
        wanted: which studies.

    Raises:
        OSError: a file cannot be written.
    """
    maker = maker_of(worklist)
    for row in worklist.rows(wanted):
        if row.band in (Band.WAITING, Band.OTHER):
            continue
        yield study_objects(worklist, row.key, maker, folder)


def study_objects(worklist: Worklist, key: str, maker: Maker, folder: Path) -> Written:
    """Make the objects of one study, as :func:`write_objects` does."""
    return _study(worklist.study(key), maker, folder / folder_of(key))


def maker_of(worklist: Worklist) -> Maker:
    """What made the results that a worklist shows."""
    run = worklist.latest_run()
    return Maker(worklist.card(), worklist.pipeline, run.finished_at or run.started_at)


def folder_of(key: str) -> str:
    """The name of a study's folder: its key, of which nothing can leave the folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", key).strip(".") or "study"


def _study(detail: StudyDetail, maker: Maker, folder: Path) -> Written:
    with dicom.quiet():  # a warning could quote a name
        try:
            made, missing = made_of(detail, films(detail), maker, folder)
        except LeftOut as error:
            return Written(detail.row.key, left_out=str(error))
        return written(detail.row.key, made, missing)


def written(key: str, made: list[tuple[Dataset, Path]], missing: str) -> Written:
    """Write the objects of a study into their files."""
    new = [_write(one, path) for one, path in made]
    return Written(key, tuple(path for _, path in made), sum(new), missing)


def made_of(
    detail: StudyDetail,
    found: list[Film],
    maker: Maker,
    folder: Path,
    pictured: Collection[Path] | None = None,
) -> tuple[list[tuple[Dataset, Path]], str]:
    """The objects of a study with the files they belong into, and what is missing of them.

    Args:
        detail: the study.
        found: its films.
        maker: of the results.
        folder: of the study's objects.
        pictured: the files of which a picture is made; of all scored ones unless given.
    """
    report = structured_report(detail, found, maker, ())
    path = place_of(folder, REPORT, report)
    if earlier := _earlier(folder, path):
        report = structured_report(detail, found, maker, earlier)
    made: list[tuple[Dataset, Path]] = [(report, path)]
    missing = ""
    scored = [film for film in found if isinstance(film.result, RadiographRow)]
    for number, film in enumerate(scored, 1):
        if pictured is not None and film.result.path not in pictured:
            continue
        try:
            picture = capture(film, detail, maker, number)
        except PixelError as error:
            missing = f"{film.result.path}: no picture: {error.reason}"
            continue
        made.append((picture, place_of(folder, PICTURE, picture)))
    return made, missing


def place_of(folder: Path, kind: str, made: Dataset) -> Path:
    """The file of an object: its kind and the end of its UID."""
    return folder / f"{kind}-{str(made.SOPInstanceUID)[-12:]}.dcm"


def _earlier(folder: Path, path: Path) -> list[Dataset]:
    """The latest report of the study that lies there from before, if this one is new."""
    if path.exists() or not folder.is_dir():
        return []
    there = [one for file in sorted(folder.glob(f"{REPORT}-*.dcm")) if (one := _read(file))]
    there.sort(key=lambda one: (str(one.get("ContentDate")), str(one.get("ContentTime"))))
    return there[-1:]


def _read(path: Path) -> Dataset | None:
    """A report's own data; None for what is none."""
    try:
        with dicom.quiet():
            found = pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, *dicom.DAMAGED):
        return None
    return found if found.get("SOPClassUID") == ComprehensiveSRStorage else None


def _write(made: Dataset, path: Path) -> bool:
    """Write an object whole, unless it is there; whether it was written."""
    if path.exists():
        return False
    content = BytesIO()  # pydicom words a full disk anew
    dcmwrite(content, made, enforce_file_format=True)
    for place in (path.parent.parent, path.parent):
        place.mkdir(parents=True, exist_ok=True)
    with in_place_of(path) as meanwhile:
        meanwhile.write_bytes(content.getbuffer())
    return True
