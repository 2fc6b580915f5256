"""Read one file's header into a Radiograph, or refuse it with a reason.

No pixel is decoded here and no exception leaves: what cannot be read is a refusal. Names and
numbers are taken as facts of the radiograph; whether they may be shown is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from PIL import Image
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from screener.reading import age, dicom, gate
from screener.reading.folder import FoundFile
from screener.reading.limits import PixelError, check_depth, check_sides
from screener.reading.sniff import Kind
from screener.study import MAX_PIXELS, Outcome, Patient, Projection, Radiograph, Refusal

_WORDS = (
    "SpecificCharacterSet", "SOPClassUID", "Modality", "PresentationIntentType",
    "SeriesDescription", "StudyInstanceUID", "PatientID", "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "PatientName", "PatientBirthDate", "PatientSex",
    "PatientAge", "PatientSpeciesDescription", "PatientSpeciesCodeSequence",
    "PatientBreedDescription", "PatientSexNeutered", "AccessionNumber", "AcquisitionDateTime",
    "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "SeriesDate",
    "SeriesTime", "StudyDate", "StudyTime", "BodyPartExamined", "AnatomicRegionSequence",
    "ViewPosition", "ViewCodeSequence", "PatientOrientation", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "QualityControlImage", "PerformedProcedureStepStartDate",
    "DateOfSecondaryCapture", "InstanceCreationDate",
)  # fmt: skip

TAGS = tuple(int(Tag(word)) for word in _WORDS)
"""The elements read, and no others."""

_PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
"""Transfer syntaxes whose pixels take up as many bytes as they are."""

_NO_UID = re.compile(r"[0.\s]*|\d{1,3}|none|null|unknown|n/?a", re.IGNORECASE)
"""What is written for a StudyInstanceUID by programs that have none: it is nobody's own."""

MOST_BITS = 64
"""Of one value."""


def read(found: FoundFile, *, max_pixels: int = MAX_PIXELS) -> Radiograph | Refusal:
    """Read a file's header and judge it.

    Args:
        found: a file as the walk found it.
        max_pixels: most rows x columns that may be declared.

    Returns:
        A radiograph that is worth decoding, or the refusal of what is not.
    """
    is_dicom = found.kind in (Kind.DICOM, Kind.BARE_DICOM)
    try:
        with dicom.quiet():
            return (_dicom if is_dicom else _raster)(found, max_pixels)
    except PixelError as error:
        return _refusal(found, error.outcome, error.reason)
    except dicom.DAMAGED as error:
        return _refusal(found, Outcome.UNREADABLE, dicom.damage(error, "the header's elements"))


def _refusal(found: FoundFile, outcome: Outcome, reason: str, study_key: str = "") -> Refusal:
    return Refusal(found.path, outcome, reason, study_key or found.label)


def _dicom(found: FoundFile, max_pixels: int) -> Radiograph | Refusal:
    dataset, has_pixels = dicom.read_header(found.path, TAGS)
    if not dataset.keys():
        return _refusal(found, Outcome.UNREADABLE, "it begins like DICOM, but nothing follows")
    study_key, patient = _study_key(dataset) or found.label, _patient(dataset)
    if refused := gate.refuse(dataset):
        return replace(_refusal(found, *refused, study_key), patient=patient)
    try:
        _check_pixels(dataset, found.size, has_pixels=has_pixels, max_pixels=max_pixels)
    except PixelError as error:
        refusal = _refusal(found, error.outcome, error.reason, study_key)
        return replace(refusal, patient=patient)
    rows, columns = dicom.size_of(dataset)
    return Radiograph(
        path=found.path,
        study_key=study_key,
        patient_id=patient.number,
        patient_name=patient.name,
        accession=_text(dataset, "AccessionNumber"),
        taken_at=_taken_at(dataset),
        patient_age=patient.age,
        patient_sex=patient.sex,
        projection=gate.projection(dataset),
        photometric=_text(dataset, "PhotometricInterpretation").upper(),
        transfer_syntax=_syntax(dataset),
        rows=rows,
        columns=columns,
        bits_stored=_bits_stored(dataset),
        size=found.size,
        mtime_ns=found.mtime_ns,
        phantom=_text(dataset, "QualityControlImage") == "YES",
        issuer=patient.issuer,
    )


def _study_key(dataset: FileDataset) -> str:
    """The StudyInstanceUID without "/", which marks a path; "" for one that means nothing."""
    uid = _text(dataset, "StudyInstanceUID").replace("/", "|")
    return "" if _NO_UID.fullmatch(uid) else uid


def _patient(dataset: FileDataset) -> Patient:
    return Patient(
        number=_text(dataset, "PatientID"),
        issuer=_issuer(dataset),
        name=_text(dataset, "PatientName"),
        age=_age(dataset),
        sex=_sex(dataset),
    )


def _issuer(dataset: FileDataset) -> str:
    """Who gave the PatientID, by name or else by its universal identifier."""
    items = dataset.get("IssuerOfPatientIDQualifiersSequence") or ()
    universal = (_text(item, "UniversalEntityID") for item in items)
    return _text(dataset, "IssuerOfPatientID") or next(filter(None, universal), "")


def _bits_stored(dataset: FileDataset) -> int:
    """Bits of a value, 0 where the header says nothing that an image can have."""
    for word in ("BitsStored", "BitsAllocated"):
        bits = dicom.whole_number(dataset, word)
        if bits and 0 < bits <= MOST_BITS:
            return bits
    return 0


def _check_pixels(
    dataset: FileDataset, file_size: int, *, has_pixels: bool, max_pixels: int
) -> None:
    """Hold the declared size against the limits and against the file."""
    if not has_pixels:
        raise PixelError(Outcome.UNREADABLE, "the header is there, but no pixels follow it")
    rows, columns = dicom.size_of(dataset)
    check_sides(rows, columns, max_pixels)
    if dataset.file_meta.TransferSyntaxUID in _PLAIN:
        needed = rows * columns * (dicom.whole_number(dataset, "BitsAllocated") or 8) // 8
        if needed > file_size:
            reason = f"{needed} bytes of pixels are declared, but the file has {file_size} in all"
            raise PixelError(Outcome.UNREADABLE, reason)


def _raster(found: FoundFile, max_pixels: int) -> Radiograph:
    with (
        dicom.watched(found.path) as file,
        Image.open(file, formats=("PNG", "JPEG")) as image,
    ):
        check_sides(image.height, image.width, max_pixels)
        check_depth(image)
        if found.kind is Kind.PNG and getattr(image, "n_frames", 1) > 1:
            raise PixelError(Outcome.UNSUITABLE, "an animation, not one radiograph")
        columns, rows = image.size
        mode = image.mode
    return Radiograph(
        path=found.path,
        study_key=found.label,
        patient_id="",
        patient_name="",
        accession="",
        taken_at=None,
        patient_age=None,
        patient_sex="",
        projection=Projection.UNKNOWN,
        photometric=mode,
        transfer_syntax=found.kind.value,
        rows=rows,
        columns=columns,
        bits_stored=16 if mode.startswith("I") else 8,
        size=found.size,
        mtime_ns=found.mtime_ns,
    )


def _text(dataset: Dataset, word: str) -> str:
    """A value as one line without control characters, which could steer a terminal."""
    value = str(dicom.value_of(dataset, word) or "")
    if value.isprintable():
        return value.strip()
    return "".join(letter for letter in value if letter.isprintable()).strip()


def _sex(dataset: FileDataset) -> str:
    sex = _text(dataset, "PatientSex").upper()
    return sex if sex in ("M", "F", "O") else ""


def _taken_at(dataset: FileDataset) -> datetime | None:
    """When it was acquired, or else when the study began."""
    moment = _text(dataset, "AcquisitionDateTime")
    if taken_at := age.moment(moment[:8], moment[8:14]):
        return taken_at
    for event in ("Acquisition", "Content", "Series", "Study"):
        day, time = _text(dataset, f"{event}Date"), _text(dataset, f"{event}Time")
        if taken_at := age.moment(day, time):
            return taken_at
    return None


def _age(dataset: FileDataset) -> float | None:
    """The least age that anything in the header says: a child must not be lost."""
    stated = age.stated("\\".join(gate.values_of(dataset, "PatientAge")))
    return min(
        (one for one in (stated, *_ages_on(dataset, _DAYS_OF)) if one is not None),
        default=min(_ages_on(dataset, _LATER_DAYS), default=None),
    )


def _ages_on(dataset: FileDataset, events: Iterable[str]) -> Iterator[float]:
    """The ages at some dates of the header, where they and the birth are known."""
    born = _text(dataset, "PatientBirthDate")
    for day in {age.moment(_text(dataset, event)[:10], "") for event in events} if born else ():
        if day and (years := age.between(born, day.date())) is not None:
            yield years


_DAYS_OF = (
    "AcquisitionDateTime", "AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate",
)  # fmt: skip
_LATER_DAYS = (
    "PerformedProcedureStepStartDate", "DateOfSecondaryCapture", "InstanceCreationDate",
)  # fmt: skip
"""What is only asked where no date of the film is there: a file may be made much later."""


def _syntax(dataset: FileDataset) -> str:
    """The transfer syntax, where it is one: an identifier could hold anything."""
    uid = UID(_text(dataset.file_meta, "TransferSyntaxUID"))
    return str(uid) if uid.name != uid else "unknown"
