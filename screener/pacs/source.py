"""The films of a study as their files say it, read when an object is made of them.

Patient and study are believed only while all files of the study agree, and a file only while it is
the one that was scored. Reads headers, never pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from screener.digest import digest_of_file
from screener.errors import ScreenerError
from screener.reading import dicom
from screener.results.worklist import RadiographRow, StudyDetail
from screener.study import Refusal

PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence",
    "TypeOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex",
    "OtherPatientIDsSequence", "QualityControlSubject", "PatientSpeciesDescription",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
)  # fmt: skip
STUDY = (
    "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "StudyID", "StudyDescription",
    "PatientAge", "PatientSize", "PatientWeight", "LongitudinalTemporalInformationModified",
)  # fmt: skip
"""What goes from a film into every object that is made of it (PS3.3 C.7.1.1, C.7.2)."""
IMAGE = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC", "SOPClassUID", "SOPInstanceUID",
    "SeriesInstanceUID", "Modality", "Rows", "Columns", "PatientOrientation", "Laterality",
    "ImageLaterality", "BodyPartExamined", "QualityControlImage",
)  # fmt: skip

_TAGS = tuple(tag for word in (*PATIENT, *STUDY, *IMAGE) if (tag := tag_for_keyword(word)))
_NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "StudyID",
)  # fmt: skip
"""Of type 2: there, if empty."""
_SEXES = ("M", "F", "O", "")


class LeftOut(ScreenerError):  # noqa: N818 (a fact about a study, not a fault of the program)
    """A study of which no object can be made, and why."""


@dataclass(frozen=True, slots=True)
class Film:
    """A file of a study: what became of it, and its header."""

    result: RadiographRow | Refusal
    header: Dataset


def films(detail: StudyDetail) -> list[Film]:
    """The DICOM files of a study, scored ones first; at least one.

    Raises:
        LeftOut: a file is not DICOM, is gone or has changed, lacks a UID, or the files do not
            belong to one study of one patient.
    """
    found: Sequence[RadiographRow | Refusal] = (*detail.radiographs, *detail.refusals)
    read = [Film(one, _header(one)) for one in found]
    if not read:
        raise LeftOut(f"{detail.row.key}: none of its files has been looked at yet")
    for film in read[1:]:
        for word in ("StudyInstanceUID", "PatientID"):
            if film.header.get(word) != read[0].header.get(word):
                raise LeftOut(f"{film.result.path}: {word} is not that of the study's other files")
    return read


def _header(result: RadiographRow | Refusal) -> Dataset:
    path = result.path
    if isinstance(result, RadiographRow) and "." not in result.transfer_syntax:
        raise LeftOut(f"{path}: not a DICOM file; there is no DICOM study to put a result into")
    try:
        if result.digest and digest_of_file(path) != result.digest:
            raise LeftOut(f"{path}: has changed since it was looked at; scan it again")
        with dicom.quiet():
            header, _ = dicom.read_header(path, _TAGS)
            header.decode()  # of the character set that the file declares
    except dicom.DAMAGED as error:
        raise LeftOut(f"{path}: {dicom.damage(error, 'its header')}") from None
    for word in _NEEDED:
        if not header.get(word):
            raise LeftOut(f"{path}: has no {word}; an archive could not file a result of it")
    return _completed(header)


def _completed(header: Dataset) -> Dataset:
    """With empty elements where none are, and the sex as the standard has it."""
    for word in _EMPTY:
        if word not in header or header[word].value is None:
            setattr(header, word, "")
    if header.PatientSex not in _SEXES:
        header.PatientSex = "O"
    return header
