"""What each object says of who made it and when, whatever its kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from screener import __version__
from screener.pacs.source import PATIENT, STUDY

MODEL = "covid-resnet-screener"
NAMES: dict[str, Any] = {
    "manufacturer": MODEL, "manufacturer_model_name": MODEL, "software_versions": __version__,
    "device_serial_number": __version__,
}  # fmt: skip
REPORTS, PICTURES = 9901, 9902
"""Series numbers, far from those of a modality."""

_PURPOSE = ("109102", "DCM", "Processing Equipment")

Made = TypeVar("Made", bound=Dataset)


def signed(made: Made, source: Dataset, when: datetime) -> Made:
    """With patient and study as the source has them, the contributing equipment, and one time.

    Nothing of the machine's clock stays in it: the same result gives the same bytes.
    """
    for word in (*PATIENT, *STUDY, "TimezoneOffsetFromUTC"):
        if word in source:
            made[word] = source[word]
    made.InstanceCreationDate, made.InstanceCreationTime = f"{when:%Y%m%d}", f"{when:%H%M%S}"
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = _PURPOSE
    maker = Dataset()
    maker.PurposeOfReferenceCodeSequence = Sequence([purpose])
    maker.Manufacturer = maker.ManufacturerModelName = MODEL
    maker.SoftwareVersions = __version__
    maker.ContributionDescription = "Suspicion score for COVID-19; research use only"
    made.ContributingEquipmentSequence = Sequence([maker])
    return made
