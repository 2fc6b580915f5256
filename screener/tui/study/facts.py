"""What stands beside the radiograph: score, classes, marks, reviews, siblings, header facts.

Pure: from a study's detail to styled text. Everything foreign passes through ``visible``.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

from screener.contours import LUNGS, SCALE
from screener.lungs import outside_words
from screener.marks import map_words
from screener.study import LABELS, TARGET_LABEL, Band, Outcome, Projection, Refusal, suspicion
from screener.text import visible
from screener.tui import wording
from screener.tui.wording import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.results.worklist import RadiographRow, StudyDetail, StudyRow
    from screener.study import ActivationMap, Review

FAINT = "$text-muted"
STRONG = "bold"
MARK = "$mark"
NAME = 20
"""Cells for a class; a bar and its value follow."""


def band(which: Band) -> Content:
    """A band as glyph, word and colour."""
    return Content.styled(f"{which.glyph} {which}", f"bold $band-{which.value.lower()}")


def standing(reviews: Iterable[Review], reviewer: str) -> Content:
    """What a reviewer stands by, for the heading: beside the picture it may be out of sight."""
    own = [review for review in reviews if review.reviewer == reviewer]
    if not own:
        return Content()
    last = max(own, key=lambda review: review.reviewed_at)
    flag = "⚑" if last.flagged else ""
    parts = (wording.verdict(last.verdict, last.label), flag)
    return Content.styled("".join(f"  {part}" for part in parts if part), STRONG)


def worth(detail: StudyDetail) -> Content:
    """Whether the map behind the score is proven, for the heading; empty where there is none."""
    activation = detail.deciding.activation if detail.radiographs else None
    if activation is None:
        return Content()
    if activation.proof is None:
        return Content.styled("  map not proven", FAINT)
    if activation.drawn:
        return Content.styled("  map holds", FAINT)
    return Content.styled("  map fails", MARK)


def title(text: str) -> Content:
    """A section's heading."""
    return Content.styled(text.upper(), FAINT)


def lines(parts: Iterable[Content]) -> Content:
    """Put text on lines."""
    return Content("\n").join(parts)


def facts(detail: StudyDetail, index: int, of_maps: str, width: int, *, tags: bool) -> Content:
    """Everything beside the picture.

    Args:
        detail: The study.
        index: Which of its images is on screen: scored radiographs first, then refused files, then
            those not scored yet.
        of_maps: What is said where it has no proven map; empty for the usual words.
        width: Cells a line has.
        tags: Whether to show the header facts of that radiograph.
    """
    shown = detail.radiographs[index] if index < len(detail.radiographs) else None
    sections = [
        _score(detail, shown),
        _classes(detail.row, shown, width - NAME - 5),
        _marks(detail.row),
        _map(shown, of_maps),
    ]
    sections += [_reviews(detail.reviews), _siblings(detail, index, width)]
    if tags:
        sections.append(_tags(detail.row, shown))
    return Content("\n\n").join(section for section in sections if section.plain)


def legend(shown: RadiographRow | None, of_maps: str = "") -> Content:
    """The lines' scale, or why there are none."""
    activation = shown.activation if shown else None
    if activation is None or not activation.drawn:
        return Content.styled(_said(activation, of_maps), FAINT)
    steps = [
        Content.assemble(("━", f"rgb({red},{green},{blue})"), (f" {level:.0%} ", FAINT))
        for level, (red, green, blue) in SCALE.items()
    ]
    return Content.assemble(("map ", FAINT), *steps, ("of maximum", FAINT))


def lungs_legend(shown: RadiographRow | None) -> Content:
    """The outline's colour, or that there is none."""
    if shown is None or shown.lungs is None:
        return Content.styled("lungs: not outlined", FAINT)
    if not shown.lungs.polygons:
        return Content.styled("lungs: no sure outline", FAINT)
    red, green, blue = LUNGS
    return Content.assemble(("━", f"rgb({red},{green},{blue})"), (" lungs", FAINT))


def _score(detail: StudyDetail, shown: RadiographRow | None) -> Content:
    row = detail.row
    heading = title("Suspicion score for COVID-19")
    if row.score is None:
        none = "not scored yet" if row.band is Band.WAITING else "no radiograph was scored"
        return lines([heading, band(row.band), Content.styled(none, FAINT)])
    spread = f" ± {shown.spread:.2f}" if shown and shown.spread is not None else ""
    score = Content.assemble((f"{row.score:.2f}", STRONG), (spread, FAINT), "   ", band(row.band))
    label = Content.assemble(("most probable: ", FAINT), wording.label_name(row.label))
    like = [Content.styled(str(detail.alike), FAINT)] if detail.alike else []
    return lines([heading, score, label, *like])


def _classes(row: StudyRow, shown: RadiographRow | None, width: int) -> Content:
    probabilities = shown.probabilities if shown else row.probabilities
    if not probabilities:
        return Content()
    ranked = sorted(zip(LABELS, probabilities, strict=True), key=lambda pair: -pair[1])
    return lines(
        [title("Classes of this radiograph"), *(_class(*pair, row.band, width) for pair in ranked)]
    )


def _class(label: str, share: float, which: Band, width: int) -> Content:
    full, track = wording.bar(share, min(max(width, 4), 16))
    ink = f"$band-{which.value.lower()}" if label == TARGET_LABEL else "$foreground"
    name = fitted(wording.label_name(label), NAME)
    return Content.assemble(name, (full, ink), (track, "$track"), f" {share:.2f}")


def _marks(row: StudyRow) -> Content:
    return lines(Content.styled(f"! {visible(mark)}", MARK) for mark in row.marks)


def _said(activation: ActivationMap | None, of_maps: str) -> str:
    """What its map is worth; of one that is not proven, what is said of the study's."""
    proven = activation is not None and activation.proof is not None
    return map_words(activation) if proven or not of_maps else of_maps


def _map(shown: RadiographRow | None, of_maps: str) -> Content:
    """What its map is worth, or why it is not drawn; the picture has no room for it."""
    if shown is None:
        return Content()
    said = [_said(shown.activation, of_maps)]
    if shown.map_inside is not None:
        said.append(outside_words(shown.map_inside))
    return lines([title("Where the score comes from"), *map(Content, said)])


def _reviews(reviews: tuple[Review, ...]) -> Content:
    """The entry each reviewer stands by, newest first."""
    latest = {review.reviewer: review for review in reviews}
    entries = sorted(latest.values(), key=lambda review: review.reviewed_at, reverse=True)
    said = [_review(review) for review in entries if _says_something(review)]
    return lines([title("Review"), *(said or [Content.styled("not reviewed yet", FAINT)])])


def _says_something(review: Review) -> bool:
    return bool(review.verdict or review.flagged or review.comment)


def _review(review: Review) -> Content:
    parts = [Content.styled(wording.verdict(review.verdict, review.label), STRONG)]
    if review.flagged:
        parts.append(Content.styled("⚑ flagged", MARK))
    when = f"{review.reviewed_at.astimezone():%Y-%m-%d %H:%M}"
    parts.append(Content.styled(f"{visible(review.reviewer)}, {when}", FAINT))
    said = [Content("  ").join(part for part in parts if part.plain)]
    if review.reason:
        said.append(Content(f"because: {visible(review.reason)}"))
    if review.comment:
        said.append(Content(f"“{visible(review.comment)}”"))
    return lines(said)


def _siblings(detail: StudyDetail, index: int, width: int) -> Content:
    shown = [
        _sibling(number, radiograph, current=number == index)
        for number, radiograph in enumerate(detail.radiographs)
    ]
    refused = [
        _refused(number, refusal, width, current=number == index)
        for number, refusal in enumerate((*detail.refusals, *detail.waiting), start=len(shown))
    ]
    return lines([title("Radiographs of the study"), *shown, *refused])


def _sibling(number: int, radiograph: RadiographRow, *, current: bool) -> Content:
    score = ""
    if radiograph.probabilities:
        score = f"{suspicion(radiograph.probabilities):.2f}"
    return Content.assemble(
        ("▸ " if current else "  ", "$primary"),
        (f"{number + 1} {view(radiograph)}", STRONG if current else ""),
        f"  {score:4}  ",
        (visible(radiograph.path.name), FAINT),
    )


def _refused(number: int, refusal: Refusal, width: int, *, current: bool) -> Content:
    waits = refusal.outcome is Outcome.WAITING
    said = refusal.reason if waits else f"{refusal.outcome}: {refusal.reason}"
    reason = wrap(visible(said), max(width - 4, 12))
    mark = FAINT if waits else MARK
    return Content.assemble(
        ("▸ " if current else "  ", "$primary"),
        (f"{number + 1} {'◌' if waits else '×'}", f"bold {mark}" if current else mark),
        f"  {visible(refusal.path.name)}\n",
        ("\n".join("    " + line for line in reason), FAINT),
    )


def view(radiograph: RadiographRow | Refusal) -> str:
    """The view as it is shown; a view the header does not tell is said to be so."""
    if isinstance(radiograph, Refusal) and radiograph.outcome is Outcome.WAITING:
        return "not scored yet"
    if isinstance(radiograph, Refusal):
        return f"not scored ({radiograph.outcome})"
    if radiograph.projection is Projection.UNKNOWN:
        return "view?"
    return str(radiograph.projection)


def _tags(row: StudyRow, shown: RadiographRow | None) -> Content:
    taken = f"{row.taken_at:%Y-%m-%d %H:%M}" if row.taken_at else "unknown"
    pairs = [("Taken", taken), ("Age, sex", wording.patient_facts(row).strip() or "unknown")]
    if shown:
        pairs += [
            ("Size", f"{shown.columns} x {shown.rows}, {shown.bits_stored} bits"),
            ("Photometric", shown.photometric),
            ("Encoding", shown.transfer_syntax),
            ("Digest", shown.digest.removeprefix("sha256:")[:16]),
            ("File", str(shown.path)),
        ]
        if shown.border_share is not None:
            pairs.insert(-2, ("At the border", f"{shown.border_share:.0%} of the map"))
        if shown.distance is not None:
            pairs.insert(-2, ("Unlikeness", f"{shown.distance:.1f}"))
    return lines(
        [
            title("Header and measures"),
            *(Content.assemble((fitted(name, 15), FAINT), visible(value)) for name, value in pairs),
        ]
    )
