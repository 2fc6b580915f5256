"""Small DICOM files for tests, each with just the elements that matter."""

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_fragments
from pydicom.filewriter import dcmwrite


def dataset(values=None, *, syntax=uid.ExplicitVRLittleEndian, bits=None, **elements) -> Dataset:
    """A PA chest radiograph of some stored values; elements set to None are left out."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = uid.UID(syntax)
    usual = {
        "SOPClassUID": uid.ComputedRadiographyImageStorage,
        "SOPInstanceUID": "1.2.3.4.5",
        "StudyInstanceUID": "1.2.3.4",
        "Modality": "CR",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PatientID": "ID-1",
        "PatientName": "Doe^Jane",
        "StudyDate": "20200325",
    }
    if values is not None:
        values = np.asarray(values)
        usual |= {
            "Rows": values.shape[0],
            "Columns": values.shape[1],
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 8 * values.dtype.itemsize,
            "BitsStored": bits or 8 * values.dtype.itemsize,
            "HighBit": (bits or 8 * values.dtype.itemsize) - 1,
            "PixelRepresentation": int(values.dtype.kind == "i"),
        }
        if values.dtype.kind == "f":
            for word in ("BitsStored", "HighBit", "PixelRepresentation"):
                del usual[word]
            usual["FloatPixelData"] = values.tobytes()
        else:
            order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
            usual["PixelData"] = values.astype(values.dtype.newbyteorder(order)).tobytes()
    for word, value in (usual | elements).items():
        if value is not None:
            setattr(made, word, value)
    if "PixelData" in made:
        made["PixelData"].VR = "OB" if made.get("BitsAllocated") == 8 else "OW"
    return made


def write(path: Path, values=None, *, bare=False, encoded=None, **elements) -> Path:
    """Write such a radiograph; ``bare`` without preamble and meta, ``encoded`` with a codec."""
    made = dataset(values, **elements)
    if encoded:
        made.compress(uid.UID(encoded), generate_instance_uid=False)
    if bare:
        plain = made.file_meta.TransferSyntaxUID
        made.file_meta = FileMetaDataset()
        how = {"implicit_vr": plain.is_implicit_VR, "little_endian": plain.is_little_endian}
        dcmwrite(path, made, **how)
        return path
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", "1.2.3")
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    dcmwrite(path, made, enforce_file_format=True)
    return path


def ramp(rows=80, columns=96, bits=12) -> np.ndarray:
    """Values that use every step of the range, none of them alike along a line."""
    steps = np.linspace(0, 2**bits - 1, rows * columns)
    return np.rint(steps).astype(np.uint8 if bits <= 8 else np.uint16).reshape(rows, columns)


def film(rows=160, columns=128, bits=12) -> np.ndarray:
    """Values with the roughness of a picture, so that compressed data are spread over all rows."""
    rough = np.random.default_rng(7).normal(0.5, 0.1, (rows, columns)) + ramp(rows, columns) / 8192
    steps = np.clip(rough / 1.5, 0, 1) * (2**bits - 1)
    return np.rint(steps).astype(np.uint8 if bits <= 8 else np.uint16)


def wrap(path: Path, stream: bytes, values, *, syntax, pieces=1, offsets=(), **elements) -> Path:
    """Write compressed data as they are, in so many fragments, with any offset table."""
    made = dataset(values, syntax=syntax, **elements)
    size = 2 * -(-len(stream) // (2 * pieces))
    fragments = [stream[at : at + size] for at in range(0, len(stream), size)]
    table = b"".join(struct.pack("<I", offset) for offset in offsets)
    items = [table, *(fragment + b"\0" * (len(fragment) % 2) for fragment in fragments)]
    made.PixelData = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in items)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    dcmwrite(path, made, enforce_file_format=True)
    return path


def stream_of(path: Path) -> bytes:
    """The compressed data of a file's only frame."""
    _, *fragments = generate_fragments(pydicom.dcmread(path).PixelData)
    return b"".join(fragments)


def transcode(source: Path, target: Path, syntax) -> Path:
    """Write a file anew in a transfer syntax that pydicom cannot write."""
    gdcm = pytest.importorskip("gdcm")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    if not change.Change():
        pytest.skip("this GDCM does not encode it")
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(target))
    assert writer.Write()
    return target
