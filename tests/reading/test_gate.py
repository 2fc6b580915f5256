"""What a header gives away, and the words in which it is refused."""

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from screener.reading import gate
from screener.study import Outcome, Projection
from tests import dicoms

PIXELS = np.zeros((80, 80), np.uint16)


def verdict(**elements):
    return gate.refuse(dicoms.dataset(PIXELS, **elements))


def coded(value):
    item = Dataset()
    item.CodeValue = value
    return [item]


def test_a_chest_radiograph_passes():
    assert verdict() is None


@pytest.mark.parametrize("modality", ["CR", "DX", "RG"])
def test_radiography_passes(modality):
    assert verdict(Modality=modality) is None


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"Modality": "CT"}, "modality CT (computed tomography)"),
        ({"Modality": "SR"}, "a structured report"),
        ({"Modality": "MG"}, "mammography"),
        ({"Modality": "XYZ"}, "modality XYZ,"),
        ({"BodyPartExamined": "HAND"}, "body part HAND, not the chest"),
        ({"BodyPartExamined": "THORACIC SPINE"}, "THORACIC SPINE"),
        ({"BodyPartExamined": "TSPINE"}, "TSPINE"),
        ({"BodyPartExamined": "THORACOLUMBAR"}, "THORACOLUMBAR"),
        ({"BodyPartExamined": None, "AnatomicRegionSequence": coded("T-D8810")}, "region"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"ViewPosition": "RL"}, "lateral"),
        ({"ViewPosition": "LATERAL"}, "lateral"),
        ({"ViewPosition": "RLO"}, "oblique"),
        ({"ViewPosition": "LLD"}, "decubitus"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("399173006")}, "lateral"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("R-10232")}, "lateral"),
        ({"ViewPosition": None, "PatientOrientation": ["A", "F"]}, "lateral"),
        ({"ViewPosition": None, "SeriesDescription": "Chest LAT"}, "lateral"),
        ({"PatientSpeciesDescription": "Canine"}, "animal"),
        ({"PatientSexNeutered": "ALTERED"}, "animal"),
        ({"PatientSpeciesCodeSequence": coded("448771007")}, "animal"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "FOR PROCESSING"),
        ({"NumberOfFrames": 3}, "3 frames"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour image (RGB)"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour image"),
        ({"Rows": None}, "no image"),
        ({"SOPClassUID": "1.2.840.10008.1.3.10"}, "DICOMDIR"),
        ({"Modality": None, "SOPClassUID": "1.2.3"}, "no modality"),
    ],
)
def test_what_is_unsuitable_is_said_plainly(elements, words):
    outcome, reason = verdict(**elements)
    assert outcome is Outcome.UNSUITABLE
    assert words in reason


@pytest.mark.parametrize(
    "elements",
    [
        {"BodyPartExamined": None},
        {"BodyPartExamined": ""},
        {"BodyPartExamined": "UNKNOWN"},
        {"BodyPartExamined": "THORAX"},
        {"BodyPartExamined": "PORT CHEST"},
        {"BodyPartExamined": None, "AnatomicRegionSequence": coded("T-D3000")},
        {"ViewPosition": None},
        {"ViewPosition": "AP"},
        {"ViewPosition": None, "PatientOrientation": ["L", "F"]},
        {"ViewPosition": None, "SeriesDescription": "Chest PA and LAT"},
        {"ViewPosition": "PA", "SeriesDescription": "Thorax lateral"},
        {"PatientSpeciesDescription": "Homo sapiens"},
        {"PresentationIntentType": "FOR PRESENTATION"},
        {"NumberOfFrames": 1},
        {"Modality": None, "SOPClassUID": uid.DigitalXRayImageStorageForPresentation},
    ],
)
def test_what_the_header_leaves_open_passes(elements):
    assert verdict(**elements) is None


@pytest.mark.parametrize(
    "word", ["Modality", "BodyPartExamined", "PhotometricInterpretation", "ViewPosition"]
)
@pytest.mark.parametrize("planted", ["Doe^Jane", "\x1b[31mred", "mueller anna maria elisabeth"])
def test_reasons_repeat_no_free_text(word, planted):
    _, reason = verdict(**{word: planted}) or ("", "")
    assert planted not in reason
    assert planted.upper() not in reason
    assert reason.isprintable()


def test_description_is_never_repeated():
    _, reason = verdict(ViewPosition=None, SeriesDescription="Jane Doe lateral")
    assert "JANE" not in reason.upper()


@pytest.mark.parametrize(
    ("elements", "projection"),
    [
        ({"ViewPosition": "PA"}, Projection.PA),
        ({"ViewPosition": "ap"}, Projection.AP),
        ({"ViewPosition": "PORTABLE AP"}, Projection.AP),
        ({"ViewPosition": None, "ViewCodeSequence": coded("272479007")}, Projection.PA),
        ({"ViewPosition": None, "ViewCodeSequence": coded("R-10206")}, Projection.AP),
        ({"ViewPosition": None}, Projection.UNKNOWN),
        ({"ViewPosition": "LL"}, Projection.LATERAL),
    ],
)
def test_projection(elements, projection):
    assert gate.projection(dicoms.dataset(PIXELS, **elements)) is projection
