"""Files that mean harm, from a seed: broken where the formats have joints, and named to mislead.

Each is a good file of ours with one to three things wrong. The same seed gives the same bytes.
"""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, PngImagePlugin
from pydicom import uid
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate

from sample_data.make_phantoms import STUDIES
from screener.reading import pixels

SIDE = 128
ESC = "\x1b"
WORDS = (
    f"{ESC}[2J{ESC}[31mred", f"{ESC}]0;title\x07", "\u202egnp.exe", "\x9b31m", "a\rb\nc", "=1+1",
    "[red]x[/red]", "<script>x</script>", "'; DROP TABLE study; --", "\x00", "é" * 70, "../../x",
    "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "@SUM(A1)", "%s%n", "{0}",
)  # fmt: skip
NUMBERS = (0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64, 255, 32_767, 65_535)
KINDS = (
    "MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "PALETTE COLOR", "ARGB", "",
    "MONOCHROME3", "YBR_RCT", "HSV",
)  # fmt: skip
FLOATS = ("0", "-1", "1e308", "-1e308", "1e-320", "nan", "inf", "1,5", "", "x", "1\\2")

Mutation = Callable[[random.Random, bytes], bytes]


def files(seed: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents."""
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        suffix, content = rng.choice(bases())
        ways = DICOM if suffix == ".dcm" else PNG if suffix == ".png" else JPEG
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            content = rng.choice((*ways, *ANY))(rng, content)
        yield _name(rng, number, suffix), content


def _name(rng: random.Random, number: int, suffix: str) -> bytes:
    stem = f"{number:05}"
    if rng.random() < 0.15:
        stem += rng.choice(WORDS).replace("/", "_").replace("\x00", "")[:40]
    name = os.fsencode(stem.encode("utf-8", "replace").decode())
    if rng.random() < 0.03:
        name += b"\xff\xfe\x80"  # no UTF-8
    return name + rng.choice((suffix, suffix, "", ".jpg", ".dcm")).encode()


@cache
def bases() -> tuple[tuple[str, bytes], ...]:
    """Good small files of every kind that is read."""
    gray = pixels.square(pixels.load(STUDIES / "02-ground-glass" / "pa.dcm"), SIDE)
    gray = np.asarray(gray, dtype=np.uint8)
    return (*_dicoms(gray), *_pictures(gray))


def _dicoms(gray: np.ndarray) -> Iterator[tuple[str, bytes]]:
    deep = gray.astype(np.uint16) * 16
    for syntax in (
        uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian,
    ):  # fmt: skip
        yield ".dcm", _bytes(_film(deep, 12), syntax)
        yield ".dcm", _bytes(_film(gray, 8), syntax)
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless):
        film = _film(deep, 12)
        film.compress(syntax, generate_instance_uid=False)
        yield ".dcm", _bytes(film, syntax)
    film = _film(gray, 8)
    film.PixelData = encapsulate([_saved(gray, "JPEG")])
    film["PixelData"].is_undefined_length = True
    yield ".dcm", _bytes(film, uid.JPEGBaseline8Bit)
    yield ".dcm", _bytes(_film(gray, 8), uid.ExplicitVRLittleEndian)[128 + 4 :]  # no preamble


def _film(values: np.ndarray, bits: int) -> FileDataset:
    film = pydicom.dcmread(STUDIES / "02-ground-glass" / "pa.dcm")
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    film.Rows, film.Columns = values.shape
    film.BitsAllocated = 8 * values.dtype.itemsize
    film.BitsStored, film.HighBit = bits, bits - 1
    film.PixelRepresentation, film.PhotometricInterpretation = 0, "MONOCHROME2"
    film.PixelData = values.tobytes()
    film["PixelData"].VR = "OB" if bits == 8 else "OW"
    return film


def _bytes(film: FileDataset, syntax: str) -> bytes:
    film.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    film.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _pictures(gray: np.ndarray) -> Iterator[tuple[str, bytes]]:
    yield ".png", _saved(gray, "PNG")
    yield ".png", _saved(gray.astype(np.uint16) * 256, "PNG")
    yield ".png", _saved(np.dstack([gray] * 3), "PNG")
    yield ".jpg", _saved(gray, "JPEG")
    yield ".jpg", _saved(np.dstack([gray] * 3), "JPEG", progressive=True)


def _saved(values: np.ndarray, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Title", WORDS[0])
        options["pnginfo"] = info
    Image.fromarray(values).save(stream, kind, **options)
    return stream.getvalue()


# Any file


def flipped(rng: random.Random, content: bytes) -> bytes:
    """Some bits turned over."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 2, 8, 64))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def cut(rng: random.Random, content: bytes) -> bytes:
    """The end missing."""
    return content[: rng.randrange(1, len(content))]


def holed(rng: random.Random, content: bytes) -> bytes:
    """A stretch of equal bytes, as a copy that went wrong leaves it."""
    start = rng.randrange(len(content))
    length = min(rng.choice((16, 512, 4096)), len(content) - start)
    fill = rng.choice((b"\0", b"\xff", b"\xaa"))
    return content[:start] + fill * length + content[start + length :]


def moved(rng: random.Random, content: bytes) -> bytes:
    """A piece of it once more, somewhere else."""
    start, to = rng.randrange(len(content)), rng.randrange(len(content))
    return content[:to] + content[start : start + rng.randrange(1, 600)] + content[to:]


ANY: tuple[Mutation, ...] = (flipped, cut, holed, moved)


# DICOM


def described(rng: random.Random, content: bytes) -> bytes:
    """Pixels said to be other than they are."""

    def change(film: FileDataset) -> None:
        word = rng.choice((
            "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel",
            "PixelRepresentation", "PlanarConfiguration", "PhotometricInterpretation",
            "NumberOfFrames", "SmallestImagePixelValue",
        ))  # fmt: skip
        if word == "PhotometricInterpretation":
            film.PhotometricInterpretation = rng.choice(KINDS)
        elif word == "NumberOfFrames":
            film.NumberOfFrames = rng.choice((0, 1, 2, 1000, -1))
        else:
            setattr(film, word, rng.choice(NUMBERS))

    return _changed(content, change)


def windowed(rng: random.Random, content: bytes) -> bytes:
    """Windows, slopes and tables without sense."""

    def change(film: FileDataset) -> None:
        word = rng.choice(("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"))
        film.add_new(word, "DS", rng.choice(FLOATS))
        if rng.random() < 0.4:
            table = pydicom.Dataset()
            size = rng.choice((0, 1, 2, 256, 4096, 65_535))
            table.add_new("LUTDescriptor", "US", [size, rng.choice(NUMBERS), rng.choice(NUMBERS)])
            table.add_new("LUTData", "OW", bytes(rng.randrange(0, 600)))
            name = rng.choice(("VOILUTSequence", "ModalityLUTSequence"))
            setattr(film, name, [table] * rng.choice((1, 1, 3)))

    return _changed(content, change)


def worded(rng: random.Random, content: bytes) -> bytes:
    """Words that act, in any element and any character set."""

    def change(film: FileDataset) -> None:
        charset = rng.choice(("ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 87", "GB18030", "NONE", ""))
        film.SpecificCharacterSet = charset
        for word in ("PatientName", "PatientID", "StudyDescription", "BodyPartExamined"):
            if rng.random() < 0.6:
                film.add_new(word, "LO", rng.choice(WORDS).encode("utf-8", "replace"))
        if rng.random() < 0.3:
            for word in ("StudyInstanceUID", "SOPInstanceUID"):
                film.add_new(word, "UI", rng.choice(("", "../../etc", "1." * 60, "x", "0")))
        if rng.random() < 0.3:
            for word in ("StudyDate", "PatientBirthDate", "PatientAge"):
                film.add_new(word, "LO", rng.choice(("20209999", "999Y", "-01Y", "1.1.2020", "")))

    return _changed(content, change)


def nested(rng: random.Random, content: bytes) -> bytes:
    """Sequences in sequences, deeper than anybody means them, before the pixels."""
    at = content.rfind(b"\xe0\x7f\x10\x00")
    if at < 0:
        return flipped(rng, content)
    opened = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closed = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    deep = rng.choice((10, 100, 400, 5_000))
    return content[:at] + opened * deep + closed * rng.choice((deep, 0)) + content[at:]


def measured(rng: random.Random, content: bytes) -> bytes:
    """A length, tag or VR overwritten where an element may begin."""
    at = rng.randrange(0, max(1, len(content) - 8), 2)
    new = rng.choice(LENGTHS)
    return content[:at] + new + content[at + 4 :]


LENGTHS = (
    b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\xff\x7f", b"\xfe\xff\0\xe0",
    b"\xfe\xff\xdd\xe0", b"SQ\0\0", b"UN\0\0", b"OW\0\0", b"\x01\0\0\0",
)  # fmt: skip


def _changed(content: bytes, change: Callable[[FileDataset], None]) -> bytes:
    """With elements changed, if it is still a file that can be written."""
    try:
        film = pydicom.dcmread(io.BytesIO(content), force=True)
        change(film)
        stream = io.BytesIO()
        film.save_as(stream)
        return stream.getvalue()
    except Exception:  # noqa: BLE001 (what is too broken to be changed is broken enough)
        return content


DICOM: tuple[Mutation, ...] = (described, described, windowed, worded, worded, nested, measured)


# PNG


def chunked(rng: random.Random, content: bytes) -> bytes:
    """A chunk's length, kind or content changed, its checksum right or not."""
    places = [i for i in range(8, len(content) - 12) if content[i + 4 : i + 8] in CHUNKS]
    if not places:
        return flipped(rng, content)
    at = rng.choice(places)
    (length,) = struct.unpack(">I", content[at : at + 4])
    kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
    match rng.randrange(4):
        case 0:
            return (
                content[:at]
                + struct.pack(">I", rng.choice((0, 1, 1 << 31, 0xFFFFFFFF)))
                + content[at + 4 :]
            )
        case 1:
            kind = rng.choice(CHUNKS)
        case 2 if kind == b"IHDR":
            sides = struct.pack(">II", *(rng.choice((0, 1, 128, 65_535, 1 << 30)) for _ in "ab"))
            body = sides + bytes(rng.choice((0, 1, 2, 3, 4, 6, 8, 16, 255)) for _ in range(5))
        case _:
            body = flipped(rng, body or b"\0")
    crc = zlib.crc32(kind + body) if rng.random() < 0.7 else 0
    return (
        content[:at]
        + struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", crc)
        + content[at + 12 + length :]
    )


CHUNKS = (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"PLTE", b"acTL", b"tRNS", b"zTXt", b"iTXt")
PNG: tuple[Mutation, ...] = (chunked, chunked, chunked)


# JPEG


def marked(rng: random.Random, content: bytes) -> bytes:
    """A marker, its length or what follows changed."""
    places = [
        i for i in range(2, len(content) - 8) if content[i] == 0xFF and content[i + 1] >= 0xC0
    ]
    if not places:
        return flipped(rng, content)
    at, found = rng.choice(places), bytearray(content)
    match rng.randrange(4):
        case 0:
            found[at + 2 : at + 4] = struct.pack(">H", rng.choice((0, 1, 2, 3, 65_535)))
        case 1:
            found[at + 1] = rng.choice(
                (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xDA, 0xDB, 0xDD, 0xD9, 0xD8)
            )
        case 2:
            sides = struct.pack(">HH", rng.choice((0, 1, 128, 65_535)), rng.choice((0, 8, 65_500)))
            found[at + 5 : at + 9] = sides
        case _:
            found[at + 4 : at + 20] = rng.randbytes(16)
    return bytes(found)


JPEG: tuple[Mutation, ...] = (marked, marked, marked)


def odd_places(folder: Path) -> None:
    """What a folder may hold besides files: pipes, loops of links, sparse and empty files."""
    folder.mkdir()
    os.mkfifo(folder / "pipe.dcm")
    (folder / "loop").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "nothing").symlink_to(folder / "not-there")
    (folder / "empty.dcm").touch()
    with (folder / "sparse.dcm").open("wb") as stream:
        stream.truncate(8 << 30)
    (folder / f"{ESC}[31m").mkdir()
    deep = folder
    for _ in range(60):
        deep /= "deeper"
    deep.mkdir(parents=True)
    (deep / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
