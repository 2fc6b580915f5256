"""Every kind of file decodes to the gray a reader would see, or is refused with a reason."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from screener.reading import pixels
from screener.reading.limits import PixelError
from screener.study import Outcome
from tests import dicoms

SQUARES = np.uint8([[0, 255], [51, 204]])
WHOLE = {"WindowCenter": 127.5, "WindowWidth": 255, "VOILUTFunction": "LINEAR_EXACT"}


def refusal(path, **options):
    with pytest.raises(PixelError) as raised:
        pixels.load(path, **options)
    return raised.value


@pytest.mark.parametrize(
    ("photometric", "shape", "first"),
    [
        ("MONOCHROME2", None, 0.0),
        ("MONOCHROME2", "INVERSE", 1.0),
        ("MONOCHROME1", None, 1.0),
        ("MONOCHROME1", "IDENTITY", 0.0),
        ("MONOCHROME1", "INVERSE", 1.0),
    ],
)
def test_presentation_of_known_pixels(tmp_path, photometric, shape, first):
    path = dicoms.write(
        tmp_path / "a", SQUARES, PhotometricInterpretation=photometric, PresentationLUTShape=shape,
        **WHOLE,
    )  # fmt: skip
    expected = SQUARES / 255 if first == 0 else 1 - SQUARES / 255
    np.testing.assert_allclose(pixels.load(path), expected, atol=1e-6)


def test_a_monochrome1_tag_on_pixels_that_are_positive_is_believed(tmp_path):
    path = dicoms.write(tmp_path / "a", SQUARES, PhotometricInterpretation="MONOCHROME1", **WHOLE)
    assert pixels.load(path)[0, 0] == 1.0


def test_gray_is_float32(tmp_path):
    assert pixels.load(dicoms.write(tmp_path / "a", SQUARES)).dtype == np.float32


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    ],
)
def test_plain_transfer_syntaxes_give_the_same_gray(tmp_path, syntax):
    values = dicoms.ramp()
    expected = pixels.load(dicoms.write(tmp_path / "a", values, bits=12))
    found = pixels.load(dicoms.write(tmp_path / "b", values, bits=12, syntax=syntax))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEG2000Lossless])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_lossless_transfer_syntaxes_give_the_same_gray(tmp_path, syntax, bits):
    values = dicoms.ramp(bits=bits)
    expected = pixels.load(dicoms.write(tmp_path / "a", values, bits=bits))
    found = pixels.load(dicoms.write(tmp_path / "b", values, bits=bits, encoded=syntax))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "syntax", [uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEGLSNearLossless]
)
def test_transfer_syntaxes_that_gdcm_writes_are_read(tmp_path, syntax):
    values = dicoms.ramp(bits=12)
    plain = dicoms.write(tmp_path / "plain.dcm", values, bits=12)
    encoded = dicoms.transcode(plain, tmp_path / "encoded.dcm", syntax)
    np.testing.assert_allclose(pixels.load(encoded), pixels.load(plain), atol=3 / 4095)


def test_signed_compressed_values_keep_their_sign(tmp_path):
    values = (dicoms.ramp(bits=12).astype(np.int32) - 2048).astype(np.int16)
    expected = pixels.load(dicoms.write(tmp_path / "a", values, bits=12))
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless):
        found = pixels.load(dicoms.write(tmp_path / "b", values, bits=12, encoded=syntax))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]
)
def test_file_without_meta_information_is_read(tmp_path, syntax):
    values = dicoms.ramp()
    expected = pixels.load(dicoms.write(tmp_path / "a", values, bits=12))
    found = pixels.load(dicoms.write(tmp_path / "b", values, bits=12, bare=True, syntax=syntax))
    np.testing.assert_array_equal(found, expected)


def test_overlay_bits_above_the_value_are_ignored(tmp_path):
    values = dicoms.ramp()
    clean = pixels.load(dicoms.write(tmp_path / "a", values, bits=12))
    marked = pixels.load(dicoms.write(tmp_path / "b", values | 0x8000, bits=12))
    np.testing.assert_array_equal(marked, clean)


def test_value_in_the_upper_bits_is_found_by_high_bit(tmp_path):
    values = dicoms.ramp()
    low = pixels.load(dicoms.write(tmp_path / "a", values, bits=12))
    high = pixels.load(dicoms.write(tmp_path / "b", values << 4, bits=12, HighBit=15))
    np.testing.assert_array_equal(high, low)


def test_float_pixels_are_read(tmp_path):
    values = np.float32([[0.0, 0.5], [0.75, 1.0]])
    path = dicoms.write(
        tmp_path / "a", values, WindowCenter=0.5, WindowWidth=1, VOILUTFunction="LINEAR_EXACT"
    )
    np.testing.assert_allclose(pixels.load(path), values)


def test_floats_that_are_no_numbers_do_not_spread(tmp_path):
    values = np.float32([[0.0, np.nan], [0.5, 1.0]])
    assert np.isfinite(pixels.load(dicoms.write(tmp_path / "a", values))).all()


@pytest.mark.parametrize("nonsense", [b"nan ", b"inf ", b"0   "])
def test_nonsense_slopes_are_not_applied(tmp_path, nonsense):
    path = dicoms.write(tmp_path / "a", SQUARES, RescaleSlope="1.25", **WHOLE)
    path.write_bytes(path.read_bytes().replace(b"1.25", nonsense))
    np.testing.assert_allclose(pixels.load(path), SQUARES / 255, atol=1e-6)


def test_rescale_and_window_of_the_header_are_applied(tmp_path):
    path = dicoms.write(
        tmp_path / "a", np.uint8([[50, 100]]), RescaleSlope=2, RescaleIntercept=-100,
        WindowCenter=[0, 999], WindowWidth=[400, 1], VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    np.testing.assert_allclose(pixels.load(path), [[0.5, 0.75]])


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_voi_table_of_the_header_is_applied(tmp_path, syntax):
    table = Dataset()
    table.LUTDescriptor = [3, 10, 12]
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    table.LUTData = np.array([0, 1365, 4095], f"{order}u2").tobytes()
    table["LUTData"].VR = "OW"
    path = dicoms.write(
        tmp_path / "a", np.uint16([[10, 11, 12]]), VOILUTSequence=[table], syntax=syntax
    )
    np.testing.assert_allclose(pixels.load(path), [[0, 1 / 3, 1]], atol=1e-6)


def test_padding_of_a_signed_image_is_black(tmp_path):
    path = dicoms.write(
        tmp_path / "a", np.int16([[-2000, 0], [500, 1000]]), PixelPaddingValue=-2000,
        PhotometricInterpretation="MONOCHROME1", WindowCenter=500, WindowWidth=1001,
        syntax=uid.ImplicitVRLittleEndian,
    )  # fmt: skip
    gray = pixels.load(path)
    assert gray[0].tolist() == [0.0, pytest.approx(1.0, abs=0.001)]


def test_only_padding_is_refused(tmp_path):
    path = dicoms.write(tmp_path / "a", np.uint8([[7, 7]]), PixelPaddingValue=7)
    assert "padding" in refusal(path).reason


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_png_modes_become_gray(tmp_path, mode):
    image = Image.fromarray(np.uint8([[0, 255], [255, 0]])).convert(mode)
    image.save(tmp_path / "a.png")
    np.testing.assert_allclose(pixels.load(tmp_path / "a.png"), [[0, 1], [1, 0]], atol=0.01)


def test_sixteen_bit_png_uses_the_range_it_has(tmp_path):
    Image.fromarray(dicoms.ramp(bits=12)).save(tmp_path / "a.png")
    gray = pixels.load(tmp_path / "a.png")
    assert (gray.min(), gray.max()) == (0.0, 1.0)
    assert len(np.unique(gray)) > 4000


def test_exif_orientation_is_respected(tmp_path):
    image = Image.fromarray(np.repeat(np.uint8([[0, 255]]), 64, axis=0).repeat(32, axis=1))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera lay on its side: turn by 90 degrees
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    gray = pixels.load(tmp_path / "a.jpg")
    assert gray[:20].mean() < 0.05
    assert gray[-20:].mean() > 0.95


def test_broken_exif_does_not_cost_the_picture(tmp_path):
    Image.fromarray(dicoms.ramp(bits=8)).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\xff\xff")
    assert pixels.load(tmp_path / "a.jpg").shape == (80, 96)


def test_colour_is_measured(tmp_path):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "red.png")
    Image.fromarray(dicoms.ramp(bits=8)).convert("RGB").save(tmp_path / "gray.png")
    assert pixels.picture(tmp_path / "red.png").colour == 1.0
    assert pixels.picture(tmp_path / "gray.png").colour == 0.0


def test_declared_size_is_refused_before_decoding(tmp_path):
    path = dicoms.write(tmp_path / "a", SQUARES, Rows=46341, Columns=46341)
    assert "46341 x 46341" in refusal(path).reason


def test_limit_holds_for_png_too(tmp_path):
    Image.new("L", (300, 300)).save(tmp_path / "a.png")
    assert "over the limit" in refusal(tmp_path / "a.png", max_pixels=80_000).reason


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_cut_short_files_are_refused(tmp_path, keep):
    for name in ("a.png", "a.jpg"):
        Image.fromarray(dicoms.ramp(bits=8)).save(tmp_path / name)
    dicoms.write(tmp_path / "a.dcm", dicoms.ramp())
    for path in sorted(tmp_path.iterdir()):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
        error = refusal(path)
        assert error.outcome is Outcome.UNREADABLE
        assert "cut short" in error.reason


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_sixteen_bit_colour_is_not_cut_to_its_high_bytes(tmp_path, mode):
    path = deep_png(tmp_path / "a.png", {"RGB": 2, "RGBA": 6, "LA": 4}[mode], len(mode))
    assert refusal(path).outcome is Outcome.UNREADABLE
    assert "16 bits with several channels" in refusal(path).reason


def deep_png(path, colour_type, channels):
    """A PNG of 16 bits a channel, which Pillow does not write."""

    def chunk(name, content):
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    lines = b"".join(
        b"\0" + np.repeat(row, channels).astype(">u2").tobytes() for row in dicoms.ramp()
    )
    header = struct.pack(">IIBBBBB", 96, 80, 16, colour_type, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def test_sixteen_bits_of_gray_keep_all_their_steps(tmp_path):
    assert len(np.unique(pixels.load(deep_png(tmp_path / "a.png", 0, 1)))) > 4000


def test_cmyk_becomes_gray(tmp_path):
    Image.fromarray(dicoms.ramp(bits=8)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(
        pixels.load(tmp_path / "a.jpg"), dicoms.ramp(bits=8) / 255, atol=0.02
    )


def test_other_files_are_unsuitable(tmp_path):
    (tmp_path / "a.dcm").write_text("not at all")
    assert refusal(tmp_path / "a.dcm").outcome is Outcome.UNSUITABLE


def test_missing_file_is_named_so(tmp_path):
    assert refusal(tmp_path / "none.png").reason == "the file is no longer there"


def test_unknown_transfer_syntax_is_named_with_a_cure(tmp_path):
    path = dicoms.write(tmp_path / "a", SQUARES, encoded=uid.RLELossless)
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.9.9.9\0"))
    reason = refusal(path).reason
    assert "no decoder reads an unknown transfer syntax; convert it" in reason
    assert "9.9.9" not in reason, "an identifier of digits could be somebody's"


def test_jpeg_xl_is_named(tmp_path):
    path = dicoms.write(tmp_path / "a", dicoms.ramp(), encoded=uid.JPEG2000Lossless)
    data = bytearray(path.read_bytes())
    data[140] += 2  # the length of the meta information
    old, new = b"\x16\x001.2.840.10008.1.2.4.90", b"\x18\x001.2.840.10008.1.2.4.110\0"
    path.write_bytes(data.replace(old, new, 1))
    assert "JPEG XL Lossless (1.2.840.10008.1.2.4.110)" in refusal(path).reason


def test_missing_decoder_is_named_with_its_package(tmp_path):
    plain = dicoms.write(tmp_path / "plain.dcm", dicoms.ramp(), bits=12)
    path = dicoms.transcode(plain, tmp_path / "a.dcm", uid.JPEGLSLossless)
    program = (
        "import sys; sys.modules |= dict.fromkeys(('gdcm', 'jpeg_ls'))\n"
        "from pathlib import Path; from screener.reading import limits, pixels\n"
        "try: pixels.load(Path(sys.argv[1]))\n"
        "except limits.PixelError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert "JPEG-LS Lossless" in run.stdout
    assert "1.2.840.10008.1.2.4.80" in run.stdout
    assert "pip install python-gdcm" in run.stdout


def test_reasons_quote_nothing_from_the_file(tmp_path):
    path = dicoms.write(tmp_path / "a", SQUARES, PhotometricInterpretation="DOE JANE", Rows=99)
    assert "JANE" not in refusal(path).reason


def test_square_squashes_and_stretches():
    gray = np.linspace(0.2, 0.6, 64 * 128, dtype=np.float32).reshape(64, 128)
    squared = pixels.square(gray, 32)
    assert squared.shape == (32, 32)
    assert (squared.min(), squared.max()) == (0, 255)
    assert squared.dtype == np.uint8


def test_square_does_not_alias():
    stripes = np.tile(np.float32([0, 1]), (64, 256))
    stripes[:, :4] = 0
    stripes[:, -4:] = 1
    middle = pixels.square(stripes, 16)[:, 4:-4]
    assert np.ptp(middle.astype(int)) <= 2


def test_square_of_a_flat_picture_is_black():
    assert not pixels.square(np.full((70, 70), 0.5, np.float32), 16).any()


@pytest.mark.parametrize("name", ["explicitLE", "deflated", "j2k_lossless", "implicitLE"])
def test_one_real_chest_in_several_syntaxes(shared, name):
    folder = shared / "dicom"
    expected = pixels.load(folder / "chest_CR-MONO1-10_nopreamble.dcm")
    found = pixels.load(folder / f"derived_chest_{name}.dcm")
    np.testing.assert_array_equal(found, expected)


def test_real_extended_jpeg_of_12_bits(shared, capfd):
    folder = shared / "dicom"
    lossless = pixels.load(folder / "xray_leg_RG3_rle_mono1.dcm")
    lossy = pixels.load(folder / "xray_leg_RG3_jpeg_extended12_mono1.dcm")
    assert np.abs(lossy - lossless).mean() < 0.01
    assert capfd.readouterr().err == ""


def test_every_real_file_is_pixels_or_a_reason(shared, capfd):
    ends = [outcome_of(path) for path in sorted((shared / "dicom").iterdir())]
    assert ends.count("pixels") > 20
    assert "out of range" not in ends
    assert capfd.readouterr() == ("", "")


def outcome_of(path):
    try:
        gray = pixels.load(path)
    except PixelError as error:
        return error.reason
    return "pixels" if 0 <= gray.min() <= gray.max() <= 1 else "out of range"
