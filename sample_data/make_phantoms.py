"""Write synthetic chest radiographs as DICOM studies and as PNG folders.

    python -m sample_data.make_phantoms            # rewrites sample_data/studies, byte for byte
    python -m sample_data.make_phantoms OUT --labelled 20 --size 128

Every file says in its elements that it is synthetic. A score of a phantom means nothing.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

from sample_data.phantom import Plane, Variant, expose

STUDIES = Path(__file__).parent / "studies"

LABELLED = {
    "normal": Variant.CLEAR,
    "bacterial": Variant.LOBAR,
    "viral": Variant.INTERSTITIAL,
    "covid19": Variant.GROUND_GLASS,
}
"""The variant that stands for each of the network's classes, to try training out."""

UID_ROOT = "1.2.826.0.1.3680043.8.498.1000."
"""Below pydicom's own root, which is there to be used."""

_CLASSES = {
    "CR": uid.ComputedRadiographyImageStorage,
    "DX": uid.DigitalXRayImageStorageForPresentation,
    "CT": uid.CTImageStorage,
}


@dataclass(frozen=True, slots=True)
class Film:
    """How one phantom is written as DICOM."""

    name: str
    number: int
    """Makes the identifiers, the dates and, where no person is given, the pixels."""
    variant: Variant = Variant.CLEAR
    shape: tuple[int, int] = (420, 420)
    bits: int = 12
    negative: bool = False
    """Stored as MONOCHROME1."""
    syntax: str = uid.ExplicitVRLittleEndian
    study: int | None = None
    """The study it belongs to, its own unless told."""
    person: int = 0
    """The seed of the pixels, the number unless told."""
    preamble: bool = True
    modality: str = "DX"
    view: str = "PA"
    elements: Mapping[str, object] = field(default_factory=dict)
    """Further elements, or others than the usual."""


FILMS = (
    Film("01-clear/pa.dcm", 1),
    Film("02-ground-glass/pa.dcm", 2, Variant.GROUND_GLASS, person=8, negative=True,
         modality="CR", bits=10),
    Film("03-lobar/pa.dcm", 3, Variant.LOBAR, syntax=uid.JPEG2000Lossless),
    Film("04-interstitial/ap.dcm", 4, Variant.INTERSTITIAL, view="AP", syntax=uid.RLELossless),
    Film("05-two-views/pa.dcm", 5, Variant.GROUND_GLASS, bits=8, study=5),
    Film("05-two-views/lateral.dcm", 6, study=5, view="LL", bits=8),
    Film("06-no-preamble/IM0001", 7, preamble=False, modality="CR"),
    Film("07-deflated/pa.dcm", 8, Variant.LOBAR, syntax=uid.DeflatedExplicitVRLittleEndian),
    Film("08-sixteen-bit/pa.dcm", 9, bits=16, syntax=uid.JPEG2000Lossless),
    Film(
        "09-presentation-inverse/pa.dcm", 10, Variant.GROUND_GLASS, bits=12, negative=True,
        elements={"PresentationLUTShape": "INVERSE", "WindowCenter": 2048, "WindowWidth": 3600},
    ),
    Film("10-repeated/first.dcm", 11, Variant.INTERSTITIAL, bits=8, study=11),
    Film("10-repeated/second.dcm", 12, Variant.INTERSTITIAL, bits=8, study=11, view="AP"),
    Film("11-child/ap.dcm", 13, view="AP", bits=8, elements={"PatientAge": "004Y"}),
    Film("12-damaged/pa.dcm", 14, Variant.LOBAR, syntax=uid.JPEG2000Lossless),
    Film("13-ct/slice.dcm", 15, modality="CT", shape=(160, 160), view="",
         elements={"BodyPartExamined": "CHEST", "RescaleIntercept": -1024}),
)  # fmt: skip

PNGS = (
    ("14-png-eight-bit/film.png", Variant.CLEAR, 8),
    ("15-png-sixteen-bit/film.png", Variant.GROUND_GLASS, 16),
)


def write_studies(folder: Path = STUDIES) -> list[Path]:
    """Write the sample studies: fifteen DICOM files and two PNG files in folders of their own."""
    paths = [write_film(folder, film) for film in FILMS]
    damaged = folder / "12-damaged" / "pa.dcm"
    damaged.write_bytes(damaged.read_bytes()[: damaged.stat().st_size * 2 // 3])
    for number, (name, variant, bits) in enumerate(PNGS, start=len(FILMS) + 1):
        paths.append(folder / name)
        write_png(paths[-1], expose(variant, number, (420, 420)), bits)
    return paths


def write_labelled(
    folder: Path, per_class: int, size: int, *, first_seed: int = 0
) -> Iterator[tuple[Path, str]]:
    """Write PNG phantoms in one folder a class.

    Args:
        folder: gets the folders "normal", "bacterial", "viral" and "covid19".
        per_class: how many of each.
        size: rows and columns.
        first_seed: where the people start; other numbers give other people.

    Yields:
        Path and class of each.
    """
    for label, variant in LABELLED.items():
        for number in range(per_class):
            path = folder / label / f"{label}-{first_seed + number:04}.png"
            write_png(path, expose(variant, first_seed + number, (size, size)), 8)
            yield path, label


def write_png(path: Path, gray: Plane, bits: int) -> None:
    """Write gray in [0, 1] as PNG of 8 or 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = np.uint8 if bits == 8 else np.uint16
    Image.fromarray(np.rint(gray * (2**bits - 1)).astype(kind)).save(path, optimize=True)


def write_film(folder: Path, film: Film, gray: Plane | None = None) -> Path:
    """Write one phantom as DICOM, of pixels made before or of its own.

    Args:
        folder: the root of the studies.
        film: how it is written.
        gray: float32 (rows, columns) in [0, 1]; by default it is made.
    """
    if gray is None:
        gray = ct_slice(film) if film.modality == "CT" else radiograph(film)
    dataset = describe(film)
    set_pixels(dataset, stored(gray, film), film)
    path = folder / film.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not film.preamble:
        dataset.file_meta = FileMetaDataset()
        dcmwrite(path, dataset, implicit_vr=True, little_endian=True)
        return path
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def radiograph(film: Film) -> Plane:
    """The pixels of a film."""
    side = film.view in ("LL", "RL")
    return expose(film.variant, film.person or film.number, film.shape, from_the_side=side)


def stored(gray: Plane, film: Film) -> NDArray[np.integer]:
    """Gray in [0, 1] as the stored values of a film."""
    shown = 1 - gray if film.negative else gray
    return np.rint(shown * (2**film.bits - 1)).astype(np.uint8 if film.bits == 8 else np.uint16)


def describe(film: Film) -> Dataset:
    """Everything but the pixels."""
    study = film.study or film.number
    dataset = Dataset()
    meta = FileMetaDataset()
    syntax = uid.UID(film.syntax)
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian if syntax.is_encapsulated else syntax
    meta.ImplementationClassUID = uid.UID(UID_ROOT + "1")
    dataset.file_meta = meta
    dataset.SOPClassUID = _CLASSES.get(film.modality, uid.SecondaryCaptureImageStorage)
    dataset.SOPInstanceUID = f"{UID_ROOT}4.{film.number}"
    dataset.SeriesInstanceUID = f"{UID_ROOT}3.{film.number}"
    dataset.StudyInstanceUID = f"{UID_ROOT}2.{study}"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.PatientName = f"PHANTOM^{study:04}"
    dataset.PatientID = f"SYNTHETIC-{study:04}"
    dataset.PatientSex = "FM"[study % 2]
    dataset.PatientAge = f"{30 + 7 * study % 50:03}Y"
    dataset.PatientBirthDate = ""
    dataset.AccessionNumber = f"SYN{study:04}"
    dataset.StudyID = str(study)
    dataset.StudyDate = f"202003{1 + study % 28:02}"
    dataset.StudyTime = f"{8 + study % 10:02}0000"
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = "SYNTHETIC"
    dataset.QualityControlImage = "YES"  # a phantom: the screener says so beside the score
    dataset.SeriesDescription = "SYNTHETIC PHANTOM"
    dataset.ImageComments = "SYNTHETIC PHANTOM. No person was imaged; a score of it means nothing."
    dataset.Modality = film.modality
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = film.view
    dataset.SeriesNumber = dataset.InstanceNumber = film.number
    for word, value in film.elements.items():
        setattr(dataset, word, value)
    return dataset


def set_pixels(dataset: Dataset, values: NDArray[np.integer], film: Film) -> None:
    """Add the pixel module and the encoded pixels."""
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if film.negative else "MONOCHROME2"
    dataset.BitsAllocated = 8 * values.dtype.itemsize
    dataset.BitsStored, dataset.HighBit = film.bits, film.bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    if uid.UID(film.syntax).is_encapsulated:
        dataset.compress(uid.UID(film.syntax), generate_instance_uid=False)


def ct_slice(film: Film) -> Plane:
    """A slice through a synthetic trunk, which no chest radiograph model should score."""
    rows, columns = film.shape
    z, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]  # type: ignore[misc]
    gray = np.zeros(film.shape, np.float32)
    for value, cx, cz, rx, rz in (
        (0.25, 0, 0, 0.92, 0.66), (0.05, -0.45, -0.02, 0.3, 0.46), (0.05, 0.45, -0.02, 0.28, 0.46),
        (0.27, 0.1, -0.15, 0.26, 0.22), (0.5, 0, 0.45, 0.12, 0.12), (0.3, 0.08, 0.25, 0.07, 0.07),
    ):  # fmt: skip
        gray[((x - cx) / rx) ** 2 + ((z - cz) / rz) ** 2 < 1] = value
    noise = np.random.default_rng(film.number).normal(0, 0.006, film.shape)
    return np.clip(gray + noise, 0, 1).astype(np.float32)


def main() -> None:
    """Write the sample studies, or a labelled set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=STUDIES)
    parser.add_argument("--labelled", type=int, metavar="N", help="N PNG phantoms a class instead")
    parser.add_argument("--size", type=int, default=224, help="rows and columns of those")
    options = parser.parse_args()
    if options.labelled:
        count = sum(1 for _ in write_labelled(options.folder, options.labelled, options.size))
    else:
        if options.folder == STUDIES:
            shutil.rmtree(STUDIES, ignore_errors=True)
        count = len(write_studies(options.folder))
    print(f"{count} synthetic radiographs in {options.folder}")


if __name__ == "__main__":
    main()
