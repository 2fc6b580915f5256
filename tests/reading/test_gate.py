"""What a header gives away, and the words in which it is refused."""

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from screener.reading import gate
from screener.study import Outcome, Projection, is_other
from tests import dicoms

PIXELS = np.zeros((80, 80), np.uint16)


def verdict(**elements):
    return gate.refuse(dicoms.dataset(PIXELS, **elements))


CHESTS = (
    "TÓRAX", "CXR", "BRUST", "PECHO", "POITRINE", "胸部", "CHEST VERT", "Chest_PA", "PULMÃO",
    "BRÖST", "Klatka piersiowa", "Göğüs", "Грудная клетка", "흉부", "الصدر", "N/A", "ЛЕГЕНІ",
    "KEUHKOT", "หน้าอก", "वक्ष", "বুক", "மார்பு", "قفسه سینه", "KRŪTINĖ", "PRSNI KOŠ", "PARU-PARU",
    "Θώραξ", "흉곽", "RINDKERE", "ТОРАКС", "Гръден кош", "გულმკერდი", "PIEPT",
)  # fmt: skip
NO_CHESTS = (
    "BRÖSTRYGG", "BRYSTHVIRVEL", "BRYSTBEN", "HRUDNÍ PÁTEŘ", "MELLKASI GERINC", "胸腰椎", "胸骨",
    "胸鎖関節", "胸部肋骨", "ГРУДИНА", "ГРУДНЫЕ ЖЕЛЕЗЫ", "THORAKALE WERVELKOLOM", "가슴뼈",
    "THORACIC INLET", "BRUSTBEIN", "PRSNA HRBTENICA",
)  # fmt: skip
"""Spines, bones and breasts that are named after the chest."""
LATERALS = (
    "SEITL.", "SIVUKUVA", "SIDEBILDE", "OLDALIRÁNYÚ", "ด้านข้าง", "جانبي", "ПРАВЫЙ БОК", "צד", "LAT1",
    "LATERAAL", "SIDA", "OLDALSÓ", "BOČNÝ",
)  # fmt: skip


def coded(value, meaning=None):
    item = Dataset()
    item.CodeValue = value
    if meaning:
        item.CodeMeaning = meaning
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
        ({"Modality": "XYZ"}, "the modality is not radiography"),
        ({"Modality": ["CT", "CR"]}, "modality CT (computed"),
        ({"BodyPartExamined": "HAND"}, "body part HAND, not the chest"),
        ({"BodyPartExamined": "THORACIC SPINE"}, "THORACIC SPINE"),
        ({"BodyPartExamined": "TSPINE"}, "TSPINE"),
        ({"BodyPartExamined": "THORACOLUMBAR"}, "THORACOLUMBAR"),
        ({"BodyPartExamined": None, "AnatomicRegionSequence": coded("T-D8810")}, "region"),
        *(({"BodyPartExamined": word}, "body part") for word in NO_CHESTS),
        *(({"ViewPosition": word}, "lateral") for word in LATERALS),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"ViewPosition": "LATERAL_LEFT"}, "lateral"),
        ({"ViewPosition": "LLATERAL"}, "lateral"),
        ({"ViewPosition": "LATERALE"}, "lateral"),
        ({"ViewPosition": "Profil"}, "lateral"),
        ({"ViewPosition": "LTLAT"}, "lateral"),
        ({"ViewPosition": "側面"}, "lateral"),
        ({"ViewPosition": "Oblique_left"}, "oblique"),
        ({"ViewPosition": "Lateral decubitus"}, "decubitus"),
        ({"BodyPartExamined": "Brustwirbelsäule"}, "a body part that is no chest"),
        ({"BodyPartExamined": "胸椎"}, "a body part that is no chest"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("R-40985")}, "oblique"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("260427002")}, "oblique"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("R-10228")}, "lateral"),
        ({"ViewPosition": None, "ViewCodeSequence": coded("399061009")}, "no direction"),
        ({"ViewPosition": None, "PatientOrientation": ["PL", "FR"]}, "lateral"),
        ({"NumberOfFrames": 19550412}, "more than 1000 frames"),
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
    ("elements", "other"),
    [
        ({"Modality": "CT"}, True),
        ({"Modality": "XYZ"}, True),
        ({"PatientSpeciesDescription": "CANINE"}, True),
        ({"BodyPartExamined": "HAND"}, True),
        ({"BodyPartExamined": "Brustwirbelsäule"}, True),
        ({"BodyPartExamined": None, "AnatomicRegionSequence": coded("T-D8810")}, True),
        ({"Rows": None}, True),
        ({"SOPClassUID": "1.2.840.10008.1.3.10"}, True),
        ({"ViewPosition": "LL"}, False),
        ({"PresentationIntentType": "FOR PROCESSING"}, False),
        ({"PhotometricInterpretation": "RGB"}, False),
        ({"Modality": None, "SOPClassUID": "1.2.3"}, False),
    ],
)
def test_what_may_be_a_chest_film_is_told_from_what_is_none(elements, other):
    assert is_other(*verdict(**elements)) is other


@pytest.mark.parametrize(
    "elements",
    [
        {"BodyPartExamined": None},
        {"BodyPartExamined": ""},
        {"BodyPartExamined": "UNKNOWN"},
        {"BodyPartExamined": "THORAX"},
        {"BodyPartExamined": "PORT CHEST"},
        *({"BodyPartExamined": word} for word in CHESTS),
        *(
            {"Modality": word}
            for word in ("DR", ["CR", "DX"], "CR/DX", "dx", ["DX", "PR"], "X-RAY", "Radiography")
        ),
        {"BodyPartExamined": None, "AnatomicRegionSequence": coded("X-1", "Chest")},
        {"ViewPosition": None, "PatientOrientation": "PA"},
        {"ViewPosition": None, "PatientOrientation": "P"},
        {"ViewPosition": None, "PatientOrientation": ["P", "A"]},
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


@pytest.mark.parametrize("word", ["Modality", "BodyPartExamined", "PhotometricInterpretation"])
@pytest.mark.parametrize("planted", ["DOE JANE", "KOWALSKA_ZOFIA", "19550412", "MUELLER"])
def test_reasons_repeat_no_name_that_looks_like_a_code(word, planted):
    _, reason = verdict(**{word: planted})
    assert not any(part in reason for part in planted.replace("_", " ").split())


@pytest.mark.parametrize(
    ("charset", "encoding", "word"),
    [
        ("ISO_IR 192", "utf-8", "胸部"), ("GB18030", "gb18030", "胸部"), (None, "utf-8", "TÓRAX"),
        ("ISO_IR 100", "latin-1", "TÓRAX"), ("ISO_IR 144", "iso8859-5", "ГРУДЬ"),
        (["", "ISO 2022 IR 87"], "iso2022_jp", "胸部"),
    ],
)  # fmt: skip
def test_body_parts_are_read_in_their_script(tmp_path, charset, encoding, word):
    """Coded values hold Latin letters by the standard, and others in the files there are."""
    path = dicoms.write(
        tmp_path / "a", PIXELS, SpecificCharacterSet=charset, BodyPartExamined="x" * 16
    )
    content = word.encode(encoding)
    path.write_bytes(path.read_bytes().replace(b"x" * 16, content.ljust(16)))
    assert gate.refuse(pydicom.dcmread(path)) is None


def test_description_is_never_repeated():
    _, reason = verdict(ViewPosition=None, SeriesDescription="Jane Doe lateral")
    assert "JANE" not in reason.upper()


@pytest.mark.parametrize(
    ("elements", "projection"),
    [
        ({"ViewPosition": "後前位"}, Projection.PA),
        ({"ViewPosition": "후전"}, Projection.PA),
        ({"ViewPosition": "Заднепередняя"}, Projection.PA),
        ({"ViewPosition": "前后位"}, Projection.AP),
        ({"ViewPosition": "ПЕРЕДНЕЗАДНЯЯ"}, Projection.AP),
        ({"ViewPosition": "PA"}, Projection.PA),
        ({"ViewPosition": "ap"}, Projection.AP),
        ({"ViewPosition": "PORTABLE AP"}, Projection.AP),
        ({"ViewPosition": "PA_UPRIGHT"}, Projection.PA),
        ({"ViewPosition": "P.A."}, Projection.PA),
        ({"ViewPosition": "Antero-posterior"}, Projection.AP),
        ({"ViewPosition": ["AP", "PA"]}, Projection.UNKNOWN),
        ({"ViewPosition": "FRONTAL"}, Projection.UNKNOWN),
        ({"ViewPosition": None, "ViewCodeSequence": coded("272479007")}, Projection.PA),
        ({"ViewPosition": None, "ViewCodeSequence": coded("R-10206")}, Projection.AP),
        ({"ViewPosition": None}, Projection.UNKNOWN),
        ({"ViewPosition": "LL"}, Projection.LATERAL),
    ],
)
def test_projection(elements, projection):
    assert gate.projection(dicoms.dataset(PIXELS, **elements)) is projection
