"""The words and codes by which headers say what part of the body they show, and from where.

Tables only, and the folding of what is looked up in them. Words of several languages, for the
standard's own terms are what the fewest hospitals type; codes as in PS3.16, in SNOMED CT and in
the older SNOMED-RT. What stands in no table says nothing: this module guesses nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

_STROKES = str.maketrans({"Ł": "L", "Ø": "O", "Đ": "D", "ß": "SS", "Æ": "AE", "İ": "I", "ı": "I"})
"""Letters that do not fall apart into a plain one and its accent."""


Answer = TypeVar("Answer")
SHORT = 64
"""Letters of a text that is worth remembering: a longer one is hardly met again."""


def _remembered(of: Callable[[str], Answer]) -> Callable[[object], Answer]:
    """The same words stand in header after header: what is known of them is not worked out anew."""
    known = lru_cache(maxsize=2048)(of)

    @wraps(of)
    def answer(text: object) -> Answer:
        plain = str(text or "")
        return known(plain) if len(plain) <= SHORT else of(plain)

    return answer


@_remembered
def fold(text: str) -> str:
    """Upper case without accents, as far as the script has them."""
    if text.isascii():
        return text.upper()
    apart = unicodedata.normalize("NFKD", text.upper().translate(_STROKES))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).upper()


@_remembered
def split(text: str) -> tuple[str, ...]:
    """The folded words of a text; underscores part words too, and dots in "P.A." do not."""
    joined = re.sub(r"\b(\w)\.(\w)\b\.?", r"\1\2", fold(text))
    return tuple(re.findall(r"[^\W_]+", joined))


CHEST_STEMS = (
    "CHEST", "CXR", "THORA", "TORAX", "TORAC", "TORAKS", "LUNG", "PULM", "POUMON", "POLMON",
    "BRUSTKORB", "BRYST", "BROST", "BORSTKAS", "POITRIN", "MEDIASTIN", "RINTAKEH", "MELLKAS",
    "HRUDNI", "ГРУД", "ГРЪД", "ЛЕГК", "ЛЕГЕН", "ОГК", "ТОРАК", "ΘΩΡΑ", "ΠΝΕΥΜΟΝ", "AKCIGER",
    "GOGUS", "KEUHKO", "KRUTIN", "PRSNI KO", "RINDKERE", "KRUSKURV", "KRAHAROR", "BRJOST",
    "胸", "肺", "흉부", "흉곽", "가슴", "폐", "صدر", "سینه", "سینہ", "חזה", "ทรวงอก", "หน้าอก",
    "ปอด", "छाती", "वक्ष", "বুক", "மார்பு", "ఛాతీ", "છાતી", "ಎದೆ", "ਛਾਤੀ", "ԿՐԾՔ", "გულმკერდ",
)  # fmt: skip
"""Beginnings and parts of words that mean chest, thorax or lung."""

CHEST_WORDS = frozenset({
    "BRUST", "BORST", "PIEPT", "PECHO", "PEITO", "PETTO", "NGUC", "DADA", "PARU", "KLP",
    "PIERSIOWA", "PIERSIOWEJ", "THX", "CHX", "CHST", "TX", "HEART", "HERZ", "COEUR", "CORAZON",
    "CUORE", "CORACAO", "BRONCHUS", "NECKCHEST",
})  # fmt: skip
"""Whole words that mean it, too short or too common to be looked for within others."""

OTHER_STEMS = (
    "SPINE", "WALL", "LUMB", "VERTEB", "WIRBEL", "COLUMN", "COLUNA", "COLONN", "RACHIS",
    "KREGOSLUP", "RYGG", "VIRVEL", "HVIRV", "WERVEL", "PATER", "GERINC", "CSIGOLY", "HRBTEN",
    "OMURGA", "BREAST", "MAMM", "МОЛОЧН", "ЖЕЛЕЗ", "INLET", "ПОЗВОН", "椎", "脊", "흉추", "척추",
    "RIB", "STERN", "RIPPE", "BRYSTBEN", "BROSTBEN", "ГРУДИН", "肋", "胸骨", "胸鎖", "가슴뼈",
    "흉골",
)  # fmt: skip
"""What makes of "thoracic" and the like another part: the spine, the wall, the breast."""

UNSTATED = frozenset(
    {"UNKNOWN", "UNSPECIFIED", "UNDEFINED", "DEFAULT", "NONE", "NA", "N", "A", "ANY"}
)
"""Words that say of a body part that nothing is said."""


_OTHER_FOLDED = tuple(map(fold, OTHER_STEMS))
_CHEST_FOLDED = tuple(map(fold, CHEST_STEMS))


@_remembered
def is_chest(text: str) -> bool:
    """Whether a text names the chest, or says that it names nothing."""
    folded, words = fold(text), set(split(text))
    if any(stem in folded for stem in _OTHER_FOLDED):
        return False
    named = words & CHEST_WORDS or any(stem in folded for stem in _CHEST_FOLDED)
    return bool(named) or (bool(words) and words <= UNSTATED)


BODY_PARTS = frozenset({
    "ABDOMEN", "ABDOMENPELVIS", "ADRENAL", "ANKLE", "AORTA", "ARM", "AXILLA", "BACK", "BLADDER",
    "BRAIN", "BREAST", "BRONCHUS", "BUTTOCK", "CALCANEUS", "CALF", "CAROTID", "CEREBELLUM",
    "CERVIX", "CHEEK", "CHESTABDOMEN", "CHESTABDPELVIS", "CLAVICLE", "COCCYX", "COLON", "CORNEA",
    "CSPINE", "CTSPINE", "DUODENUM", "EAR", "ELBOW", "ESOPHAGUS", "EXTREMITY", "EYE", "EYELID",
    "FACE", "FEMUR", "FINGER", "FOOT", "FOREARM", "GALLBLADDER", "HAND", "HEAD", "HEADNECK", "HIP",
    "HUMERUS", "ILEUM", "ILIUM", "JAW", "JEJUNUM", "KIDNEY", "KNEE", "LARYNX", "LEG", "LIVER",
    "LSPINE", "LSSPINE", "LUMBAR SPINE", "LUMBAR_SPINE", "MANDIBLE", "MAXILLA", "MOUTH", "NECK",
    "NOSE", "ORBIT", "OVARY", "PANCREAS", "PAROTID", "PATELLA", "PELVIS", "PENIS", "PHARYNX",
    "PROSTATE", "RADIUS", "RECTUM", "RIB", "RIBS", "SACRUM", "SCALP", "SCAPULA", "SCLERA",
    "SCROTUM", "SHOULDER", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "STOMACH", "TESTIS",
    "THIGH", "THORACIC SPINE", "THORACIC_SPINE", "THUMB", "THYMUS", "THYROID", "TIBIA", "TLSPINE",
    "TMJ", "TOE", "TONGUE", "TRACHEA", "TSPINE", "ULNA", "URETER", "URETHRA", "UTERUS", "VAGINA",
    "VULVA", "WHOLEBODY", "WRIST", "ZYGOMA", "THORACOLUMBAR", "CERVICAL SPINE", "CERVICAL_SPINE",
    "EXTREMITIES", "UPPER EXTREMITY", "LOWER EXTREMITY", "KUB",
})  # fmt: skip
"""Body parts that may be repeated: PS3.16 annex L, and what is often written for them."""

RADIOGRAPHY = frozenset({"CR", "DX", "RG"})
"""Modalities taken: computed, digital and conventional (scanned film) radiography."""

RADIOGRAPHY_WORDS = RADIOGRAPHY | {"DR", "DXR", "XR", "RX", "CXR", "XRAY", "RAY", "RADIOGRAPHY"}
"""And what is written for them."""

MODALITIES = {
    "CT": "computed tomography", "MR": "magnetic resonance", "US": "ultrasound",
    "NM": "nuclear medicine", "PT": "positron emission tomography", "MG": "mammography",
    "XA": "angiography", "RF": "fluoroscopy", "OT": "other", "SC": "secondary capture",
    "IO": "dental radiography", "PX": "dental radiography", "BMD": "bone densitometry",
    "SR": "a structured report", "PR": "a presentation state", "KO": "a list of key images",
    "SEG": "a segmentation", "DOC": "a document", "ES": "endoscopy", "XC": "photography",
    "RTPLAN": "a radiotherapy plan", "RTDOSE": "a radiotherapy dose",
    "RTSTRUCT": "radiotherapy structures", "RTIMAGE": "a radiotherapy image",
    "ECG": "an electrocardiogram", "GM": "microscopy", "SM": "microscopy", "OP": "ophthalmology",
    "OPT": "ophthalmology", "IVUS": "intravascular ultrasound", "REG": "a registration",
    "IVOCT": "intravascular tomography", "OCT": "optical tomography", "DG": "diaphanography",
    "LS": "a surface scan", "TG": "thermography", "BI": "biomagnetic imaging", "AU": "audio",
    "HD": "haemodynamics", "EPS": "electrophysiology", "PLAN": "a plan", "M3D": "a model",
}  # fmt: skip
"""Modalities that are not taken and may be repeated."""

COMPANIONS = frozenset({"SR", "PR", "KO", "DOC", "SEG", "OT", "SC"})
"""Modalities that may stand beside another of the same image."""

PHOTOMETRICS = frozenset({
    "RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420",
    "YBR_ICT", "YBR_RCT", "HSV", "ARGB", "CMYK", "XYB",
})  # fmt: skip
"""Photometric interpretations that are not gray and may be repeated."""

CHEST_CODES = frozenset({
    "816094009", "51185008", "T-D3000",  # chest
    "39607008", "T-28000",  # lung
    "86598002", "T-280A0",  # apex of lung
    "72410000", "T-D3300",  # mediastinum
    "80891009", "T-32000",  # heart
    "955009", "T-26000", "44567001", "T-25000",  # bronchus, trachea
    "416550000", "R-FAB55", "416775004", "R-FAB56",  # chest with abdomen, and pelvis
    "417437006", "R-FAB52", "416152001", "R-FAB53", "416319003", "R-FAB54",  # with neck
    "38266002", "T-D0010",  # the whole body, as of newborns
})  # fmt: skip
"""PS3.16 CID 4031."""

PA_CODES = frozenset({"272479007", "R-40888", "R-10214"})
AP_CODES = frozenset({"399348003", "R-10206"})
FRONTAL_CODES = frozenset({"399033003", "R-10202"})
LATERAL_CODES = frozenset({
    "399067008", "R-102CD", "399173006", "R-10236", "399198007", "R-10232",  # lateral, left, right
    "399352003", "R-10228", "399260004", "R-10224",  # lateral-medial, medial-lateral
    "30730003", "G-A145",  # sagittal
})  # fmt: skip
OBLIQUE_CODES = frozenset({
    "399182000", "R-102C1", "399236003", "R-10234", "399184004", "R-10238",  # oblique, right, left
    "399356000", "R-40985", "399135007", "R-10220",  # right and left anterior oblique
    "399038007", "R-10210", "399006002", "R-10212",  # right and left posterior oblique
    "399312000", "R-10208", "399059000", "R-10216",  # antero-posterior, postero-anterior oblique
    "260427002", "R-40783", "260426006", "R-40782",  # lateral, medial oblique
    "399099002", "R-10230", "399368009", "R-10226",  # latero-medial, medio-lateral oblique
    "399132005", "R-10252", "399325008", "R-10254", "399160007", "R-10204", "399004004", "R-10246",
    "399225005", "R-10250", "399288005", "R-10248",
})  # fmt: skip
OTHER_CODES = frozenset({
    "399061009", "R-10241", "399110001", "R-102C2",  # axial, tangential
    "399162004", "R-10242", "399196006", "R-10244",  # cranio-caudal, caudo-cranial
    "119376003", "G-8300",  # a specimen
})  # fmt: skip
"""PS3.16 CID 4010, as far as a chest can be seen so."""

_SIDE = r"(?:L|R|LT|RT|LEFT|RIGHT|LI|RE|SIN|DEX|IZQ|DER|GAUCHE|DROITE?)"
_LATERAL = re.compile(
    rf"{_SIDE}?(?:LAT|LATERA\w*|LATERO\w*|PROFIL\w*|PERFIL|SEITL\w*|SEITE|ZIJDELINGS?|DWARS"
    rf"|BOCZN\w*|BOCN\w+|БОК|БОКОВ\w*|ΠΛΑΓΙ\w*|YAN|SIVUK\w*|SIVU|SIDEBILDE|SIDOBILD"
    rf"|OLDAL\w*|SIDA){_SIDE}?\d?"
)
LATERAL_WORDS = frozenset({"LL", "RL", "ML", "LM", "SAGITTAL", "SIDE", "צד"})
LATERAL_SIGNS = ("側面", "側位", "侧位", "侧面", "측면", "ด้านข้าง", "جانب")

_OBLIQUE = re.compile(r"OBL|OBLI[QC]\w*|SCHRAEG\w*|SCHRAG\w*|LLO|RLO|LAO|RAO|LPO|RPO|SKOSN\w*")
_DECUBITUS = re.compile(r"(?:L|R|LT|RT|LEFT|RIGHT)?L?DECUB\w*|LLD|RLD|LLDECUB")

_PA = re.compile(r"(?:W|X)?PA(?:UPRIGHT|ERECT|STANDING|CHEST|THORAX|CXR|VIEW|INSP\w*|EXP\w*|\d)?")
_AP = re.compile(
    r"AP(?:UPRIGHT|ERECT|SUPINE|SITTING|SEMI\w*|PORTABLE|PORT|MOBILE|BED\w*|CHEST|THORAX|CXR|VIEW"
    r"|AXIAL|LORDOTIC|INSP\w*|EXP\w*|\d)?"
)
PA_SIGNS = ("POSTEROANTERIOR", "DORSOVENTRAL", "ЗАДНЕПЕРЕД", "後前", "后前", "후전")
AP_SIGNS = ("ANTEROPOSTERIOR", "VENTRODORSAL", "ПЕРЕДНЕЗАД", "前後", "前后", "전후")
FRONTAL_WORDS = frozenset({"FRONTAL", "FACE", "FRENTE", "ПРЯМАЯ", "正面", "正位"})


def is_lateral(words: list[str]) -> bool:
    """Whether folded words name a lateral view."""
    return any(
        word in LATERAL_WORDS
        or _LATERAL.fullmatch(word)
        or any(fold(sign) in word for sign in LATERAL_SIGNS)
        for word in words
    )


def is_oblique(words: list[str]) -> bool:
    """Whether folded words name an oblique view."""
    return any(_OBLIQUE.fullmatch(word) for word in words)


def is_decubitus(words: list[str]) -> bool:
    """Whether folded words name a lateral decubitus view."""
    return any(_DECUBITUS.fullmatch(word) for word in words)


def is_pa(words: list[str]) -> bool:
    """Whether folded words name a postero-anterior view."""
    joined = "".join(words)
    return (
        any(_PA.fullmatch(word) for word in words)
        or any(fold(sign) in joined for sign in PA_SIGNS)
        or words[:2] == ["P", "A"]
    )


def is_ap(words: list[str]) -> bool:
    """Whether folded words name an antero-posterior view."""
    joined = "".join(words)
    return (
        any(_AP.fullmatch(word) for word in words)
        or any(fold(sign) in joined for sign in AP_SIGNS)
        or words[:2] == ["A", "P"]
    )
