"""Sizes are held against each other before one gray plane of stored values comes out."""

import io
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid

from screener.reading import pixels
from screener.reading.limits import PixelError
from screener.study import Outcome
from tests import dicoms

VALUES = dicoms.film(100, 80)


def reason(path, **options):
    with pytest.raises(PixelError) as raised:
        pixels.load(path, **options)
    assert raised.value.outcome is Outcome.UNREADABLE
    return raised.value.reason


def j2k(tmp_path, values=VALUES, **elements):
    return dicoms.stream_of(
        dicoms.write(tmp_path / "source", values, encoded=uid.JPEG2000Lossless, **elements)
    )


def rewritten(path, **elements):
    """The same file with other elements."""
    dataset = pydicom.dcmread(path)
    for word, value in elements.items():
        setattr(dataset, word, value)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(
    "syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian]
)
@pytest.mark.parametrize("values", [VALUES, VALUES.astype(np.uint8), VALUES.astype(np.float32)])
@pytest.mark.parametrize(("rows", "columns"), [(50, 80), (100, 40), (100, 79), (99, 80), (25, 80)])
def test_more_pixels_than_declared_are_not_resliced(tmp_path, syntax, values, rows, columns):
    path = dicoms.write(tmp_path / "a", values, syntax=syntax, Rows=rows, Columns=columns)
    assert f"{columns} x {rows} pixels are declared, but there are data for more" in reason(path)


@pytest.mark.parametrize("values", [VALUES, VALUES.astype(np.uint8), VALUES.astype(np.float32)])
def test_fewer_pixels_than_declared_are_told(tmp_path, values):
    path = dicoms.write(tmp_path / "a", values, Rows=125)
    assert "cut short: about 20 % of the picture is missing" in reason(path)


def test_padding_of_the_data_is_no_pixels(tmp_path):
    path = dicoms.write(tmp_path / "a", VALUES)
    expected = pixels.load(path)
    padded = rewritten(path, PixelData=VALUES.tobytes() + bytes(64))
    np.testing.assert_array_equal(pixels.load(padded), expected)


@pytest.mark.parametrize(
    "syntax",
    [uid.JPEG2000Lossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEGExtended12Bit],
)
@pytest.mark.parametrize(("rows", "columns"), [(80, 100), (50, 80), (100, 160)])
def test_a_stream_of_another_size_is_not_resliced(tmp_path, syntax, rows, columns):
    plain = dicoms.write(tmp_path / "plain", VALUES, bits=12)
    path = dicoms.transcode(plain, tmp_path / "a", syntax)
    said = reason(rewritten(path, Rows=rows, Columns=columns))
    assert f"header declares {columns} x {rows}" in said
    assert "80 x 100" in said


def test_a_stream_over_the_limit_is_not_decoded(tmp_path):
    """Whatever the header says of it."""
    stream = j2k(tmp_path, dicoms.film(400, 400))
    path = dicoms.wrap(tmp_path / "a", stream, VALUES, syntax=uid.JPEG2000Lossless)
    assert "over the limit" in reason(path, max_pixels=10_000)


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("offsets", [(), (0,), (0, 1000, 2000), (0, 7)])
def test_a_frame_is_whole_however_its_fragments_are_listed(tmp_path, pieces, offsets):
    stream = j2k(tmp_path, bits=12)
    path = dicoms.wrap(
        tmp_path / "a", stream, VALUES, bits=12, syntax=uid.JPEG2000Lossless, pieces=pieces,
        offsets=offsets,
    )  # fmt: skip
    plain = dicoms.write(tmp_path / "b", VALUES, bits=12)
    np.testing.assert_array_equal(pixels.load(path), pixels.load(plain))


def test_eight_bits_in_sixteen_allocated_are_read(tmp_path):
    written = io.BytesIO()
    Image.fromarray(dicoms.film(100, 80, bits=8)).save(written, "JPEG", quality=95)
    gray = {}
    for name, allocated in (("a", 8), ("b", 16)):
        path = dicoms.wrap(
            tmp_path / name, written.getvalue(), dicoms.film(100, 80, bits=8),
            syntax=uid.JPEGBaseline8Bit, BitsAllocated=allocated, BitsStored=allocated,
            HighBit=allocated - 1,
        )  # fmt: skip
        gray[name] = pixels.load(path)
    np.testing.assert_array_equal(gray["a"], gray["b"])


def test_more_bits_in_the_stream_than_declared_are_kept(tmp_path):
    stream = j2k(tmp_path, bits=12)
    path = dicoms.wrap(tmp_path / "a", stream, VALUES, syntax=uid.JPEG2000Lossless, bits=8)
    plain = dicoms.write(tmp_path / "b", VALUES, bits=12)
    np.testing.assert_array_equal(pixels.load(path), pixels.load(plain))


def test_colour_in_the_stream_is_seen_whatever_the_header_says(tmp_path):
    written = io.BytesIO()
    Image.fromarray(VALUES.astype(np.uint8)).convert("RGB").save(written, "JPEG")
    path = dicoms.wrap(
        tmp_path / "a", written.getvalue(), VALUES.astype(np.uint8), syntax=uid.JPEGBaseline8Bit
    )
    with pytest.raises(PixelError, match="colour image by its compressed data"):
        pixels.load(path)


def test_a_decoder_that_panics_costs_only_the_file(tmp_path):
    """Its complaint does not reach the terminal either."""
    stream = dicoms.stream_of(dicoms.write(tmp_path / "s", VALUES, encoded=uid.RLELossless))
    stream = stream[: len(stream) // 2] + b"\xaa" * (len(stream) // 2)
    path = dicoms.wrap(tmp_path / "a", stream, VALUES, syntax=uid.RLELossless)
    program = (
        "import sys; from pathlib import Path; from screener.reading import limits, pixels\n"
        "try: pixels.load(Path(sys.argv[1]))\n"
        "except limits.PixelError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert run.stdout == "the pixel data are damaged or cut short\n"
    assert "panicked" not in run.stderr


@pytest.mark.parametrize("allocated", [1, 12, 24, 0])
def test_words_of_odd_widths_are_refused_plainly(tmp_path, allocated):
    path = dicoms.write(tmp_path / "a", VALUES, BitsAllocated=allocated)
    assert "neither 8, 16 nor 32 bits" in reason(path)
