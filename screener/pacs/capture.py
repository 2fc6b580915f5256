"""A film's result as a secondary capture, which any viewer shows."""

from __future__ import annotations

from hashlib import sha256

from highdicom.sc import SCImage
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from screener.pacs import equipment
from screener.pacs.identifiers import derived
from screener.pacs.picture import picture
from screener.pacs.report import Maker
from screener.pacs.source import Film
from screener.results.rows import RadiographRow, StudyDetail


def capture(film: Film, detail: StudyDetail, maker: Maker, number: int) -> SCImage:
    """The picture of a scored film as an object of its own, in a series of its own.

    Args:
        film: of the study.
        detail: the study.
        maker: of the score.
        number: of the instance in its series, from 1.

    Raises:
        PixelError: the film can no longer be decoded.
    """
    header, result = film.header, film.result
    assert isinstance(result, RadiographRow)
    study, instance = str(header.StudyInstanceUID), str(header.SOPInstanceUID)
    drawn = picture(result, detail.row)
    made = SCImage(
        pixel_array=drawn,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=study,
        series_instance_uid=derived("SC series", study, maker.key),
        series_number=equipment.PICTURES,
        sop_instance_uid=derived("SC", instance, maker.key, sha256(drawn.tobytes()).hexdigest()),
        instance_number=number,
        series_description="COVID-ResNet research triage: pictures",
        specific_character_set="ISO_IR 192",
        transfer_syntax_uid=RLELossless,
        content_date=maker.made_at.strftime("%Y%m%d"),
        content_time=maker.made_at.strftime("%H%M%S"),
        **equipment.NAMES,
    )
    _describe(made, header, maker)
    return equipment.signed(made, header, maker.made_at)


def _describe(made: Dataset, header: Dataset, maker: Maker) -> None:
    """What the picture is, where it comes from, and what is burned into it."""
    made.PatientOrientation = header.get("PatientOrientation") or ""
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "YES"
    made.RecognizableVisualFeatures = "NO"
    made.LossyImageCompression = "00"
    made.DerivationDescription = (
        f"Preview with lines of equal effect on the score of {maker.card.name} "
        f"{maker.card.version}; research use only, not for diagnosis"
    )
    made.DateOfSecondaryCapture = maker.made_at.strftime("%Y%m%d")
    made.TimeOfSecondaryCapture = maker.made_at.strftime("%H%M%S")
    for word in ("BodyPartExamined", "Laterality", "QualityControlImage"):
        if word in header:
            made[word] = header[word]
    source = Dataset()
    source.ReferencedSOPClassUID = header.SOPClassUID
    source.ReferencedSOPInstanceUID = header.SOPInstanceUID
    made.SourceImageSequence = Sequence([source])
