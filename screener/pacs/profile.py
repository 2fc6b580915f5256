"""What of a DICOM object may leave the house: PS3.15 annex E, basic profile, and more taken away.

The table of attributes is dicom-anonymizer's. What it does not name is kept only where it cannot
hold a person's words: numbers, pixels, defined terms, and codes whose meaning the standard's own
dictionaries give. What names a patient is looked for in all that stays, and goes from there too.
Text that is burned into pixels is not cleaned.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID as Number  # noqa: N811 (pydicom's UID is another thing)

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from screener import __version__

EDITION = "2024b"
"""Of the standard whose table is taken."""
BURNED_IN = "burned-in text is not cleaned"

_STANDARD_UIDS = "1.2.840.10008."
_TEXT = frozenset(("AE", "AS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"))
_WORDS = _TEXT | {"CS"}
_DATES = frozenset(("DA", "DT"))
_BYTES = frozenset(("OB", "OW", "OD", "OF", "OL", "OV", "UN"))
_FILE = 0x0002
_DRAWN_OVER = (0x5000, 0x6000)
"""Groups of a file's own elements, and of curves and overlays, of which there are many."""
_PIXEL_GROUPS = (0x0028, 0x7FE0)
"""Groups whose bytes are pictures and their look-up tables."""
_WORDS_KEPT = frozenset(("SoftwareVersions", "PixelSpacingCalibrationDescription"))
_DEVICE = frozenset(
    (
        "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "DetectorID", "StationName",
        "SoftwareVersions", "GantryID", "GeneratorID", "PlateID", "DeviceUID",
        "DetectorDescription", "DateOfLastCalibration", "TimeOfLastCalibration",
        "DateOfLastDetectorCalibration", "TimeOfLastDetectorCalibration",
    )
)  # fmt: skip
"""What "retain device identity" keeps."""
_NAMING = frozenset(
    (
        "PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "PatientBirthDate",
        "PatientAddress", "PatientTelephoneNumbers", "InstitutionName", "InstitutionAddress",
        "AdmissionID", "MilitaryRank", "RequestedProcedureID", "ScheduledProcedureStepID",
        "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
    )
)  # fmt: skip
_LONG_NAME = 5
"""Letters of a part of a name that is looked for in the middle of words, too."""
_DUMMIES = {
    "DA": "19000101", "DT": "19000101000000", "TM": "000000", "AS": "000Y", "DS": "0", "IS": "0",
    "UR": "http://removed.invalid",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What of the profile's options is taken."""

    shifted_dates: bool = False
    """Keep dates, moved by as many days for each object of a patient; else they are removed."""
    device: bool = False
    """Keep what identifies the device."""


class Profile:
    """Takes a patient out of datasets, the same one in the same way.

    Args:
        key: secret; with another one nobody can tell whether two objects are of one patient.
        options: of the profile.
    """

    def __init__(self, key: bytes, options: Options) -> None:
        self._key, self.options = key, options

    def uid(self, uid: str) -> str:
        """What stands for a UID: the same for the same, and a stranger's without the key."""
        if not uid or uid.startswith(_STANDARD_UIDS):
            return uid
        return f"2.25.{Number(bytes=self._digest('uid', uid)[:16], version=4).int}"

    def days(self, patient: str) -> int:
        """How many days a patient's dates are moved back: 1 to 3,650."""
        return 1 + int.from_bytes(self._digest("dates", patient)[:4], "big") % 3650

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\n{text}".encode(), hashlib.sha256)

    def applied(self, source: Dataset, patient: str) -> Dataset:
        """A dataset without what identifies a patient.

        Args:
            source: with its own words in its own character set; left as it is.
            patient: what stands for the patient's number and name.

        Returns:
            A new dataset, in UTF-8.
        """
        source.decode()
        made = self._walked(source, self.days(patient))
        _without(made, _pattern(_names(source)))
        made.PatientID = made.PatientName = patient
        made.SpecificCharacterSet = "ISO_IR 192"
        made.PatientIdentityRemoved = "YES"
        made.DeidentificationMethod = f"covid-resnet-screener {__version__}; {BURNED_IN}"
        made.DeidentificationMethodCodeSequence = Sequence(list(self._methods()))
        shifted = self.options.shifted_dates
        made.LongitudinalTemporalInformationModified = "MODIFIED" if shifted else "REMOVED"
        return made

    def _methods(self) -> Iterator[Dataset]:
        taken = [("113100", "Basic Application Confidentiality Profile")]
        if self.options.shifted_dates:
            meaning = "Retain Longitudinal Temporal Information Modified Dates Option"
            taken.append(("113107", meaning))
        if self.options.device:
            taken.append(("113109", "Retain Device Identity Option"))
        for value, meaning in taken:
            code = Dataset()
            code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
            yield code

    def _walked(self, source: Dataset, days: int) -> Dataset:
        made = Dataset()
        for element in source:
            group = element.tag.group
            if element.tag.is_private or group == _FILE or group & 0xFF00 in _DRAWN_OVER:
                continue
            if (kept := self._element(element, days)) is not None:
                made.add(kept)
        return made

    def _element(self, element: DataElement, days: int) -> DataElement | None:
        vr, action = element.VR, _table().get(int(element.tag), "")
        if self.options.device and element.keyword in _DEVICE:
            return element
        if self.options.shifted_dates and vr in _DATES and element.keyword not in _NAMING:
            return _filled(element, _each(element, lambda date: _moved(str(date), days)))
        if vr == "SQ":
            return None if action == "X" else self._sequence(element, days)
        if vr == "UI":
            return None if action == "X" else _filled(element, _each(element, self._mapped))
        if action:
            return _replaced(element, action)
        return element if _says_nothing(element) else None

    def _mapped(self, uid: object) -> str:
        return self.uid(str(uid))

    def _sequence(self, element: DataElement, days: int) -> DataElement:
        items = [
            _known_code(item) if _is_code(item) else self._walked(item, days)
            for item in element.value
        ]
        return _filled(element, Sequence([item for item in items if len(item)]))


@cache
def _table() -> dict[int, str]:
    """What the profile does with each attribute: X remove, Z empty, D replace, U another UID.

    Where the standard leaves a choice, the one that keeps an object valid is taken.
    """
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector

    database = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    actions = {
        "D_TAGS": "D", "Z_TAGS": "Z", "X_TAGS": "X", "U_TAGS": "U", "Z_D_TAGS": "Z",
        "X_Z_TAGS": "Z", "X_D_TAGS": "D", "X_Z_D_TAGS": "D", "X_Z_U_STAR_TAGS": "U",
    }  # fmt: skip
    return {
        (tag[0] << 16) + tag[1]: action
        for name, action in actions.items()
        for tag in database[name]
        if len(tag) == 2
    }


def _replaced(element: DataElement, action: str) -> DataElement | None:
    if action == "X":
        return None
    if action == "Z" or element.VR in _BYTES:
        return _filled(element, None)
    words = "REMOVED" if element.VR in _WORDS else 0
    return _filled(element, _DUMMIES.get(element.VR, words))


def _says_nothing(element: DataElement) -> bool:
    """Whether an attribute that the table does not name can hold no person's words."""
    if element.VR in _BYTES:
        return element.tag.group in _PIXEL_GROUPS
    return element.VR not in _TEXT or element.keyword in _WORDS_KEPT


def _filled(element: DataElement, value: object) -> DataElement:
    return DataElement(element.tag, element.VR, value)


def _each(element: DataElement, change: Callable[[object], object]) -> object:
    if isinstance(element.value, MultiValue):
        return [change(value) for value in element.value]
    return change(element.value) if element.value else element.value


def _moved(date: str, days: int) -> str:
    """An earlier DA or DT; "" for what is none."""
    try:
        day = datetime.strptime(date[:8], "%Y%m%d") - timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    rest = date[8:] if re.fullmatch(r"[0-9.+-]*", date[8:]) else ""
    return f"{day:%Y%m%d}{rest}"


def _is_code(item: Dataset) -> bool:
    return "CodingSchemeDesignator" in item and "CodeMeaning" in item


def _known_code(item: Dataset) -> Dataset:
    """A code as the dictionaries of the standard know it; nothing of one that they do not."""
    made = Dataset()
    scheme, value = str(item.CodingSchemeDesignator), str(item.get("CodeValue") or "")
    if meaning := _meanings(scheme).get(value):
        made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


@cache
def _meanings(scheme: str) -> dict[str, str]:
    if scheme not in codes.schemes():
        return {}
    known = getattr(codes, scheme)
    return {code.value: code.meaning for code in (getattr(known, word) for word in known.dir())}


def _names(source: Dataset) -> Iterator[str]:
    """What names the patient, or somebody else, anywhere in a dataset; in parts."""
    for element in source.iterall():
        if element.VR == "PN" or element.keyword in _NAMING:
            values = element.value if isinstance(element.value, MultiValue) else [element.value]
            for value in values:
                yield from re.split(r"[\^=\s,]+", str(value or ""))


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """What finds a name: a long one anywhere, a short one as a word of its own."""
    parts = {name.casefold() for name in names if len(name) > 1}
    long = [re.escape(part) for part in parts if len(part) >= _LONG_NAME]
    short = [rf"\b{re.escape(part)}\b" for part in parts if len(part) < _LONG_NAME]
    return re.compile("|".join(sorted(long + short))) if parts else None


def _without(made: Dataset, names: re.Pattern[str] | None) -> None:
    """Empty whatever still holds one of the names."""
    if names is None:
        return
    for element in made:
        if element.VR == "SQ":
            for item in element.value:
                _without(item, names)
        elif element.VR in _WORDS and names.search(str(element.value).casefold()):
            element.value = None
