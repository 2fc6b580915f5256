"""Tables, windows and padding of a header, also where they contradict pixels or themselves."""

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from screener.reading import pixels
from screener.reading.limits import PixelError
from tests import dicoms

VALUES = dicoms.ramp(80, 96)
PLAIN = [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]


def table(first, entries, bits, *, descriptor_vr="US", data_vr="OW", syntax=PLAIN[1]):
    """A lookup table as some program wrote it, which need not be as it should."""
    item = Dataset()
    size = len(entries) if len(entries) < 1 << 16 else 0
    item.add_new("LUTDescriptor", descriptor_vr, [size, first, bits])
    words = np.asarray(entries).astype(">u2" if syntax == PLAIN[2] else "<u2")
    if data_vr == "OW":
        item.add_new("LUTData", "OW", words.tobytes())
    else:
        kind = "i2" if data_vr == "SS" else "u2"
        native = words.astype("u2").view(kind)
        item.add_new("LUTData", data_vr, [int(number) for number in native])
    return item


def gray(tmp_path, values, item, *, syntax=PLAIN[1], sequence="VOILUTSequence", **elements):
    path = dicoms.write(tmp_path / "a", values, syntax=syntax, **{sequence: [item]}, **elements)
    return pixels.load(path)


@pytest.mark.parametrize("syntax", PLAIN)
@pytest.mark.parametrize("data_vr", ["OW", "US"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_table_of_negative_values_is_found_whatever_its_representation(
    tmp_path, syntax, data_vr, photometric
):
    """Unsigned pixels become negative by their intercept, and the table begins there."""
    entries = np.arange(4096)
    descriptor = "US" if syntax == PLAIN[0] else "SS"
    first = (-1024) % 65536 if descriptor == "US" else -1024
    item = table(first, entries, 12, descriptor_vr=descriptor, data_vr=data_vr, syntax=syntax)
    found = gray(
        tmp_path, VALUES, item, syntax=syntax, bits=12, RescaleIntercept=-1024, RescaleSlope=1,
        PhotometricInterpretation=photometric,
    )  # fmt: skip
    expected = VALUES / 4095
    np.testing.assert_allclose(
        found, 1 - expected if photometric == "MONOCHROME1" else expected, atol=1e-6
    )


def test_an_unsigned_first_value_written_as_signed_is_found(tmp_path):
    values = np.linspace(40_000, 40_000 + 4095, 80 * 96).astype(np.uint16).reshape(80, 96)
    item = table(40_000 - 65536, np.arange(4096), 12, descriptor_vr="SS")
    np.testing.assert_allclose(gray(tmp_path, values, item), (values - 40_000) / 4095, atol=1e-6)


@pytest.mark.parametrize("syntax", PLAIN)
def test_a_modality_table_of_signed_pixels_is_found(tmp_path, syntax):
    values = (VALUES.astype(np.int32) - 2048).astype(np.int16)
    item = table(-2048, np.arange(4096), 12, descriptor_vr="SS", syntax=syntax)
    found = gray(
        tmp_path, values, item, syntax=syntax, sequence="ModalityLUTSequence",
        WindowCenter=2047.5, WindowWidth=4095, VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    np.testing.assert_allclose(found, VALUES / 4095, atol=1e-6)


@pytest.mark.parametrize("values", [VALUES, (VALUES // 2).astype(np.int16)])
def test_table_data_in_signed_words_are_the_same_bits(tmp_path, values):
    entries = np.arange(4096) * 16 + 15
    expected = gray(tmp_path, values, table(0, entries, 16), bits=12)
    found = gray(tmp_path, values, table(0, entries, 16, data_vr="SS"), bits=12)
    np.testing.assert_array_equal(found, expected)
    assert found.max() > 0.49


@pytest.mark.parametrize("declared", [8, 10, 14, 16, 0, 99])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_width_that_entries_use_counts(tmp_path, declared, photometric):
    true, lie = (
        gray(
            tmp_path, VALUES, table(0, np.arange(4096), bits), bits=12,
            PhotometricInterpretation=photometric,
        )
        for bits in (12, declared)
    )  # fmt: skip
    np.testing.assert_array_equal(lie, true)


def test_entries_of_one_byte_are_read(tmp_path):
    item = table(0, range(256), 8)
    item.LUTData = bytes(range(256))
    found = gray(tmp_path, VALUES.astype(np.uint8), item)
    np.testing.assert_allclose(found, VALUES.astype(np.uint8) / 255, atol=1e-6)


@pytest.mark.parametrize("missing", ["LUTDescriptor", "LUTData"])
def test_a_table_that_cannot_be_read_is_named(tmp_path, missing):
    item = table(0, np.arange(4096), 12)
    delattr(item, missing)
    with pytest.raises(PixelError, match="lookup table of its header cannot be read"):
        gray(tmp_path, VALUES, item)


@pytest.mark.parametrize("kept", [100, 3000, 4000])
def test_a_table_that_was_cut_short_is_not_gone_on_with(tmp_path, kept):
    item = table(0, np.arange(4096), 12)
    item.LUTData = item.LUTData[: 2 * kept]
    with pytest.raises(PixelError, match="lookup table of its header cannot be read"):
        gray(tmp_path, VALUES, item)


def test_a_table_that_reaches_past_all_values_may_be_shorter_than_it_says(tmp_path):
    item = table(0, np.arange(4096), 12)
    whole = gray(tmp_path, VALUES, item)
    item.LUTDescriptor = [0, 0, 12]  # 65536 of them
    np.testing.assert_array_equal(gray(tmp_path, VALUES, item), whole)


WINDOWS = [b"2047,5", b"[2047]", b"middle", b"204.5x", b"1,024 ", b"1e999 ", b"nan   "]


@pytest.mark.parametrize(
    "word", ["WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"]
)
@pytest.mark.parametrize("written", WINDOWS)
@pytest.mark.parametrize("syntax", PLAIN)
def test_a_number_that_is_none_costs_no_film(tmp_path, word, written, syntax):
    """What stands in its place, or in its units, is left out too."""
    if written == b"2047,5" and word.startswith("Rescale"):
        pytest.skip("that is a number")
    whole = {"WindowCenter": "2047.5", "WindowWidth": "4095.0", "RescaleSlope": "1.0000"}
    path = dicoms.write(
        tmp_path / "a", VALUES, bits=12, syntax=syntax, **(whole | {word: "111.11"})
    )
    path.write_bytes(path.read_bytes().replace(b"111.11", written))
    found = pixels.load(path)
    assert (found.min(), found.max()) == (0.0, 1.0)
    assert found.mean() == pytest.approx(0.5, abs=0.05)


def test_a_decimal_comma_is_read(tmp_path):
    path = dicoms.write(tmp_path / "a", VALUES, bits=12, WindowCenter="111.11", WindowWidth="999.9")
    expected = pixels.load(path)
    path.write_bytes(path.read_bytes().replace(b"111.11", b"111,11").replace(b"999.9", b"999,9"))
    np.testing.assert_array_equal(pixels.load(path), expected)


@pytest.mark.parametrize("vr", ["SS", "US"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits", [12, 16])
def test_padding_of_the_wrong_sign_is_black(tmp_path, vr, photometric, bits):
    signed = dicoms.ramp(bits=bits - 1).astype(np.int32) - (0 if vr == "SS" else 1000)
    values = signed.astype(np.uint16 if vr == "SS" else np.int16)
    values[:10] = (1 << bits) - 1 if vr == "SS" else -(1 << bits - 1)
    made = dicoms.dataset(values, bits=bits, PhotometricInterpretation=photometric)
    made.add_new("PixelPaddingValue", vr, -1 if vr == "SS" else 1 << bits - 1)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.save_as(tmp_path / "a", enforce_file_format=True)
    found = pixels.load(tmp_path / "a")
    assert not found[:10].any()
    assert (found[10:].min(), found[10:].max()) == (0.0, 1.0)
    assert len(np.unique(found[10:])) > 1500
