"""A header becomes a radiograph or a refusal, whatever the file."""

import struct
import time
import zlib
from datetime import datetime

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from screener.digest import name_of_folder
from screener.reading import dicom, folder, header, pixels
from screener.study import Outcome, Patient, Projection, Radiograph, Refusal
from tests import dicoms


def read(path, **options):
    (found,) = folder.walk([path])
    return header.read(found, **options) if isinstance(found, folder.FoundFile) else found


def of(tmp_path, **elements):
    return read(dicoms.write(tmp_path / "a.dcm", dicoms.ramp(), **elements))


def test_facts_of_a_radiograph(tmp_path):
    found = of(
        tmp_path, bits=12, AccessionNumber="A1", PatientAge="045Y", PatientSex="F",
        StudyTime="101500", PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    path = tmp_path / "a.dcm"
    assert found == Radiograph(
        path=path, study_key="1.2.3.4", patient_id="ID-1", patient_name="Doe^Jane",
        accession="A1", taken_at=datetime(2020, 3, 25, 10, 15), patient_age=45.0,
        patient_sex="F", projection=Projection.PA, photometric="MONOCHROME1",
        transfer_syntax=uid.ExplicitVRLittleEndian, rows=80, columns=96, bits_stored=12,
        size=path.stat().st_size, mtime_ns=path.stat().st_mtime_ns,
    )  # fmt: skip


@pytest.mark.parametrize(("value", "phantom"), [("YES", True), ("BOTH", False), ("NO", False)])
def test_a_quality_control_image_is_a_phantom(tmp_path, value, phantom):
    assert of(tmp_path, QualityControlImage=value).phantom is phantom


@pytest.mark.parametrize(
    ("elements", "moment"),
    [
        ({"AcquisitionDateTime": "20200401123456.5+0100"}, datetime(2020, 4, 1, 12, 34, 56)),
        ({"AcquisitionDate": "20200401", "AcquisitionTime": "1234"}, datetime(2020, 4, 1, 12, 34)),
        ({"StudyDate": "1995.07.20", "StudyTime": "nonsense"}, datetime(1995, 7, 20)),
        ({"StudyDate": "20201399"}, None),
        ({"StudyDate": None}, None),
    ],
)
def test_when_it_was_taken(tmp_path, elements, moment):
    assert of(tmp_path, **elements).taken_at == moment


NINE = (
    "9", "009", "009y", "9 Y", ["009Y", "009Y"], ["009Y", "045Y"], "9,5Y", "9 ans", "9 Jahre",
    "9 let", "9 lat", "9 jaar", "9 anos", "9 vuotta",
)  # fmt: skip
IN_SCRIPTS = {
    9.0: (
        "9 år", "9 yaş", "9 tuổi", "9 лет", "9岁", "9歳", "9살", "9 ปี", "9 साल", "9 سنوات",
        "9 שנים", "9Ｙ", "９Y",
    ),
    0.5: ("6 мес", "6 miesięcy", "6ヶ月", "6个月", "6개월", "6 เดือน", "6 חודשים"),
    0.0: ("5 дней", "5 päivää", "5日"),
}  # fmt: skip
MONTHS = ("6 mesi", "6 kk", "6 mdr", "6 ay", "6 bulan")
FOUR = (
    "20150300",
    "20150000",
    "20159999",
    "2015-3-5",
    "2015/03/05",
    "5.3.2015",
    "15.03.2015",
    "03/15/2015",
    "15032015",
    "20150305120000",
)
"""Births of which not all is known, or that are written another way."""
LATER = ("PerformedProcedureStepStartDate", "DateOfSecondaryCapture", "InstanceCreationDate")
DAYS = ("AcquisitionDate", "AcquisitionDateTime", "ContentDate", "SeriesDate", "StudyDate")


@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "010D"}, 0.0),
        ({"PatientAge": "old"}, None),
        ({"PatientAge": "999Y"}, None),
        *(({"PatientAge": text}, 9.0) for text in NINE),
        *(({"PatientAge": text}, 0.5) for text in MONTHS),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "60 dni"}, 0.08),
        ({"PatientAge": "60 blorp"}, None),
        *(({"PatientBirthDate": text, "StudyDate": "20200302"}, 4.0) for text in FOUR),
        *(
            ({"PatientBirthDate": "20150101", "StudyDate": None, word: "20200101"}, 5.0)
            for word in LATER
        ),
        ({"PatientBirthDate": "19700325", "InstanceCreationDate": "19800101"}, 50.0),
        ({"PatientBirthDate": "19700325"}, 50.0),
        ({"PatientBirthDate": "19700326"}, 49.0),
        ({"PatientBirthDate": "20020325"}, 18.0),
        ({"PatientBirthDate": "20181124"}, 1.33),
        ({"PatientBirthDate": "1970.03.25"}, 50.0),
        ({"PatientBirthDate": "2011"}, 8.0),
        ({"PatientBirthDate": "2020"}, 0.0),
        ({"PatientBirthDate": "20300101"}, None),
        ({"PatientBirthDate": "18300101"}, None),
        ({"PatientAge": "045Y", "PatientBirthDate": "20110101"}, 9.0),
        *(
            ({"PatientBirthDate": "20150101", "StudyDate": None, word: "20200101"}, 5.0)
            for word in DAYS
        ),
        ({}, None),
    ],
)
def test_age_in_years(tmp_path, elements, age):
    assert of(tmp_path, **elements).patient_age == age


@pytest.mark.parametrize(
    ("age", "text"), [(age, text) for age, texts in IN_SCRIPTS.items() for text in texts]
)
def test_ages_are_read_in_their_script(tmp_path, age, text):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), PatientAge="x" * 24)
    path.write_bytes(path.read_bytes().replace(b"x" * 24, text.encode().ljust(24)))
    assert read(path).patient_age == age


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Гусева^Анна"),
        ("ISO_IR 144", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 192", "<script>alert(1)</script>"),
        ("GB18030", "Wang^XiaoDong=王^小东="),
    ],
)
def test_names_in_any_script(tmp_path, charset, name):
    found = of(tmp_path, SpecificCharacterSet=charset, PatientName=name)
    assert found.patient_name == name.rstrip("=")


def test_no_age_gives_the_day_of_birth_away(tmp_path):
    ages = {of(tmp_path, PatientBirthDate=f"195504{day:02}").patient_age for day in range(1, 31)}
    assert ages == {64.0}


def test_a_transfer_syntax_that_is_none_is_not_repeated(tmp_path):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), encoded=uid.RLELossless)
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.19550412.55\0"))
    assert read(path).transfer_syntax == "unknown"


@pytest.mark.parametrize("vr", ["DS", "UV", "IS", "LO"])
@pytest.mark.parametrize(
    "word", ["Rows", "Columns", "BitsStored", "NumberOfFrames", "SamplesPerPixel"]
)
def test_numbers_that_no_image_has_are_not_taken(tmp_path, word, vr):
    made = dicoms.dataset(dicoms.ramp())
    made.add_new(word, vr, 1 << 63 if vr == "UV" else "9223372036854775808")
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.save_as(tmp_path / "a", enforce_file_format=True)
    found = read(tmp_path / "a")
    if word == "BitsStored":
        assert found.bits_stored == 16
    else:
        assert isinstance(found, Refusal)
        assert "922337" not in found.reason


def test_control_characters_do_not_reach_the_terminal(tmp_path):
    found = of(tmp_path, PatientID="AB\x1b[31m\n12")
    assert found.patient_id == "AB[31m12"


def test_unknown_character_set_costs_no_radiograph(tmp_path):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), SpecificCharacterSet="ISO_IR 192")
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"NONSENSE 9"))
    assert read(path).patient_name == "Doe^Jane"


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]
)
def test_missing_meta_information_is_made_good(tmp_path, syntax):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), bare=True, syntax=syntax)
    assert read(path).transfer_syntax == syntax


def test_absurdly_long_values_are_not_read(tmp_path):
    found = of(tmp_path, SeriesDescription="x" * 65_000, syntax=uid.ImplicitVRLittleEndian)
    assert isinstance(found, Radiograph)
    path = dicoms.write(tmp_path / "b", None, syntax=uid.ImplicitVRLittleEndian)
    path.write_bytes(path.read_bytes() + struct.pack("<HHI", 0x0054, 0x0220, 1 << 31))
    assert read(path).reason == "an element of the header is 2147483648 bytes long"


@pytest.mark.parametrize("syntax", [uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian])
def test_unusual_encodings_are_read(tmp_path, syntax):
    found = of(tmp_path, syntax=syntax)
    assert (found.rows, found.transfer_syntax) == (80, syntax)


def test_float_pixels_are_a_radiograph(tmp_path):
    found = read(dicoms.write(tmp_path / "a", np.zeros((80, 80), np.float32)))
    assert found.bits_stored == 32


def test_study_without_uid_is_named_by_its_file(tmp_path):
    assert of(tmp_path, StudyInstanceUID=None).study_key == f"{name_of_folder(tmp_path)}/a.dcm"


@pytest.mark.parametrize("uid", ["", "0", "0.0", "UNKNOWN", "123"])
def test_a_study_uid_that_means_nothing_joins_nothing(tmp_path, uid):
    assert of(tmp_path, StudyInstanceUID=uid).study_key == f"{name_of_folder(tmp_path)}/a.dcm"


def test_a_study_uid_is_never_taken_for_a_path(tmp_path):
    assert of(tmp_path, StudyInstanceUID="root/doe").study_key == "root|doe"


def test_the_issuer_of_a_patients_number(tmp_path):
    assert of(tmp_path, IssuerOfPatientID="HOSPITAL A").issuer == "HOSPITAL A"
    universal = Dataset()
    universal.UniversalEntityID = "1.2.840.99"
    found = of(tmp_path, IssuerOfPatientIDQualifiersSequence=[universal])
    assert found.issuer == "1.2.840.99"


def test_a_refusal_knows_its_patient(tmp_path):
    found = of(tmp_path, Modality="MR", PatientAge="009Y")
    assert found.patient == Patient("ID-1", name="Doe^Jane", age=9.0)


def test_refusal_keeps_the_study(tmp_path):
    found = of(tmp_path, Modality="MR")
    assert (found.outcome, found.study_key) == (Outcome.UNSUITABLE, "1.2.3.4")


def test_no_pixels(tmp_path):
    found = read(dicoms.write(tmp_path / "a", dicoms.ramp(), PixelData=None))
    assert found.reason == "the header is there, but no pixels follow it"


def test_absurd_size_is_refused_and_the_limit_can_be_set(tmp_path):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), Rows=46341, Columns=46341)
    assert "over the limit of 100 million" in read(path).reason
    assert (
        "over the limit of 0.005 million"
        in read(dicoms.write(path, dicoms.ramp()), max_pixels=5000).reason
    )


def test_more_pixels_than_the_file_has_bytes(tmp_path):
    found = of(tmp_path, Rows=4000)
    assert found.outcome is Outcome.UNREADABLE
    assert "are declared, but the file has" in found.reason


def test_icons_are_no_radiographs(tmp_path):
    found = read(dicoms.write(tmp_path / "a", dicoms.ramp(3, 3)))
    assert found.reason == "only 3 x 3 pixels, too few for a radiograph"


@pytest.mark.parametrize("keep", [140, 200, 300, 420])
def test_cut_short_headers_end_as_refusals(tmp_path, keep):
    path = dicoms.write(tmp_path / "a", dicoms.ramp())
    path.write_bytes(path.read_bytes()[:keep])
    assert isinstance(read(path), Refusal)


def test_noise_behind_a_preamble_ends_as_a_refusal(tmp_path):
    rng = np.random.default_rng(1)
    for number in range(60):
        (tmp_path / f"{number}").write_bytes(b"\0" * 128 + b"DICM" + rng.bytes(400))
    findings = list(folder.walk([tmp_path]))
    assert all(isinstance(header.read(found), Refusal) for found in findings)


def test_flipped_bytes_never_raise(tmp_path):
    rng = np.random.default_rng(2)
    whole = dicoms.write(tmp_path / "a", dicoms.ramp(64, 64)).read_bytes()
    for _ in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(0, 700, 4):
            damaged[place] = rng.integers(0, 256)
        (tmp_path / "a").write_bytes(damaged)
        assert isinstance(read(tmp_path / "a"), Radiograph | Refusal)


def test_nested_sequences_end_quickly(tmp_path):
    item = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF)
    item += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    path = dicoms.write(tmp_path / "a", None)
    path.write_bytes(path.read_bytes() + item * 50_000)
    begun = time.perf_counter()
    assert "nested too deeply" in read(path).reason
    assert time.perf_counter() - begun < 2


def test_endless_elements_end_quickly(tmp_path):
    path = dicoms.write(tmp_path / "a", None)
    path.write_bytes(path.read_bytes() + struct.pack("<HH2sH", 0x0029, 0x1000, b"LO", 0) * 10**6)
    begun = time.perf_counter()
    assert "elements" in read(path).reason
    assert time.perf_counter() - begun < 2


def test_deflate_bomb_is_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom, "MAX_INFLATED", 1 << 20)
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), syntax=uid.DeflatedExplicitVRLittleEndian)
    start = path.read_bytes()
    end = 144 + int.from_bytes(start[140:144], "little")
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(start[:end] + squeeze.compress(bytes(1 << 24)) + squeeze.flush())
    assert read(path).reason == "it unfolds to more than 1 MB"


@pytest.mark.parametrize("word", [b"\2\0\0\0UL", b"\2\0\x10\0UI"])
def test_a_deflated_file_that_does_not_say_where_it_begins_is_refused(tmp_path, word):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), syntax=uid.DeflatedExplicitVRLittleEndian)
    path.write_bytes(path.read_bytes().replace(word, b"\2\0\x99\0" + word[4:], 1))
    assert "does not say where the deflated part begins" in read(path).reason


@pytest.mark.parametrize("trailing", [1, 50_000_000])
def test_bytes_after_a_deflated_dataset_cost_nothing(tmp_path, trailing):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), syntax=uid.DeflatedExplicitVRLittleEndian)
    expected = pixels.load(path)
    with path.open("ab") as file:
        file.write(bytes(range(1, 251)) * (trailing // 250) or b"x")
    begun = time.perf_counter()
    assert read(path).transfer_syntax == uid.DeflatedExplicitVRLittleEndian
    assert time.perf_counter() - begun < 2
    np.testing.assert_array_equal(pixels.load(path), expected)


def test_deflated_data_that_unfold_to_nothing_end(tmp_path, monkeypatch):
    """Empty blocks, which could go on for ever."""
    monkeypatch.setattr(dicom, "MAX_INFLATED", 1 << 20)
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), syntax=uid.DeflatedExplicitVRLittleEndian)
    start = path.read_bytes()
    end = 144 + int.from_bytes(start[140:144], "little")
    path.write_bytes(start[:end] + b"\x00\x00\x00\xff\xff" * 2_000_000)
    assert "unfolds to more than" in read(path).reason


def test_a_header_takes_no_longer_than_its_time(tmp_path, monkeypatch):
    """Filling that some library reads byte by byte."""
    monkeypatch.setattr(dicom, "SECONDS", 0.2)
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(9)
    (tmp_path / "a").write_bytes(start + b"\xff" * 20_000_000)
    begun = time.perf_counter()
    assert read(tmp_path / "a").reason == "reading its header took longer than 0.2 s"
    assert time.perf_counter() - begun < 2


def test_meta_information_without_an_end_is_not_followed(tmp_path):
    path = dicoms.write(tmp_path / "a", dicoms.ramp())
    damaged = bytearray(path.read_bytes())
    damaged[140:144] = struct.pack("<I", 1 << 30)
    path.write_bytes(damaged)
    assert "meta information" in read(path).reason


@pytest.mark.parametrize(
    ("kind", "mode", "bits"), [("png", "L", 8), ("png", "I;16", 16), ("jpeg", "RGB", 8)]
)
def test_facts_of_pictures(tmp_path, kind, mode, bits):
    Image.new(mode, (70, 90)).save(tmp_path / "a", format=kind)
    found = read(tmp_path / "a")
    assert (found.rows, found.columns, found.bits_stored) == (90, 70, bits)
    assert (found.transfer_syntax, found.photometric) == (kind, mode)
    assert found.study_key == f"{name_of_folder(tmp_path)}/a"


def test_png_bomb_is_refused_by_its_header(tmp_path):
    Image.new("L", (70, 70)).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "a.png").write_bytes(data)
    assert "60000 x 60000" in read(tmp_path / "a.png").reason


def test_animation_is_refused(tmp_path):
    frames = [Image.new("L", (70, 70), gray) for gray in (0, 255)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert read(tmp_path / "a.png").reason == "an animation, not one radiograph"


def test_damaged_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert read(tmp_path / "a.png").outcome is Outcome.UNREADABLE


def test_every_real_file_is_a_radiograph_or_a_reason(shared, capfd):
    for found in folder.walk([shared / "dicom", shared / "not-radiographs"]):
        begun = time.perf_counter()
        ended = header.read(found) if isinstance(found, folder.FoundFile) else found
        assert isinstance(ended, Radiograph) or len(ended.reason) > 10
        assert time.perf_counter() - begun < 2
    assert capfd.readouterr() == ("", "")


def test_the_real_chests_pass_and_nothing_else_does(shared):
    findings = folder.walk([shared / "dicom"])
    ended = [header.read(one) for one in findings if isinstance(one, folder.FoundFile)]
    passed = {one.path.name for one in ended if isinstance(one, Radiograph)}
    assert passed == {
        path.name
        for path in (shared / "dicom").iterdir()
        if path.name.startswith(("chest_", "derived_chest_"))
    }
