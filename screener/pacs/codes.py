"""The coded names of what a structured report says: the standard's where it has them.

What DICOM and SNOMED CT have no code for is of a scheme of our own, which each object names.
"""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

from screener.study import LABEL_NAMES, LABELS, Band, Outcome

SCHEME = "99CRS"

SCHEMES = [
    CodingSchemeIdentificationItem(
        SCHEME, name="covid-resnet-screener", responsible_organization="covid-resnet-screener"
    )
]


def _own(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, SCHEME, meaning)


CHEST_RADIOGRAPHY = CodedConcept("399208008", "SCT", "Plain X-ray of chest")
COMMENT = CodedConcept("121106", "DCM", "Comment")
NO_UNIT = CodedConcept("1", "UCUM", "no units")
PROBABILITIES = {
    label: _own(f"P-{label}", f"Probability of class: {LABEL_NAMES[label]}") for label in LABELS
}
SCORE = _own("score", "Suspicion score for COVID-19")
SPREAD = _own("spread", "Spread of the score over moved views")
DISTANCE = _own("distance", "Distance from the training radiographs")
HIDDEN = _own("proof-hidden", "Score with the map's hottest tenth hidden")
MOVED = _own("proof-moved", "Score with the same marks elsewhere")
INSIDE = _own("map-inside", "Share of the map inside both lungs")
BAND = _own("band", "Order of review")
BANDS = {band: _own(f"band-{band.lower()}", band.value) for band in Band}
OUTCOME = _own("outcome", "Outcome")
OUTCOMES = {one: _own(f"outcome-{one}", one.replace("_", " ")) for one in Outcome}
