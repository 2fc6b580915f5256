"""Whether a DICOM header is that of one frontal chest radiograph, and if not, why not.

Pure functions over a dataset. A reason quotes nothing but values of the fixed lists of
:mod:`screener.reading.words`, for a name can stand in any element; free text is looked at but
never repeated. What the header leaves open is let through: the pixels are judged later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from screener.reading import dicom, words
from screener.study import Outcome, Projection

_RADIOGRAPHY_CLASSES = ("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1")
"""CR Image Storage, and Digital X-Ray Image Storage - For Presentation."""

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"

MOST_FRAMES = 1000
"""Frames that are told by their number; a larger one could be somebody's."""

_HUMAN_CODES = frozenset({"337915000", "L-85003"})

Refused = tuple[Outcome, str]


def refuse(dataset: Dataset) -> Refused | None:
    """Judge a header.

    Args:
        dataset: the elements before the pixels.

    Returns:
        None if it may be one frontal chest radiograph, else the outcome and the reason.
    """
    return next((refused for rule in _RULES if (refused := rule(dataset))), None)


def projection(dataset: Dataset) -> Projection:
    """The direction of the beam, by View Position, View Code, orientation or description."""
    said = _words(dataset, "ViewPosition")
    if words.is_lateral(said):
        return Projection.LATERAL
    if known := _frontal(said):
        return known
    codes = set(_codes(dataset, "ViewCodeSequence"))
    if codes & words.LATERAL_CODES:
        return Projection.LATERAL
    if codes & words.PA_CODES:
        return Projection.PA
    if codes & words.AP_CODES:
        return Projection.AP
    if _rows_run_front_to_back(dataset) or _is_called_lateral(dataset):
        return Projection.LATERAL
    return Projection.UNKNOWN


def _frontal(said: list[str]) -> Projection | None:
    """Of two directions in one value neither is believed."""
    is_pa, is_ap = words.is_pa(said), words.is_ap(said)
    if is_pa == is_ap:
        return None
    return Projection.PA if is_pa else Projection.AP


def _unsuitable(reason: str) -> Refused:
    return Outcome.UNSUITABLE, reason


def _directory(dataset: Dataset) -> Refused | None:
    classes = (dicom.value_of(dataset, "SOPClassUID"), _media_class(dataset))
    if _DIRECTORY_CLASS in classes:
        return _unsuitable("a DICOMDIR, an index of other files")
    return None


def _media_class(dataset: Dataset) -> object:
    return dicom.value_of(getattr(dataset, "file_meta", Dataset()), "MediaStorageSOPClassUID")


def _modality(dataset: Dataset) -> Refused | None:
    said = set(_words(dataset, "Modality"))
    if not said:
        if (
            dicom.value_of(dataset, "SOPClassUID") or _media_class(dataset)
        ) in _RADIOGRAPHY_CLASSES:
            return None
        return _unsuitable("the header states no modality")
    others = sorted(said & words.MODALITIES.keys())
    if said & words.RADIOGRAPHY_WORDS and words.COMPANIONS.issuperset(others):
        return None
    if not others:
        return _unsuitable("the modality is not radiography (CR, DX, RG)")
    shown = f"{others[0]} ({words.MODALITIES[others[0]]})"
    return _unsuitable(f"modality {shown}, not radiography (CR, DX, RG)")


def _species(dataset: Dataset) -> Refused | None:
    species = set(_words(dataset, "PatientSpeciesDescription"))
    codes = set(_codes(dataset, "PatientSpeciesCodeSequence"))
    is_human = bool(species & {"HUMAN", "SAPIENS"} or codes & _HUMAN_CODES)
    has_breed = bool(
        dicom.value_of(dataset, "PatientBreedDescription")
        or dicom.value_of(dataset, "PatientSexNeutered")
    )
    if not is_human and (species or codes or has_breed):
        return _unsuitable("the patient is an animal, by the veterinary elements of the header")
    return None


def _body_part(dataset: Dataset) -> Refused | None:
    values = values_of(dataset, "BodyPartExamined")
    if any(map(words.is_chest, values)):
        return None
    if values:
        known = words.BODY_PARTS & {words.fold(value) for value in values}
        shown = (
            f"body part {min(known)}, not the chest" if known else "a body part that is no chest"
        )
        return _unsuitable(shown)
    codes = set(_codes(dataset, "AnatomicRegionSequence"))
    meanings = _values_in(dataset, "AnatomicRegionSequence", "CodeMeaning")
    if codes and not codes & words.CHEST_CODES and not any(map(words.is_chest, meanings)):
        return _unsuitable("the anatomic region is not the chest")
    return None


def _view(dataset: Dataset) -> Refused | None:
    said, codes = _words(dataset, "ViewPosition"), set(_codes(dataset, "ViewCodeSequence"))
    kinds = {
        "a decubitus view": words.is_decubitus(said),
        "an oblique view": words.is_oblique(said) or codes & words.OBLIQUE_CODES,
        "a lateral view": projection(dataset) is Projection.LATERAL,
        "a view in no direction of a chest film": codes & words.OTHER_CODES,
    }
    for kind, holds in kinds.items():
        if holds:
            return _unsuitable(f"{kind}; only frontal views (PA, AP) are scored")
    return None


def _intent(dataset: Dataset) -> Refused | None:
    # Raw detector values have no defined grayscale presentation (PS3.3 C.8.11.1.1.1), and the
    # processed image is in the same study.
    if values_of(dataset, "PresentationIntentType")[:1] == ["FOR PROCESSING"]:
        return _unsuitable("raw detector data (FOR PROCESSING), not meant to be looked at")
    return None


def _image_kind(dataset: Dataset) -> Refused | None:
    if not dicom.is_there(dataset, "Rows") or not dicom.is_there(dataset, "Columns"):
        return _unsuitable("it holds no image")
    frames = dicom.first_number(dataset, "NumberOfFrames") or 1
    if frames > 1:
        count = f"{frames:g}" if frames <= MOST_FRAMES else f"more than {MOST_FRAMES}"
        return _unsuitable(f"{count} frames, not one radiograph")
    photometric = (values_of(dataset, "PhotometricInterpretation") or [""])[0]
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        if (dicom.first_number(dataset, "SamplesPerPixel") or 1) == 1:
            return None
        return _unsuitable("several samples a pixel, not a gray image")
    if not photometric:
        return Outcome.UNREADABLE, "the header does not say how gray is to be read"
    shown = f" ({photometric})" if photometric in words.PHOTOMETRICS else ""
    return _unsuitable(f"a colour image{shown}, not a radiograph")


_RULES: tuple[Callable[[Dataset], Refused | None], ...] = (
    _directory, _modality, _species, _body_part, _view, _intent, _image_kind,
)  # fmt: skip
"""What it is comes before how it is stored: the first reason is the one a person needs."""


def values_of(dataset: Dataset, word: str) -> list[str]:
    """The values of an element as one-line texts, the empty ones left out."""
    value = dicom.value_of(dataset, word)
    several = value if isinstance(value, list | MultiValue) else [value]
    texts = (str(one or "") for one in several)
    return [text for one in texts if (text := _in_script(one, dataset).strip("\0 ").upper())]


def _in_script(text: str, dataset: Dataset) -> str:
    """A coded value in the script it was typed in: for pydicom such have only Latin letters."""
    if text.isascii() and "\x1b" not in text:
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    charsets = dicom.value_of(dataset, "SpecificCharacterSet") or ()
    named = [charsets] if isinstance(charsets, str) else list(charsets)
    stated = list(reversed(convert_encodings(named))) if named else []
    for encoding in stated if b"\x1b" in raw else ["utf-8", *stated]:
        with suppress(UnicodeDecodeError, LookupError):
            return raw.decode(encoding)
    return text


def _words(dataset: Dataset, word: str) -> list[str]:
    return [found for value in values_of(dataset, word) for found in words.split(value)]


def _values_in(dataset: Dataset, sequence: str, word: str) -> list[str]:
    """The values of an element in each item of a sequence."""
    return [value for item in _items(dataset, sequence) for value in values_of(item, word)]


def _items(dataset: Dataset, sequence: str) -> list[Dataset]:
    value = dicom.value_of(dataset, sequence)
    return [item for item in value or () if isinstance(item, Dataset)]


def _codes(dataset: Dataset, sequence: str) -> Iterator[str]:
    for word in ("CodeValue", "LongCodeValue"):
        yield from _values_in(dataset, sequence, word)


def _rows_run_front_to_back(dataset: Dataset) -> bool:
    """Patient Orientation (0020,0020) of a lateral: its rows run anterior or posterior.

    It has two values, of which the second runs along the body; a view in it is none.
    """
    orientation = values_of(dataset, "PatientOrientation")
    if len(orientation) != 2:
        return False
    return orientation[0][0] in "AP" and orientation[1][0] in "FH"


def _is_called_lateral(dataset: Dataset) -> bool:
    said = _words(dataset, "SeriesDescription")
    is_frontal = words.is_pa(said) or words.is_ap(said) or words.FRONTAL_WORDS.intersection(said)
    return words.is_lateral(said) and not is_frontal and not words.is_decubitus(said)
