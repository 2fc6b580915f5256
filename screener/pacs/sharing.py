"""Scored films and their results without the patient, a folder for each study: for others' eyes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, SecondaryCaptureImageStorage

from screener.digest import digest_of_file
from screener.pacs import objects
from screener.pacs.profile import Profile
from screener.pacs.report import Maker
from screener.pacs.source import Film, LeftOut, films
from screener.reading import dicom
from screener.remote import near
from screener.results.rows import RadiographRow, StudyDetail
from screener.results.selection import ALL, Filter
from screener.results.worklist import Worklist
from screener.study import Band

IMAGE = "IM"


def write_shared(
    worklist: Worklist,
    folder: Path,
    profile: Profile,
    *,
    annotated: bool = False,
    wanted: Filter = ALL,
) -> Iterator[objects.Written]:
    """Write the scored films of each study with report and pictures, all without the patient.

    Args:
        worklist: of the results.
        folder: to write into; each study gets a folder in it.
        profile: takes the patient out.
        annotated: also films that say text is burned into them, and secondary captures.
        wanted: which studies.

    Raises:
        OSError: a file cannot be written.
    """
    maker = objects.maker_of(worklist)
    for row in worklist.rows(wanted):
        if row.band not in (Band.WAITING, Band.OTHER):
            yield _study(worklist.study(row.key), maker, profile, folder, annotated=annotated)


def _study(
    detail: StudyDetail, maker: Maker, profile: Profile, folder: Path, *, annotated: bool
) -> objects.Written:
    key = detail.row.key
    patient = detail.row.pseudonym or key
    place = folder / objects.folder_of(profile.uid(key).rpartition(".")[2])
    try:
        with dicom.quiet():
            found = [
                Film(film.result, profile.applied(film.header, patient)) for film in films(detail)
            ]
            images, left_out = _images(found, patient, profile, annotated=annotated)
            made, missing = objects.made_of(_unsigned(detail), found, maker, place, images)
            made += [(one, objects.place_of(place, IMAGE, one)) for one in images.values()]
    except LeftOut as error:
        return objects.Written(key, left_out=str(error))
    return objects.written(key, made, left_out or missing)


def _unsigned(detail: StudyDetail) -> StudyDetail:
    """The study with its verdicts, without who gave them and what they wrote."""
    numbers = {
        name: n for n, name in enumerate(dict.fromkeys(r.reviewer for r in detail.reviews), 1)
    }
    reviews = tuple(
        replace(one, reviewer=f"reviewer {numbers[one.reviewer]}", comment="", reason="")
        for one in detail.reviews
    )
    return replace(detail, reviews=reviews)


def _images(
    found: list[Film], patient: str, profile: Profile, *, annotated: bool
) -> tuple[dict[Path, Dataset], str]:
    """The scored films without the patient, by their files; and why one is not among them."""
    made: dict[Path, Dataset] = {}
    left_out = ""
    for film in found:
        if not isinstance(film.result, RadiographRow):
            continue
        path = film.result.path
        source = _whole(film.result)
        if why := "" if annotated else _burned_in(source):
            left_out = f"{path}: {why}; left out without --annotated"
            continue
        image = profile.applied(source, patient)
        image.file_meta = _meta(film.result, image)
        made[path] = image
    if left_out and not made:
        raise LeftOut(left_out)
    return made, left_out


def _whole(result: RadiographRow) -> FileDataset:
    try:
        with near(result.path) as film:
            found = dcmread(film, force=True)  # some have no preamble
            digest = digest_of_file(film)
        if digest != result.digest:
            raise LeftOut(f"{result.path}: has changed since it was looked at; scan it again")
    except dicom.DAMAGED as error:
        raise LeftOut(f"{result.path}: {dicom.damage(error, 'its elements')}") from None
    return found


def _burned_in(source: Dataset) -> str:
    if source.get("BurnedInAnnotation") == "YES":
        return "says that text is burned into it"
    if source.get("RecognizableVisualFeatures") == "YES":
        return "says that a person can be recognised in it"
    if source.get("SOPClassUID") == SecondaryCaptureImageStorage:
        return "a secondary capture, which may show text"
    return ""


def _meta(result: RadiographRow, image: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(result.transfer_syntax)
    meta.MediaStorageSOPClassUID = image.SOPClassUID
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    return meta
