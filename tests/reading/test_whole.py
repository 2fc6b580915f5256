"""What was cut short is refused with how much is missing; what is whole is read."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.encaps import generate_fragments

from screener.reading import pixels, tiles
from screener.reading.codestream import EOI
from screener.reading.limits import PixelError
from screener.study import Outcome
from tests import dicoms

JPEGS = {
    "baseline": {},
    "optimised": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "colour": {"colour": True},
    "colour, restarts": {"colour": True, "subsampling": 2, "restart_marker_blocks": 5},
}
DAMAGED = "data are "  # cut short or damaged, by what raised it
CUT = {
    "cut": lambda kept, _: kept,
    "end put back": lambda kept, _: kept + EOI,
    "zeros": lambda kept, lost: kept + bytes(lost),
    "zeros, end put back": lambda kept, lost: kept + bytes(lost) + EOI,
    "filled": lambda kept, lost: kept + b"\xaa" * lost + EOI,
}


def film(black_edge):
    values = dicoms.film(bits=8)
    values[-40 * black_edge or len(values) :] = 0
    return values


def jpeg(values, *, colour=False, **options):
    image = Image.fromarray(values)
    written = io.BytesIO()
    (image.convert("RGB") if colour else image).save(written, "JPEG", quality=90, **options)
    return written.getvalue()


def reason(path):
    with pytest.raises(PixelError) as raised:
        pixels.load(path)
    assert raised.value.outcome is Outcome.UNREADABLE
    return raised.value.reason


@pytest.mark.parametrize("black_edge", [False, True])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_whole_jpeg_is_read_whatever_follows_it(tmp_path, kind, black_edge):
    stream = jpeg(film(black_edge), **JPEGS[kind])
    (tmp_path / "a.jpg").write_bytes(stream)
    (tmp_path / "b.jpg").write_bytes(stream + bytes(4096))
    np.testing.assert_array_equal(pixels.load(tmp_path / "a.jpg"), pixels.load(tmp_path / "b.jpg"))


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.97])
@pytest.mark.parametrize("how", CUT)
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_cut_short_is_refused(tmp_path, kind, how, keep):
    stream = jpeg(film(black_edge=False), **JPEGS[kind])
    kept = int(keep * len(stream))
    (tmp_path / "a.jpg").write_bytes(CUT[how](stream[:kept], len(stream) - kept))
    assert "cut short: " in reason(tmp_path / "a.jpg")


@pytest.mark.parametrize(("keep", "percent"), [(0.5, 49), (0.9, 12)])
def test_the_reason_says_how_much_is_missing(tmp_path, keep, percent):
    stream = jpeg(film(black_edge=False))
    begin = stream.index(b"\xff\xda")
    kept = begin + int(keep * (len(stream) - begin))
    (tmp_path / "a.jpg").write_bytes(stream[:kept] + EOI)
    said = int(reason(tmp_path / "a.jpg").partition("about ")[2].partition(" %")[0])
    assert said == pytest.approx(percent, abs=7)


HOLES = {
    "zeros": lambda lost: bytes(len(lost)),
    "ones": lambda lost: b"\xff" * len(lost),
    "alternating bits": lambda lost: b"\xaa" * len(lost),
    "foreign bytes": lambda lost: np.random.default_rng(5).bytes(len(lost)),
    "lost": lambda lost: b"",
    "twice": lambda lost: 2 * lost,
}


def holed(stream, hole, size=1024):
    middle = len(stream) // 2
    return stream[:middle] + HOLES[hole](stream[middle:][:size]) + stream[middle + size :]


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("kind", JPEGS)
def test_a_hole_in_a_jpeg_is_found(tmp_path, kind, hole):
    stream = jpeg(dicoms.film(400, 320, bits=8), **JPEGS[kind])
    (tmp_path / "a.jpg").write_bytes(holed(stream, hole))
    assert DAMAGED in reason(tmp_path / "a.jpg")


@pytest.mark.parametrize("end", [b"\xff\xff", b"\0"])
@pytest.mark.parametrize("kind", JPEGS)
def test_fill_bytes_before_the_end_are_borne(tmp_path, kind, end):
    stream = jpeg(film(black_edge=True), **JPEGS[kind])
    (tmp_path / "a.jpg").write_bytes(stream)
    (tmp_path / "b.jpg").write_bytes(stream[:-2] + end + EOI)
    np.testing.assert_array_equal(pixels.load(tmp_path / "a.jpg"), pixels.load(tmp_path / "b.jpg"))


SYNTAXES = [
    (uid.JPEGBaseline8Bit, 8),
    (uid.JPEGExtended12Bit, 12),
    (uid.JPEGLossless, 12),
    (uid.JPEGLosslessSV1, 8),
    (uid.JPEGLosslessSV1, 12),
    (uid.JPEGLosslessSV1, 16),
    (uid.JPEGLSLossless, 12),
    (uid.JPEGLSNearLossless, 12),
    (uid.JPEG2000Lossless, 12),
    (uid.RLELossless, 12),
]


def encoded(tmp_path, values, syntax, bits):
    if syntax == uid.JPEGBaseline8Bit:
        return jpeg(values)
    if syntax in (uid.JPEG2000Lossless, uid.RLELossless):
        path = dicoms.write(tmp_path / "whole", values, bits=bits, encoded=syntax)
    else:
        plain = dicoms.write(tmp_path / "plain", values, bits=bits)
        path = dicoms.transcode(plain, tmp_path / "whole", syntax)
    return dicoms.stream_of(path)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("syntax", "bits"), SYNTAXES)
def test_each_syntax_is_read_whole(tmp_path, syntax, bits, photometric):
    """Also with a black edge, which some of them code as nothing but zeros."""
    values = dicoms.film(bits=bits)
    values[-40:] = 0
    stream = encoded(tmp_path, values, syntax, bits)
    path = dicoms.wrap(
        tmp_path / "a", stream, values, syntax=syntax, bits=bits,
        PhotometricInterpretation=photometric,
    )  # fmt: skip
    plain = dicoms.write(tmp_path / "b", values, bits=bits, PhotometricInterpretation=photometric)
    assert np.abs(pixels.load(path) - pixels.load(plain)).mean() < 0.02


@pytest.mark.parametrize("keep", [0.5, 0.9])
@pytest.mark.parametrize("how", list(CUT)[:4])
@pytest.mark.parametrize(("syntax", "bits"), SYNTAXES)
def test_each_syntax_cut_short_is_refused(tmp_path, syntax, bits, how, keep):
    values = dicoms.film(bits=bits)
    stream = encoded(tmp_path, values, syntax, bits)
    kept = int(keep * len(stream))
    short = CUT[how](stream[:kept], len(stream) - kept)
    path = dicoms.wrap(tmp_path / "a", short, values, syntax=syntax, bits=bits)
    assert "cut short" in reason(path)


def written(folder, stream, values, syntax, bits):
    return dicoms.wrap(folder / "a", stream, values, syntax=syntax, bits=bits)


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize(
    ("syntax", "bits"), [*SYNTAXES, (uid.JPEGLSLossless, 8), (uid.RLELossless, 8)]
)
def test_a_hole_in_each_syntax_is_found(tmp_path, syntax, bits, hole):
    values = dicoms.film(400, 320, bits=bits)
    stream = holed(encoded(tmp_path, values, syntax, bits), hole)
    if (syntax, hole) == (uid.JPEG2000Lossless, "foreign bytes"):
        return  # its coder takes any bytes for picture, if none of them could be a marker
    assert DAMAGED in reason(written(tmp_path, stream, values, syntax, bits))


@pytest.mark.parametrize("value", [0, 1, 4095])
@pytest.mark.parametrize("syntax", [uid.JPEGExtended12Bit, uid.JPEGLosslessSV1, uid.RLELossless])
def test_a_film_of_one_gray_is_whole(tmp_path, syntax, value):
    """Each of its pixels takes a bit, and other bits are no code."""
    values = np.full((90, 70), value, np.uint16)
    values[0, 0] = 4095 - value
    stream = encoded(tmp_path, values, syntax, 12)
    pixels.load(written(tmp_path, stream, values, syntax, 12))


@pytest.mark.parametrize("pad", [b"\0", b"\0\0", b"\x80"])
def test_padding_of_an_rle_frame_is_borne(tmp_path, pad):
    values = dicoms.film(bits=8)
    stream = encoded(tmp_path, values, uid.RLELossless, 8)
    whole = pixels.load(written(tmp_path, stream, values, uid.RLELossless, 8))
    padded = pixels.load(written(tmp_path, stream + pad, values, uid.RLELossless, 8))
    np.testing.assert_array_equal(whole, padded)


def test_a_byte_of_nothing_but_padding_bits_is_borne(tmp_path):
    values = dicoms.film(bits=12)
    stream = encoded(tmp_path, values, uid.JPEGLosslessSV1, 12)
    end = stream.rindex(EOI)
    padded = stream[:end] + b"\xff\0" + EOI
    pixels.load(written(tmp_path, padded, values, uid.JPEGLosslessSV1, 12))


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_a_deflated_file_is_found(tmp_path, hole):
    values = dicoms.film(400, 320, bits=12)
    deflated = uid.DeflatedExplicitVRLittleEndian
    path = dicoms.write(tmp_path / "a", values, bits=12, syntax=deflated)
    path.write_bytes(holed(path.read_bytes(), hole))
    assert DAMAGED in reason(path)


def test_what_may_follow_the_pixels_of_a_deflated_file_is_borne(tmp_path):
    deflated = uid.DeflatedExplicitVRLittleEndian
    path = dicoms.write(
        tmp_path / "a", dicoms.film(), syntax=deflated, DataSetTrailingPadding=bytes(10)
    )
    assert pixels.load(path).shape == (160, 128)


def png(values):
    written = io.BytesIO()
    Image.fromarray(values).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_hole_in_a_png_is_found(tmp_path, hole, bits):
    path = tmp_path / "a.png"
    path.write_bytes(holed(png(dicoms.film(800, 600, bits=bits)), hole, size=70_000))
    assert DAMAGED in reason(path)


@pytest.mark.parametrize(("bits", "keep"), [(8, 0.99), (16, 0.93), (16, 0.5)])
def test_a_png_filled_up_with_zeros_is_refused(tmp_path, bits, keep):
    """Its decoder ends at what is no chunk, and leaves the rest of the picture black."""
    whole = png(dicoms.film(800, 600, bits=bits))
    kept = int(keep * len(whole))
    (tmp_path / "a.png").write_bytes(whole[:kept] + bytes(len(whole) - kept))
    assert DAMAGED in reason(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda stream: stream[: stream.index(b"\xff\x90")], "about 100 % of the picture"),
        (lambda stream: stream.replace(b"\xff\x93", b"\xff\x64", 1), "damaged"),
        (lambda stream: stream[:-40] + b"\xff\x95" + stream[-38:], "damaged"),
        (lambda stream: stream[:-1000] + stream[-2:], "about 4 % of the picture"),
        (lambda stream: stream[:-2] + b"12345" + EOI, "damaged"),
    ],
)
def test_a_jpeg_2000_stream_that_contradicts_itself_is_refused(tmp_path, change, words):
    values = dicoms.film(bits=12)
    stream = encoded(tmp_path, values, uid.JPEG2000Lossless, 12)
    stream = change(stream[: stream.rindex(EOI) + 2])
    assert words in reason(written(tmp_path, stream, values, uid.JPEG2000Lossless, 12))


def test_empty_packets_of_many_layers_are_no_hole(tmp_path):
    values = np.zeros((90, 70), np.uint16)
    made = dicoms.dataset(values, bits=12)
    made.compress(uid.JPEG2000, j2k_cr=[400 - number for number in range(100)])
    stream = b"".join(list(generate_fragments(made.PixelData))[1:])
    assert tiles.first_alike(stream, tiles.FEWEST_ALIKE) is not None
    assert tiles.fault(stream) is None
