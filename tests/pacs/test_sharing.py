"""What leaves the house: every attribute of every object, searched for whom it was of."""

import base64
import hashlib
import shutil
import subprocess
from collections import deque
from datetime import date

import pydicom
import pytest
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

pytest.importorskip("dicomanonymizer", reason="the extra 'pacs' is not installed")

from screener.pacs.profile import Options, Profile
from screener.pacs.sharing import write_shared
from screener.plan import Settings
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import scan
from screener.study import Review, Verdict
from tests.pacs.conftest import NAMES
from tests.pacs.test_listening import FILM
from tests.pacs.test_objects import texts

KEY = bytes(range(32))
FAMILY, GIVEN, NUMBER, PLACE = "KOWALSKA", "ZOFIA", "PAT998877", "Lazarett-Nord"
TEXT = {"LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE", "UR", "CS"}
KEPT_FOR_SCORING = {
    "SpecificCharacterSet", "Modality", "PhotometricInterpretation", "PresentationIntentType",
    "ViewPosition", "BodyPartExamined", "ImageType", "PresentationLUTShape", "BurnedInAnnotation",
    "RecognizableVisualFeatures", "LossyImageCompression", "PatientSex", "ConversionType",
    "ImageLaterality", "Laterality", "PatientOrientation", "PixelIntensityRelationship",
    "RescaleType", "VOILUTFunction", "QualityControlImage", "PatientSpeciesDescription",
    "PatientSpeciesCodeSequence", "PatientBreedDescription", "PatientSexNeutered",
    "PatientBreedCodeSequence", "AnatomicRegionSequence", "ModalityLUTSequence", "VOILUTSequence",
}  # fmt: skip


def profile(**options):
    return Profile(KEY, Options(**options))


def hostile():
    """A film with its patient's name or number in every attribute of text that the standard has,
    in items of every sequence, in codes, in private elements and overlays."""
    film = pydicom.dcmread(FILM)
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        group = tag >> 16
        if retired or group in (0x0000, 0x0002, 0x0004) or keyword in KEPT_FOR_SCORING:
            continue
        if vr == "SQ" and group not in (0x0028, 0x5200):
            film.add_new(tag, "SQ", Sequence([nested()]))
        elif vr in TEXT:
            film.add_new(tag, vr, of_kind(vr))
    film.PatientName, film.PatientID = f"{FAMILY}^{GIVEN}", NUMBER
    film.PatientBirthDate, film.StudyDate = "19550412", "20200311"
    film.StudyInstanceUID, film.SOPInstanceUID = "1.2.3.55443322", "1.2.3.55443322.1"
    film.SeriesInstanceUID = "1.2.3.55443322.2"
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    block = film.private_block(0x0099, f"{FAMILY} PRIVATE", create=True)
    block.add_new(1, "LO", f"{GIVEN} {FAMILY}")
    film.add_new(0x60000022, "LO", f"{FAMILY}")
    film.add_new(0x60003000, "OW", FAMILY.encode())
    film.add_new(0x60020022, "LO", f"{FAMILY}")
    film.BurnedInAnnotation = "NO"
    return film


def nested():
    item, deeper = Dataset(), Dataset()
    item.PatientName, item.PatientID = f"{FAMILY}^{GIVEN}", NUMBER
    item.InstitutionName, item.PatientBirthDate = PLACE, "19550412"
    item.CodeValue, item.CodingSchemeDesignator = NUMBER, "99LOCAL"
    item.CodeMeaning = f"{GIVEN} {FAMILY}"
    item.ReferencedSOPInstanceUID = "1.2.3.55443322.7"
    deeper.TextValue, deeper.OperatorsName = f"{FAMILY}, {GIVEN}", f"{GIVEN}^{FAMILY}"
    deeper.UniversalEntityID = f"{NUMBER}@{PLACE}"
    item.ContentSequence = Sequence([deeper])
    return item


def of_kind(vr):
    if vr == "CS":
        return FAMILY
    return {"PN": f"{FAMILY}^{GIVEN}", "UR": f"https://x/{NUMBER}", "AE": PLACE}.get(
        vr, f"{FAMILY} {GIVEN}" if vr != "SH" else NUMBER
    )


def traces():
    """The patient in every dress: cases, orders, coded, and hashed without a key."""
    plain = [FAMILY, GIVEN, NUMBER, PLACE, "19550412", "20200311", "55443322", FAMILY[::-1]]
    plain += [f"{FAMILY}^{GIVEN}", f"{GIVEN} {FAMILY}", "1.2.3.55443322", "1.2.3.55443322.1"]
    found = {one.casefold().encode() for one in plain}
    for one in plain:
        found.add(base64.b64encode(one.encode()).rstrip(b"=")[:-1].lower())
        for kind in ("md5", "sha1", "sha256"):
            found.add(hashlib.new(kind, one.encode()).hexdigest()[:16].encode())
            digest = hashlib.new(kind, one.encode()).digest()
            found.add(str(int.from_bytes(digest[:16], "big")).encode())
    return found


def searched(made):
    """Every value of an object at any depth, and its bytes as they are written."""
    for element in made.iterall():
        yield str(element.value).casefold().encode()
        yield str(element.name).casefold().encode()


def assert_nobody(path):
    made = pydicom.dcmread(path)
    values = [value for value in searched(made) if b"pixel" not in value]
    values.append(path.read_bytes()[:20_000].lower())
    values.append(str(path).casefold().encode())
    for trace in traces():
        for value in values:
            assert trace not in value, (path.name, trace, value[:200])
    assert not any(element.tag.is_private for element in made.iterall())


@pytest.fixture
def shared_by(tmp_path, request):
    """Share the results of a scan of films; returns what was written, and where."""
    from screener.network.weights import find

    def share(*films, annotated=False, review=None, **options):
        place, results, folder = tmp_path / "in", tmp_path / "results", tmp_path / "shared"
        place.mkdir(exist_ok=True)
        for number, film in enumerate(films):
            film.save_as(place / f"{number}.dcm", enforce_file_format=True)
        settings = Settings((place,), results, find(None, "cpu"))
        deque(scan(settings, bool), 0)
        if review:
            with Store.reading(results) as store:
                keys = [row.key for row in Worklist(store).rows()]
            with Store.writing(results) as store:
                store.add_review(review(keys[0]))
        with Store.reading(results) as store:
            found = list(
                write_shared(Worklist(store), folder, profile(**options), annotated=annotated)
            )
        return found, folder

    return share


@pytest.mark.parametrize("shifted_dates", [False, True])
def test_no_attribute_names_whom_it_was_of(shared_by, shifted_dates):
    (written,), folder = shared_by(hostile(), shifted_dates=shifted_dates)
    assert not written.left_out
    assert sorted(path.name[:2] for path in written.files) == ["IM", "SC", "SR"]
    for path in written.files:
        assert_nobody(path)
        assert FAMILY not in str(path.relative_to(folder))
        made = pydicom.dcmread(path)
        assert made.PatientIdentityRemoved == "YES"
        assert "burned-in text is not cleaned" in made.DeidentificationMethod
        codes = [code.CodeValue for code in made.DeidentificationMethodCodeSequence]
        assert codes == (["113100", "113107"] if shifted_dates else ["113100"])


def test_pixels_and_what_they_mean_stay(shared_by):
    (written,), _ = shared_by(hostile())
    (image,) = (pydicom.dcmread(path) for path in written.files if path.name[:2] == "IM")
    source = pydicom.dcmread(FILM)
    assert image.PixelData == source.PixelData
    for word in ("Rows", "Columns", "PhotometricInterpretation", "BitsStored", "ViewPosition"):
        assert image.get(word) == source.get(word)


def test_objects_of_a_patient_stay_together_and_strangers_learn_nothing(shared_by):
    (written,), _ = shared_by(hostile())
    made = {path.name[:2]: pydicom.dcmread(path) for path in written.files}
    assert len({one.StudyInstanceUID for one in made.values()}) == 1
    assert len({one.PatientID for one in made.values()}) == 1
    image = made["IM"]
    (source,) = made["SC"].SourceImageSequence
    assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert image.StudyInstanceUID == profile().uid("1.2.3.55443322")
    assert Profile(bytes(32), Options()).uid("1.2.3.55443322") != image.StudyInstanceUID
    assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID


def test_the_same_export_again_writes_nothing_new(shared_by):
    film = hostile()
    first, _ = shared_by(film)
    again, _ = shared_by(film)
    assert first[0].new == 3
    assert again[0].new == 0
    assert first[0].files == again[0].files


def test_shifted_dates_keep_their_distance():
    one, two = Dataset(), Dataset()
    for made, day in ((one, "20200311"), (two, "20200325")):
        made.StudyDate, made.AcquisitionDateTime = day, f"{day}101500.5+0100"
        made.PatientBirthDate = "19550412"
    moved = [profile(shifted_dates=True).applied(made, "P-1") for made in (one, two)]
    days = [date.fromisoformat(made.StudyDate) for made in moved]
    assert (days[1] - days[0]).days == 14
    assert days[0] < date(2020, 3, 11)
    assert moved[0].AcquisitionDateTime == f"{days[0]:%Y%m%d}101500.5+0100"
    assert not moved[0].PatientBirthDate
    other = profile(shifted_dates=True).applied(one, "P-2")
    assert other.StudyDate != moved[0].StudyDate


def test_devices_are_kept_only_if_told():
    made = Dataset()
    made.DeviceSerialNumber, made.StationName, made.DeviceUID = "SN-1", "ROOM7", "1.2.3"
    assert "SN-1" not in str(profile().applied(made, "P-1"))
    kept = profile(device=True).applied(made, "P-1")
    assert (kept.DeviceSerialNumber, kept.StationName, kept.DeviceUID) == ("SN-1", "ROOM7", "1.2.3")


def test_codes_are_those_of_the_standard_or_none():
    made, known, foreign = Dataset(), Dataset(), Dataset()
    known.CodeValue, known.CodingSchemeDesignator, known.CodeMeaning = "121058", "DCM", FAMILY
    foreign.CodeValue, foreign.CodingSchemeDesignator = FAMILY, "99X"
    foreign.CodeMeaning = FAMILY
    made.ViewCodeSequence = Sequence([known, foreign])
    (code,) = profile().applied(made, "P-1").ViewCodeSequence
    assert (code.CodeValue, code.CodeMeaning) == ("121058", "Procedure reported")


@pytest.mark.parametrize(
    ("word", "value"), [("BurnedInAnnotation", "YES"), ("RecognizableVisualFeatures", "YES")]
)
def test_films_with_burned_in_text_are_left_out_unless_told(shared_by, word, value):
    film = hostile()
    setattr(film, word, value)
    (written,), folder = shared_by(film)
    assert "left out without --annotated" in written.left_out
    assert not written.files
    assert not folder.exists()
    (written,), _ = shared_by(film, annotated=True)
    assert len(written.files) == 3


def test_reviewers_and_their_words_stay_here(shared_by):
    from datetime import UTC, datetime

    def review(key):
        words = f"spoke to {FAMILY}"
        now = datetime(2020, 4, 1, tzinfo=UTC)
        return Review(key, "Dr Eve Adams", Verdict.AGREE, None, False, words, now, words)

    (written,), _ = shared_by(hostile(), review=review)
    report = next(path for path in written.files if path.name[:2] == "SR")
    assert_nobody(report)
    said = " ".join(texts(pydicom.dcmread(report)))
    assert "Review by reviewer 1" in said
    assert "Adams" not in said
    assert "spoke to" not in said


def errors(path):
    run = subprocess.run(
        ["dciodvfy", path], capture_output=True, text=True, errors="replace", check=False
    )
    return {line for line in run.stderr.splitlines() if line.startswith("Error")}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_phantoms_stay_valid(films, results, tmp_path):
    before = set().union(*map(errors, films.rglob("*.dcm")))
    with Store.reading(results) as store:
        written = list(write_shared(Worklist(store), tmp_path, profile()))
    files = [path for one in written for path in one.files]
    assert len(files) > 40
    left_out = [one.left_out for one in written if one.left_out]
    assert all("film.png: not a DICOM file" in words for words in left_out)
    people = [person for _, person in NAMES.values()]
    for path in files:
        made = pydicom.dcmread(path)
        assert not any(person.split("^")[0] in str(made.PatientName) for person in people)
        assert errors(path) <= (before if path.name.startswith("IM") else set()), path
