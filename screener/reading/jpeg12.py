"""Decode JPEG Extended with 12-bit samples (1.2.840.10008.1.2.4.51) through GDCM.

pydicom's own GDCM plug-in turns these down, although GDCM decodes them. This one is registered
with pydicom under the name "jpeg12"; it takes single-sample images only.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.pixels.decoders.base import DecodeRunner, JPEGExtended12BitDecoder
from pydicom.uid import JPEGExtended12Bit

try:
    import gdcm
except ImportError:
    gdcm = None
else:
    for trace_off in (gdcm.Trace.WarningOff, gdcm.Trace.ErrorOff, gdcm.Trace.DebugOff):
        trace_off()

DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("python-gdcm>=3.0.24",)}

_stderr_lock = threading.RLock()  # one silence may stand within another


def is_available(uid: str) -> bool:
    """Whether this plug-in decodes a transfer syntax here; pydicom asks."""
    return gdcm is not None and uid in DECODER_DEPENDENCIES


def _decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame to little-endian 16-bit words; pydicom calls it."""
    if runner.samples_per_pixel != 1 or runner.bits_allocated != 16:
        raise NotImplementedError("12-bit JPEG with other than one 16-bit sample a pixel")
    with silent_stderr():  # its first try, at 8 bits, complains on file descriptor 2
        words = _image(source, runner).GetBuffer()
    if words is None:
        raise ValueError("GDCM rejected the JPEG data")
    return words.encode("utf-8", "surrogateescape")  # type: ignore[no-any-return]


def _image(source: bytes, runner: DecodeRunner) -> gdcm.Image:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(source)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    photometric = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(photometric))
    syntax = gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, runner.pixel_representation))
    return image


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere for a moment: C libraries know no other channel."""
    with _stderr_lock:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


JPEGExtended12BitDecoder.add_plugin("jpeg12", (__name__, "_decode_frame"))
