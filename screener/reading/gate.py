"""Whether a DICOM header is that of one frontal chest radiograph, and if not, why not.

Pure functions over a dataset. A reason quotes coded values only, and only those in which no name
can hide; free text is looked at but never repeated. What the header leaves open is let through:
the pixels are judged later, by the guard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydicom.dataset import Dataset

from screener.reading.dicom import safe_code
from screener.study import Outcome, Projection

RADIOGRAPHY = frozenset({"CR", "DX", "RG"})
"""Modalities taken: computed, digital and conventional (scanned film) radiography."""

MODALITIES = {
    "CT": "computed tomography", "MR": "magnetic resonance", "US": "ultrasound",
    "NM": "nuclear medicine", "PT": "positron emission tomography", "MG": "mammography",
    "XA": "angiography", "RF": "fluoroscopy", "OT": "other", "SC": "secondary capture",
    "IO": "dental radiography", "PX": "dental radiography", "BMD": "bone densitometry",
    "SR": "a structured report", "PR": "a presentation state", "KO": "a list of key images",
    "SEG": "a segmentation", "DOC": "a document", "ES": "endoscopy", "XC": "photography",
    "RTPLAN": "a radiotherapy plan", "RTDOSE": "a radiotherapy dose",
    "RTSTRUCT": "radiotherapy structures", "RTIMAGE": "a radiotherapy image",
    "ECG": "an electrocardiogram",
}  # fmt: skip

_RADIOGRAPHY_CLASSES = ("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1")
"""CR Image Storage, and Digital X-Ray Image Storage - For Presentation."""

_DIRECTORY_CLASS = "1.2.840.10008.1.3.10"

_CHEST_PART = re.compile(r"CHEST|THORA|TORAX|LUNG|UNKNOWN")
_OTHER_PART = re.compile(r"SPINE|WALL|LUMB|VERT")
"""Of the words with THORA in them: THORACIC SPINE, THORACOLUMBAR and the like."""

_CHEST_CODES = frozenset({
    "816094009", "51185008", "T-D3000",  # chest
    "39607008", "T-28000",  # lung
    "72410000", "T-D3300",  # mediastinum
    "416550000", "R-FAB55", "416775004", "R-FAB56",  # chest with abdomen, and pelvis
    "417437006", "R-FAB52", "416152001", "R-FAB53", "416319003", "R-FAB54",  # with neck
})  # fmt: skip
"""PS3.16 CID 4031, in SNOMED CT and in the older SNOMED-RT codes."""

_VIEW_CODES = {
    "272479007": Projection.PA, "R-40888": Projection.PA, "R-10214": Projection.PA,
    "399348003": Projection.AP, "R-10206": Projection.AP,
    "399067008": Projection.LATERAL, "R-102CD": Projection.LATERAL,
    "399173006": Projection.LATERAL, "R-10236": Projection.LATERAL,
    "399198007": Projection.LATERAL, "R-10232": Projection.LATERAL,
}  # fmt: skip
"""PS3.16 CID 4010, in SNOMED CT and in the older SNOMED-RT codes."""

_LATERAL_VIEWS = frozenset({"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "ML", "LM"})
_OTHER_VIEWS = {
    "LLO": "an oblique view", "RLO": "an oblique view", "OBLIQUE": "an oblique view",
    "LAO": "an oblique view", "RAO": "an oblique view",
    "LPO": "an oblique view", "RPO": "an oblique view",
    "LLD": "a decubitus view", "RLD": "a decubitus view", "DECUBITUS": "a decubitus view",
}  # fmt: skip
_LATERAL_TEXT = re.compile(r"\b(LAT|LATERAL|LATERALE|LAT[EÉ]RAL|SEITLICH|PROFIL)\b")
_FRONTAL_TEXT = re.compile(r"\b(PA|AP|FRONTAL|DECUB\w*)\b")

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
    words = _words(dataset.get("ViewPosition"))
    if words & _LATERAL_VIEWS:
        return Projection.LATERAL
    for known in (Projection.PA, Projection.AP):
        if known in words:
            return known
    for code in _codes(dataset, "ViewCodeSequence"):
        if code in _VIEW_CODES:
            return _VIEW_CODES[code]
    if _rows_run_front_to_back(dataset) or _is_called_lateral(dataset):
        return Projection.LATERAL
    return Projection.UNKNOWN


def _unsuitable(reason: str) -> Refused:
    return Outcome.UNSUITABLE, reason


def _directory(dataset: Dataset) -> Refused | None:
    classes = (dataset.get("SOPClassUID"), _media_class(dataset))
    if _DIRECTORY_CLASS in classes:
        return _unsuitable("a DICOMDIR, an index of other files")
    return None


def _media_class(dataset: Dataset) -> object:
    return getattr(dataset, "file_meta", Dataset()).get("MediaStorageSOPClassUID")


def _modality(dataset: Dataset) -> Refused | None:
    modality = str(dataset.get("Modality") or "").strip().upper()
    if modality in RADIOGRAPHY:
        return None
    if not modality:
        if (dataset.get("SOPClassUID") or _media_class(dataset)) in _RADIOGRAPHY_CLASSES:
            return None
        return _unsuitable("the header states no modality")
    if safe_code(modality) is None:
        return _unsuitable("the modality is not radiography (CR, DX, RG)")
    meaning = f" ({MODALITIES[modality]})" if modality in MODALITIES else ""
    return _unsuitable(f"modality {modality}{meaning}, not radiography (CR, DX, RG)")


def _species(dataset: Dataset) -> Refused | None:
    species = _words(dataset.get("PatientSpeciesDescription"))
    codes = set(_codes(dataset, "PatientSpeciesCodeSequence"))
    is_human = bool(species & {"HUMAN", "SAPIENS"} or codes & _HUMAN_CODES)
    has_breed = bool(dataset.get("PatientBreedDescription") or dataset.get("PatientSexNeutered"))
    if not is_human and (species or codes or has_breed):
        return _unsuitable("the patient is an animal, by the veterinary elements of the header")
    return None


def _body_part(dataset: Dataset) -> Refused | None:
    part = str(dataset.get("BodyPartExamined") or "").strip().upper()
    if part:
        if _CHEST_PART.search(part) and not _OTHER_PART.search(part):
            return None
        code = safe_code(part)
        return _unsuitable(f"body part {code}, not the chest" if code else "not the chest")
    codes = set(_codes(dataset, "AnatomicRegionSequence"))
    if codes and not codes & _CHEST_CODES:
        return _unsuitable("the anatomic region is not the chest")
    return None


def _view(dataset: Dataset) -> Refused | None:
    if projection(dataset) is Projection.LATERAL:
        return _unsuitable("a lateral view; only frontal views (PA, AP) are scored")
    for word in _words(dataset.get("ViewPosition")):
        if word in _OTHER_VIEWS:
            return _unsuitable(f"{_OTHER_VIEWS[word]}; only frontal views (PA, AP) are scored")
    return None


def _intent(dataset: Dataset) -> Refused | None:
    # Raw detector values have no defined grayscale presentation (PS3.3 C.8.11.1.1.1), and the
    # processed image is in the same study.
    if dataset.get("PresentationIntentType") == "FOR PROCESSING":
        return _unsuitable("raw detector data (FOR PROCESSING), not meant to be looked at")
    return None


def _image_kind(dataset: Dataset) -> Refused | None:
    if not dataset.get("Rows") or not dataset.get("Columns"):
        return _unsuitable("it holds no image")
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        return _unsuitable(f"{int(dataset.NumberOfFrames)} frames, not one radiograph")
    photometric = str(dataset.get("PhotometricInterpretation") or "").strip()
    if photometric in ("MONOCHROME1", "MONOCHROME2"):
        if int(dataset.get("SamplesPerPixel") or 1) == 1:
            return None
        return _unsuitable("several samples a pixel, not a gray image")
    if not photometric:
        return Outcome.UNREADABLE, "the header does not say how gray is to be read"
    shown = f" ({code})" if (code := safe_code(photometric)) else ""
    return _unsuitable(f"a colour image{shown}, not a radiograph")


_RULES: tuple[Callable[[Dataset], Refused | None], ...] = (
    _directory, _modality, _species, _body_part, _view, _intent, _image_kind,
)  # fmt: skip
"""What it is comes before how it is stored: the first reason is the one a person needs."""


def _words(value: object) -> set[str]:
    return set(re.findall(r"\w+", str(value or "").upper()))


def _codes(dataset: Dataset, sequence: str) -> Iterator[str]:
    for item in dataset.get(sequence) or ():
        if code := item.get("CodeValue"):
            yield str(code).strip().upper()


def _rows_run_front_to_back(dataset: Dataset) -> bool:
    """Patient Orientation (0020,0020) of a lateral: its rows run anterior or posterior."""
    orientation = dataset.get("PatientOrientation")
    return bool(orientation) and str(orientation[0])[:1] in ("A", "P")


def _is_called_lateral(dataset: Dataset) -> bool:
    text = str(dataset.get("SeriesDescription") or "").upper()
    return bool(_LATERAL_TEXT.search(text)) and not _FRONTAL_TEXT.search(text)
