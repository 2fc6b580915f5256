"""What the commands of ``screener assess`` share: options, a site's figures, and them as lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from screener import console
from screener.errors import ConfigurationError, StoreError
from screener.study import RESEARCH_ONLY
from screener.text import visible

if TYPE_CHECKING:
    from screener.results.site import Site
    from screener.results.worklist import Worklist

draw_option = click.option(
    "--name", metavar="NAME", help="Which draw.  [default: the newest]", default=None
)
labels_option = click.option(
    "--labels",
    metavar="FILE.csv",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge by labels from outside, such as PCR results, in place of a reading: a column "
    "accession, study, pseudonym or file, and a column label.",
)


def site_of(worklist: Worklist, name: str | None, labels: Path | None) -> Site:
    """The figures of a draw, or of labels.

    Raises:
        StoreError: there is no draw.
        ConfigurationError: the labels cannot be used.
    """
    if name and labels:
        raise click.UsageError("--name and --labels exclude each other.")
    from screener.results import blind, evidence
    from screener.results import labels as outside
    from screener.results.site import site

    store = worklist.store
    today = worklist.card().thresholds
    if labels:
        known = evidence.of_labels(store, outside.read(labels, store), today)
        for row in known.unmatched:
            console.note(f"{labels.name}, {row}")
        if not known.suspicious:
            raise ConfigurationError(f"{labels}: no label fits a scored study of these results")
    else:
        known = evidence.of_draw(store, blind.find(store, name))
    if not known.suspicious:
        raise StoreError(
            f"{store.folder}: none of the drawn studies is judged yet; run 'screener assess review'"
        )
    return site(known, today, worklist.adoption())


def lines(found: Site) -> Iterator[str]:
    """The figures of a site as a person reads them in a terminal."""
    from screener.cli.table import table
    from screener.results import site_export as words

    figures = found.figures
    yield f"This site's own figures: {visible(found.evidence.source)}"
    yield from words.remarks(found)
    yield ""
    yield from table(words.BAND_TITLES, words.band_rows(found))
    yield ""
    yield from table(words.THRESHOLD_TITLES, words.threshold_rows(found))
    yield ""
    yield f"suspicious in the whole list  {words.percent(figures.prevalence)}"
    yield f"AUC                           {words.plain_number(figures.auc)}"
    yield f"shift of the scores' logits   {words.plain_number(figures.intercept)}"
    yield ""
    yield from table(words.CALIBRATION_TITLES, words.calibration_rows(found))
    if figures.agreements:
        yield ""
        yield from table(words.AGREEMENT_TITLES, words.agreement_rows(found))
    yield ""
    yield from words.narrowing_words(found)
    if found.adopted:
        yield f"Thresholds {visible(found.adopted.words)}."
    yield RESEARCH_ONLY
