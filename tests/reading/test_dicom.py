"""Reading headers fast must read what pydicom reads."""

from __future__ import annotations

import numpy as np
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from sample_data.make_phantoms import Film, write_film
from screener.reading import dicom, header

WORDS = (
    "PatientName", "PatientID", "Modality", "StudyDate", "StudyTime", "AcquisitionDateTime",
    "PatientAge", "StudyInstanceUID", "AccessionNumber", "Rows", "StudyDescription",
)  # fmt: skip
VRS = ("PN", "LO", "CS", "DA", "TM", "DT", "AS", "UI", "SH", "US", "UN", None)
CHARSETS = (b"", b"ISO_IR 100", b"ISO_IR 192", b"ISO_IR 13", b"\\ISO 2022 IR 87", b"nonsense")


@settings(max_examples=500)
@given(
    st.sampled_from(WORDS),
    st.sampled_from(VRS),
    st.sampled_from(CHARSETS),
    st.binary(max_size=12) | st.text("ABC^ \\=~\0 1.", max_size=12).map(str.encode),
)
def test_a_value_is_what_pydicom_makes_of_it(word, vr, charset, content):
    with dicom.quiet():
        expected = said(lambda: _holding(word, vr, charset, content)[word].value)
        found = said(lambda: dicom.value_of(_holding(word, vr, charset, content), word))
    assert found == expected


def said(value):
    """A value as one text, or what kind of error it is."""
    try:
        return str(value() or "")
    except dicom.DAMAGED as error:
        return type(error)


def _holding(word, vr, charset, content):
    dataset = Dataset()
    for tag, kind, value in (
        (Tag("SpecificCharacterSet"), "CS", charset),
        (Tag(word), vr, content),
    ):
        dataset[tag] = RawDataElement(tag, kind, len(value), value, 0, vr is None, True)
    return dataset


def test_an_absent_value_is_none():
    assert dicom.value_of(Dataset(), "Modality") is None


def test_a_header_longer_than_a_file_s_first_bytes_is_read_to_its_end(tmp_path):
    long = "x" * (2 * dicom.MAX_META)
    film = Film(
        "long.dcm",
        1,
        shape=(64, 64),
        elements={"TextValue": long, "PatientOrientation": ["L", "F"]},
    )
    write_film(tmp_path, film, np.zeros((64, 64), np.float32))
    dataset, has_pixels = dicom.read_header(tmp_path / "long.dcm", header.TAGS)
    whole = pydicom.dcmread(tmp_path / "long.dcm", stop_before_pixels=True)
    assert has_pixels
    assert dataset.Rows == whole.Rows == 64
