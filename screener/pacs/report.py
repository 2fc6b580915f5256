"""A study's result as a structured report: TID 1500 in Comprehensive SR, unverified, preliminary.

Says of each film its score or its refusal, and in words what a score does not mean. Draws no
conclusion: there is no finding in it, for the network makes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from highdicom.sr import (
    AlgorithmIdentification,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard

from screener import __version__
from screener.card import WeightsCard
from screener.marks import map_words
from screener.pacs import codes, equipment
from screener.pacs.identifiers import derived
from screener.pacs.source import Film
from screener.results.rows import RadiographRow, StudyDetail
from screener.study import LABELS, RESEARCH_ONLY, Outcome, Review, suspicion

LIMITS = (
    "The score orders a list for review. It is not the probability that this patient has "
    "COVID-19: a low score does not mean a normal radiograph, and a high one does not mean "
    "COVID-19. Every radiograph must be read by a qualified person."
)


@dataclass(frozen=True, slots=True)
class Maker:
    """What made a result: everything that changes a score or a band."""

    card: WeightsCard
    """With the thresholds that the bands go by."""
    pipeline: str
    """Pixel path, guard, arithmetic and views, as the store keys results by."""
    made_at: datetime
    """When the scan that made it ended, or began where it has not."""

    @property
    def key(self) -> str:
        """The same for the same answer to the same film."""
        return " ".join((self.card.digest, self.pipeline, *self.settings))

    @property
    def settings(self) -> tuple[str, ...]:
        """Calibration and thresholds in words."""
        limits = (f"{band} from {least:.4f}" for band, least in self.card.thresholds.items())
        source = self.card.threshold_source or "of the weights"
        return (f"temperature {self.card.temperature:.6g}", *limits, f"thresholds: {source}")


def structured_report(
    detail: StudyDetail, films: Sequence[Film], maker: Maker, earlier: Sequence[Dataset]
) -> ComprehensiveSR:
    """The report of a study.

    Args:
        detail: the study as the store has it.
        films: its files, as :func:`screener.pacs.source.films` reads them.
        maker: of the scores.
        earlier: reports of the same study that this one follows.
    """
    source = films[0].header
    study = str(source.StudyInstanceUID)
    content = _content(detail, films, maker)
    when = max((maker.made_at, *(review.reviewed_at for review in detail.reviews)))
    made = ComprehensiveSR(
        evidence=[_nameless(film.header) for film in films],
        content=content[0],
        series_instance_uid=derived("SR series", study, maker.key),
        series_number=equipment.REPORTS,
        sop_instance_uid=derived("SR", study, maker.key, content[0].to_json()),
        instance_number=1,
        is_complete=not detail.waiting,
        is_final=False,
        is_verified=False,
        previous_versions=list(earlier) or None,
        series_description="COVID-ResNet research triage: report",
        coding_schemes=codes.SCHEMES,
        specific_character_set="ISO_IR 192",
        content_date=when.strftime("%Y%m%d"),
        content_time=when.strftime("%H%M%S"),
        contributing_equipment=None,
        **equipment.NAMES,
    )
    return equipment.signed(made, source, when)


def _nameless(header: Dataset) -> Dataset:
    """A copy for highdicom, which warns of a name that it finds odd, and prints it."""
    copied = Dataset()
    copied.update(header)
    for word in ("PatientName", "ReferringPhysicianName"):
        copied[word] = DataElement(word, "PN", "")
    return copied


def _content(detail: StudyDetail, films: Sequence[Film], maker: Maker) -> MeasurementReport:
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(maker)),
        procedure_reported=codes.CHEST_RADIOGRAPHY,
        imaging_measurements=[_group(film, detail, maker) for film in films],
    )
    said = [RESEARCH_ONLY, LIMITS, f"Order of review: {detail.row.band}", *detail.row.marks]
    said += [_opinion(review) for review in detail.reviews]
    if detail.waiting:
        said.append(f"{len(detail.waiting)} file(s) of this study are not scored yet.")
    content[0].ContentSequence.extend(map(_comment, said))
    return content


def _observer(maker: Maker) -> ObserverContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=derived("device", __version__, maker.card.digest),
        name=equipment.MODEL,
        manufacturer_name=equipment.MODEL,
        model_name=maker.card.name,
    )
    return ObserverContext(standard.DCM.Device, device)


def _group(film: Film, detail: StudyDetail, maker: Maker) -> MeasurementsAndQualitativeEvaluations:
    """What is known of one film."""
    header, result = film.header, film.result
    instance = str(header.SOPInstanceUID)
    scored = isinstance(result, RadiographRow)
    outcome = Outcome.SCORED if isinstance(result, RadiographRow) else result.outcome
    evaluations = [QualitativeEvaluation(codes.OUTCOME, codes.OUTCOMES[outcome])]
    if isinstance(result, RadiographRow) and result is detail.deciding:
        evaluations.append(QualitativeEvaluation(codes.BAND, codes.BANDS[detail.row.band]))
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=derived("film", instance, maker.key), identifier=f"film {instance[-16:]}"
        ),
        algorithm_id=_algorithm(maker),
        measurements=list(_measurements(result)) if scored else None,
        qualitative_evaluations=evaluations,
        source_images=[SourceImageForMeasurementGroup(str(header.SOPClassUID), instance)],
    )
    group[0].ContentSequence.extend(map(_comment, _words(result)))
    return group


def _algorithm(maker: Maker) -> AlgorithmIdentification:
    card = maker.card
    weights = f"weights {card.name} {card.version}, {card.architecture}, {card.digest}"
    path = f"pixel path and settings {maker.pipeline}"
    return AlgorithmIdentification(
        equipment.MODEL, __version__, [weights, *maker.settings, path], manufacturer=equipment.MODEL
    )


def _measurements(result: Any) -> Iterator[Measurement]:  # noqa: ANN401 (a RadiographRow)
    yield _number(codes.SCORE, suspicion(result.probabilities))
    for label, probability in zip(LABELS, result.probabilities, strict=True):
        yield _number(codes.PROBABILITIES[label], probability)
    for name, value in ((codes.SPREAD, result.spread), (codes.DISTANCE, result.distance)):
        if value is not None:
            yield _number(name, value)
    if result.activation and (proof := result.activation.proof):
        yield _number(codes.HIDDEN, proof.hidden)
        yield _number(codes.MOVED, proof.moved)
    if result.map_inside is not None:
        yield _number(codes.INSIDE, result.map_inside)


def _number(name: Any, value: float) -> Measurement:  # noqa: ANN401 (a CodedConcept)
    return Measurement(name=name, value=round(float(value), 6), unit=codes.NO_UNIT)


def _words(result: Any) -> Iterator[str]:  # noqa: ANN401 (of RadiographRow or Refusal)
    if isinstance(result, RadiographRow):
        yield map_words(result.activation)
    else:
        yield f"Not scored: {result.reason}"


def _opinion(review: Review) -> str:
    verdict = f"{review.verdict}" if review.verdict else "no verdict"
    own = f", own label {review.label}" if review.label else ""
    own += f", {review.reason}" if review.reason else ""
    flag = ", flagged" if review.flagged else ""
    comment = f": {review.comment}" if review.comment else ""
    return f"Review by {review.reviewer} at {review.reviewed_at:%Y-%m-%d %H:%M}: " + (
        f"{verdict}{own}{flag}{comment}"
    )


def _comment(words: str) -> TextContentItem:
    return TextContentItem(codes.COMMENT, words, RelationshipTypeValues.CONTAINS)
