"""What the report says, shared by the PDF and its HTML twin so that they cannot differ.

Says "suspicion score", "band" and "priority", and claims nothing about a patient. Figures come
from the weights card and the store; none is made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from screener import __version__
from screener.card import WeightsCard
from screener.lungs import outside_words
from screener.results.worklist import Counts, RadiographRow, StudyDetail, StudyRow
from screener.study import LABEL_NAMES, ActivationMap, Band, Outcome, Projection, ScanRun, Verdict
from screener.text import plural, shortened

TITLE = "Triage report"
SUBTITLE = "Chest radiographs in a suggested order of review, by suspicion score for COVID-19"
SOFTWARE = f"covid-resnet-screener {__version__}"

WARNING_TITLE = "For research use only"
WARNING = (
    "Not a medical device. Not for diagnosis, and not to rule out disease. Every radiograph must "
    "be read by a qualified person, whatever its band; nothing has been removed from the list. "
    "A low score does not mean a normal radiograph, and a high one does not mean COVID-19."
)

OUTCOME_NAMES = {
    Outcome.SCORED: "Scored",
    Outcome.UNSUITABLE: "Unsuitable",
    Outcome.UNREADABLE: "Unreadable",
    Outcome.NOT_ATTEMPTED: "Not attempted",
    Outcome.WAITING: "Not yet",
}
OUTCOME_MEANINGS = {
    Outcome.SCORED: "frontal chest radiographs with a suspicion score",
    Outcome.UNSUITABLE: "readable, but not a frontal chest radiograph",
    Outcome.UNREADABLE: "damaged, empty or in an unknown form",
    Outcome.NOT_ATTEMPTED: "found, but not read, or gone since",
    Outcome.WAITING: "found, and the scan has not come to them yet",
}

EFFECT = "Lines of equal effect:"
EFFECT_OF = "of the map’s maximum;"
OUTLINE = "outline of the lungs."
NO_FINDING = "A research explanation, not a finding."
NAMED = 44
"""Most characters of a patient or file."""
FOLDERS = 5
"""Scanned folders that the title block names."""
PREVIEW = "Preview, not for reading"
SCORE = "Suspicion score for COVID-19"
ALARM_TITLE = "Do not trust this ranking"
NO_STUDIES = "No study of this report is in the band PRIORITY."
OFTEN_NONE = (Band.WAITING, Band.OTHER)
NOT_SCORED_NONE = "Every chest film that was found has a score."
LACKING = (
    "A code such as (U+6F22) stands for a character that the typeface of this document lacks; the "
    "HTML export shows it where the browser can."
)

NO_FIGURES = (
    "The card of these weights holds no measured figures. Nothing is known of how well the order "
    "fits any patients: treat it as arbitrary."
)
FIGURES = (
    "From the weights card, each with the set it was measured on. They describe those images, not "
    "the ones in this report. 'screener weights show' lists every figure of the card."
)
UNSEEN = "In hospitals never learnt from"
SEEN = "On images like those learnt from"
SHORTCUTS = (
    "Below each set stand linear models that cannot see disease: from the source alone, the outer "
    "frame of the picture, a thumbnail. What they reach says nothing of lungs."
)
FILES = "Every scored file of the ranking with its SHA-256, so that a result can be traced."

SYNTAXES = {
    "1.2.840.10008.1.2": "Implicit VR",
    "1.2.840.10008.1.2.1": "Explicit VR",
    "1.2.840.10008.1.2.1.99": "Deflated",
    "1.2.840.10008.1.2.2": "Big endian",
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.5": "RLE",
}
"""PS3.6 Annex A, in a few words."""


def percent(part: int, whole: int) -> str:
    """A share in whole percent, or less than one."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return "< 1 %" if 0 < share < 1 else f"{share:.0f} %"


def moment(when: datetime | None, zone: tzinfo | None = None) -> str:
    """Date and time to the minute, with its zone where it has one."""
    if when is None:
        return "–"
    if when.tzinfo is None:
        return f"{when:%Y-%m-%d %H:%M}"
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def age(years: float | None) -> str:
    """Age in years, in months under two."""
    if years is None:
        return "–"
    return f"{years:.0f} y" if years >= 2 else f"{years * 12:.0f} mo"


def patient(row: StudyRow) -> str:
    """The patient, or the file where there is none, on a line or two."""
    return shortened(row.patient, NAMED)


def views(projections: tuple[Projection, ...]) -> str:
    """The views of a study, each once."""
    return ", ".join(dict.fromkeys(p.value for p in projections)) or "–"


def scored_of(row: StudyRow) -> str:
    """How many of a study's radiographs the score rests on."""
    files = plural(row.radiographs + row.refused + row.waiting, "file")
    return f"{row.radiographs} of {files} scored"


def sentence(words: str) -> str:
    """Words as a sentence of their own."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def strongest(activation: ActivationMap) -> str:
    """The part of the picture where an activation map is strongest, in words."""
    at = activation.values.index(max(activation.values))
    row, column = divmod(at, activation.columns)
    down = ("upper", "middle", "lower")[3 * row // activation.rows]
    across = ("left", "middle", "right")[3 * column // activation.columns]
    part = "middle" if down == across else f"{down} {across}"
    return f"{part} of the picture"


def study_facts(row: StudyRow) -> list[tuple[str, str]]:
    """What identifies a study, beside the patient."""
    return [
        ("Taken", moment(row.taken_at)),
        ("Age", age(row.age)),
        ("Sex", row.sex or "–"),
        ("Views", views(row.projections)),
        ("Score rests on", scored_of(row)),
        ("Study", row.key),
    ]


def remarks(radiograph: RadiographRow) -> str:
    """What is to be known of one scored file."""
    said = ["pixels look inverted"] if radiograph.inverted else []
    if radiograph.border_share is not None:
        said.append(f"{100 * radiograph.border_share:.0f} % of the map in the border")
    if radiograph.map_inside is not None:
        said.append(outside_words(radiograph.map_inside))
    if radiograph.spread is not None:
        said.append(f"spread {radiograph.spread:.3f}")
    return "; ".join(said)


def verdict(row: StudyRow) -> str:
    """The reviewer's verdict in a few words."""
    if row.reviewed_at is None:
        return "Not reviewed"
    return _opinion(row.verdict, row.own_label, row.flagged)


def _opinion(verdict: Verdict | None, label: str | None, flagged: bool) -> str:  # noqa: FBT001
    words = {Verdict.AGREE: "Agrees", Verdict.DISAGREE: "Disagrees", None: "No verdict"}[verdict]
    own = LABEL_NAMES.get(label or "", "")
    if verdict is Verdict.DISAGREE and own:
        words = f"{words}: {own}"
    return f"{words}, flagged" if flagged else words


def review_line(row: StudyRow, zone: tzinfo | None) -> str:
    """Verdict, its reason, reviewer and time."""
    if row.reviewed_at is None:
        return "Not reviewed yet."
    parts = (verdict(row), row.verdict_reason, row.reviewer, moment(row.reviewed_at, zone))
    return " · ".join(part for part in parts if part)


def other_opinions(detail: StudyDetail, zone: tzinfo | None) -> list[str]:
    """What the reviewers besides the one shown said last, where they said something."""
    last = {review.reviewer: review for review in detail.reviews}
    last.pop(detail.row.reviewer or "", None)
    return [
        " · ".join(
            part
            for part in (
                _opinion(review.verdict, review.label, review.flagged),
                review.reason,
                review.reviewer,
                moment(review.reviewed_at, zone),
                review.comment,
            )
            if part
        )
        for review in last.values()
        if review.verdict or review.flagged or review.comment
    ]


def identification(identify: str) -> str:
    """What the report shows of who the patients are."""
    return {
        "none": "Patients by pseudonym, films without one by file; no name, no patient number",
        "id": "Patients by patient number; no name",
        "full": "Patients by name and patient number",
    }[identify]


def not_scored(refused: int, found: int) -> str:
    """How many files have no score."""
    has = "has" if refused == 1 else "have"
    return (
        f"{refused:,} of {plural(found, 'file')} found {has} no score. "
        "Nothing is known of them: read them first."
    )


def other(counts: Counts) -> str:
    """How many files are no chest radiographs."""
    studies = plural(counts.by_band[Band.OTHER], "study", "studies")
    return (
        f"{plural(counts.other, 'file')} of {counts.found:,} found, and {studies} of nothing else, "
        "are no chest radiographs by their headers or their form."
    )


def waiting(counts: Counts) -> str:
    """How many files are not scored yet."""
    studies = plural(counts.by_band[Band.WAITING], "study", "studies")
    return (
        f"The scan had not come to {plural(counts.waiting, 'file')} when this report was made, "
        f"{studies} among them without any score so far. They stand last in the worklist; the "
        "same scan run again goes on from there."
    )


def bands(counts: Counts) -> dict[Band, int]:
    """Studies by band; what is in no ranking only where there is something."""
    return {
        band: count for band, count in counts.by_band.items() if count or band not in OFTEN_NONE
    }


def skipped(counts: Counts) -> str:
    """Files that were passed over, if any."""
    if not counts.skipped:
        return "No file was passed over."
    files = plural(counts.skipped, "hidden or index file")
    return f"{files} passed over by name and not counted here."


def reviewed(counts: Counts) -> str:
    """How far the review has come."""
    return f"{counts.reviewed:,} of {plural(counts.studies, 'study', 'studies')} reviewed"


def form(radiograph: RadiographRow) -> str:
    """How a file holds its pixels."""
    uid = radiograph.transfer_syntax
    syntax = SYNTAXES.get(uid, uid if "." in uid else uid.upper())
    return f"{syntax}, {radiograph.photometric}, {radiograph.bits_stored} bit"


def title_facts(
    run: ScanRun, card: WeightsCard, identify: str, when: datetime
) -> list[tuple[str, str]]:
    """The title block: what was scanned, with what, when."""
    end = moment(run.finished_at, when.tzinfo) if run.finished_at else "not finished"
    folders = list(run.folders[:FOLDERS])
    if rest := len(run.folders) - len(folders):
        folders.append(f"and {plural(rest, 'more folder')}")
    return [
        ("Report made", f"{moment(when, when.tzinfo)} by {SOFTWARE}"),
        ("Scanned", "\n".join(folders)),
        ("Scan", f"{moment(run.started_at, when.tzinfo)} to {end}, on {run.device}"),
        ("Weights", f"{card.name} {card.version}\n{card.digest}"),
        ("Identification", identification(identify)),
    ]


def flow(counts: Counts) -> list[tuple[str, int, str]]:
    """Found, then what became of each file: name, count, meaning."""
    steps = [
        ("Found", counts.found, "files that are or claim to be images"),
        ("Scored", counts.scored, OUTCOME_MEANINGS[Outcome.SCORED]),
        ("Unsuitable", counts.unsuitable, OUTCOME_MEANINGS[Outcome.UNSUITABLE]),
        ("Unreadable", counts.unreadable, OUTCOME_MEANINGS[Outcome.UNREADABLE]),
        ("Not attempted", counts.not_attempted, OUTCOME_MEANINGS[Outcome.NOT_ATTEMPTED]),
    ]
    if counts.waiting:
        steps.append(("Not yet", counts.waiting, OUTCOME_MEANINGS[Outcome.WAITING]))
    return steps


def selection(top: int | None, bands: tuple[Band, ...], shown: int, ranked: int) -> str:
    """Which studies the ranking shows, and that there are more where there are."""
    if shown == ranked:
        return f"All {plural(ranked, 'scored study', 'scored studies')}, in the order of review."
    chosen = " and ".join(band.value for band in bands)
    limits = [f"band {chosen}"] if bands else []
    limits += [f"the first {top:,}"] if top is not None else []
    return (
        f"Shows {shown:,} of {plural(ranked, 'scored study', 'scored studies')} "
        f"({', '.join(limits)}). The others are in the worklist."
    )


def pages(shown: int, of: int) -> str:
    """That only the first studies have a page each, and how to have more."""
    return (
        f"Pages of the first {shown:,} of {of:,} studies in PRIORITY; 'screener report --band "
        f"priority' makes one of each, '--top N' of the first N."
    )


def method(card: WeightsCard) -> Iterator[tuple[str, str]]:
    """How a file becomes a place in the ranking, as (name, text)."""
    yield (
        "Score",
        "A study’s suspicion score for COVID-19 is the network’s probability for that class, and "
        "of several frontal radiographs the highest. It orders the list. It is not the "
        "probability that this patient has COVID-19.",
    )
    yield (
        "Order",
        "Studies without a score first and apart; then by band, then by falling score, then the "
        "oldest study first.",
    )
    yield "Weights", f"{card.name} {card.version}, {card.architecture}, {card.digest}"
    if card.trained_on:
        yield "Trained on", card.trained_on
    prepared = "; ".join(part for part in (card.grayscale, card.resize) if part)
    size = f"{card.input_size} × {card.input_size} pixels"
    yield "Input", f"{size}; {prepared}" if prepared else size
    yield "Calibration", f"Logits divided by a temperature of {card.temperature:.3g}."
    if card.thresholds:
        limits = ", ".join(f"{band} from {least:.3f}" for band, least in card.thresholds.items())
        source = sentence(card.threshold_source) if card.threshold_source else ""
        yield "Bands", f"{limits}. {source}".strip()
    if card.recipe:
        yield "Recipe", card.recipe
