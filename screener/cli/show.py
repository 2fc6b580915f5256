"""``screener show``: everything the results know of one study, or of the reviews."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.cli import options
from screener.marks import map_words
from screener.results.opening import is_there
from screener.study import LABEL_NAMES, LABELS, RESEARCH_ONLY, Review
from screener.text import plural, visible

if TYPE_CHECKING:
    from screener.results.adoption import Adoption
    from screener.results.agreement import Agreement
    from screener.results.kappa import Figure
    from screener.results.worklist import StudyDetail, Worklist


@click.command()
@click.argument("study", required=False)
@options.results_folder
@click.option("--review", is_flag=True, help="Show reviews, and agreement with the model.")
@options.json_option
def command(study: str | None, results: Path, review: bool, as_json: bool) -> None:
    """Print all that is known of STUDY.

    A rank, or a pseudonym, a key or a file's name, or what only one of them begins with.

    With --review and no STUDY, how far each reviewer agrees with the model over all studies.
    """
    folder = options.folder_alone(study) if review else None
    if folder and (folder.is_dir() or is_there(folder)):
        study, results = None, folder
    if not study and not review:
        raise click.UsageError("Give a STUDY, or --review for the reviews of all.")
    with options.opened(results) as worklist:
        if not study:
            _agreement(worklist, as_json)
            return
        detail, adopted = worklist.study(worklist.find(study)), worklist.adoption()
    if as_json:
        from screener.results.export import detail_json

        console.say(detail_json(detail, adopted))
        return
    for line in _reviews(detail.reviews) if review else _lines(detail, adopted):
        console.say(visible(line))


def _lines(detail: StudyDetail, adopted: Adoption | None) -> Iterator[str]:
    row = detail.row
    score = "no score" if row.score is None else f"suspicion score for COVID-19 {row.score:.3f}"
    yield f"{row.band.glyph} {row.band}   rank {row.rank or '-'}   {score}"
    if adopted:
        yield f"band      {adopted.words}"
    if adopted and adopted.by_reading and row.score is not None:
        share = 100 * adopted.expected(row.score)
        yield f"          of studies scored so, readers here call about {share:.0f} % suspicious"
    if detail.alike:
        yield f"          {detail.alike}"
    yield f"study     {row.key}"
    age = "?" if row.age is None else age_words(row.age)
    yield f"patient   {row.patient}   age {age}   sex {row.sex or '?'}"
    yield f"taken     {row.taken_at or '?'}"
    yield from (f"note      {mark}" for mark in row.marks)
    for radiograph in detail.radiographs:
        yield f"scored    {radiograph.path}"
        yield (
            f"          {radiograph.projection}, {radiograph.columns} x {radiograph.rows}, "
            f"{radiograph.bits_stored} bit, {radiograph.photometric}, {radiograph.digest}"
        )
        yield from (
            f"          {LABEL_NAMES[label]:20} {value:6.3f}  {'█' * round(30 * value)}"
            for label, value in zip(LABELS, radiograph.probabilities, strict=True)
        )
        if radiograph.spread is not None:
            yield f"          spread over moved views {radiograph.spread:.3f}"
        yield f"          map: {map_words(radiograph.activation)}"
    for refusal in detail.refusals:
        yield f"refused   {refusal.path}"
        yield f"          {refusal.outcome.replace('_', ' ')}: {refusal.reason}"
    yield from (f"waiting   {waiting.path}: {waiting.reason}" for waiting in detail.waiting)
    yield from _reviews(detail.reviews)
    yield RESEARCH_ONLY


def age_words(years: float) -> str:
    """Whole years, or months below two."""
    return f"{years:.0f}" if years >= 2 else f"{12 * years:.0f} mo"


def _reviews(reviews: tuple[Review, ...]) -> Iterator[str]:
    if not reviews:
        yield "review    none yet"
    for review in reviews:
        own = f" ({LABEL_NAMES.get(review.label, review.label)})" if review.label else ""
        own += f" because {review.reason}" if review.reason else ""
        flag = ", flagged" if review.flagged else ""
        comment = f": {review.comment}" if review.comment else ""
        verdict = review.verdict or "no verdict"
        when = f"{review.reviewed_at:%Y-%m-%d %H:%M}"
        looked = "" if review.seconds is None else f", after {review.seconds:.0f} s"
        yield f"review    {when}  {review.reviewer}  {verdict}{own}{flag}{looked}{comment}"


def _agreement(worklist: Worklist, as_json: bool) -> None:
    if as_json:
        from screener.results.said import agreement_json

        console.say(json.dumps({"schema": 1, **agreement_json(worklist)}))
        return
    counts, found = worklist.counts(), worklist.agreements()
    console.say(f"{counts.reviewed:,} of {plural(counts.studies, 'study', 'studies')} reviewed")
    for name, one in found.with_model.items():
        console.say(f"{visible(name)}: the model's label in {_agreed(one)}")
    for pair, one in found.between.items():
        console.say(f"{' and '.join(map(visible, pair))}: the same class in {_agreed(one)}")
    if found.of_all:
        said = f"{plural(found.of_all.n, 'study', 'studies')} that all of them judged"
        console.say(
            f"all {len(found.with_model)} reviewers: Fleiss' {_kappa(found.of_all)}, {said}"
        )


def _agreed(one: Agreement) -> str:
    of = plural(one.studies, "study", "studies")
    return f"{one.agreed} of {of}, Cohen's {_kappa(one.kappa)}"


def _kappa(figure: Figure) -> str:
    if figure.value is None:
        return "kappa -"
    return f"kappa {figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
