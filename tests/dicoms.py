"""Small DICOM files for tests, each with just the elements that matter."""

from pathlib import Path

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
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
