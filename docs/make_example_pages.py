"""The example pages of the README: a report of the phantoms, as it prints.

    python docs/make_example_pages.py

No person was imaged and **no network was asked**: scores and maps are invented here, so that the
pages show the form of a report and nothing else. Needs pdftoppm (poppler).
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from pypdf import PdfReader

from screener.card import WeightsCard
from screener.digest import digest_of_file
from screener.reading.gathered import Gathered
from screener.reading.survey import survey
from screener.report import write_report
from screener.results.store import Store
from screener.study import (
    ActivationMap,
    Outcome,
    Proof,
    Radiograph,
    RadiographScore,
    Refusal,
    Review,
    Verdict,
)

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "sample_data" / "studies"
MARK = "tenth hidden"
"""What stands below the picture of a study alone."""
IMAGES = ROOT / "docs" / "images"
SCANNED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SHOWN_AS = "/data/phantoms"
DOTS = 100
"""An inch."""

CARD = WeightsCard(
    name="example",
    version="none",
    thresholds={"PRIORITY": 0.6, "ELEVATED": 0.25},
    threshold_source="Invented for this example",
    trained_on="Nothing: the scores of this example are invented.",
    digest="sha256:" + "0" * 64,
    thresholds_for="sha256:" + "0" * 64,
)
INVENTED = {
    "02-ground-glass": (0.912, ((3, 2), (6, 2), (4, 7), (7, 7))),
    "06-no-preamble": (0.741, ((6, 3), (6, 7))),
    "04-interstitial": (0.447, ((4, 3), (4, 6))),
    "03-lobar": (0.318, ((6, 2),)),
    "10-repeated": (0.287, ((3, 6),)),
}
"""Score, and the (row, column) of the spots of its map; other studies have a low score."""


def surveyed() -> Gathered:
    """The phantoms, by their headers."""
    steps = survey([STUDIES])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Gathered = end.value
            return result


def scored(radiograph: Radiograph, place: int) -> RadiographScore:
    """An invented score of a phantom."""
    target, spots = INVENTED.get(radiograph.path.parent.name, (0.02 + 0.023 * place, ((1, 3),)))
    rest = 1 - target
    return RadiographScore(
        radiograph,
        digest_of_file(radiograph.path),
        (0.55 * rest, 0.15 * rest, 0.30 * rest, target),
        activation(spots, target),
        border_share=0.34,
        distance=1.0,
    )


def activation(spots: tuple[tuple[int, int], ...], score: float) -> ActivationMap:
    """Smooth spots in the picture, with an invented proof."""
    size = 10
    y, x = np.mgrid[0:size, 0:size]
    effect = sum(np.exp(-((y - row) ** 2 + (x - column) ** 2) / 3) for row, column in spots)
    values = (255 * effect / np.max(effect)).astype(np.uint8).tobytes()
    return ActivationMap(size, size, values, Proof(score, 0.4 * score, 0.9 * score))


def build(folder: Path) -> None:
    """Write results of the phantoms with invented scores."""
    found = surveyed()
    damaged = "12-damaged"
    with Store.writing(folder) as store:
        store.add_weights(CARD)
        run = store.begin_run(
            [STUDIES], CARD.digest, device="cpu", pipeline="1", started_at=SCANNED
        )
        store.put_studies(found.studies)
        store.put_refusals(found.refusals)
        store.put_scores(
            [
                Refusal(radiograph.path, Outcome.UNREADABLE, "the file ends inside its pixel data")
                if radiograph.path.parent.name == damaged
                else scored(radiograph, place)
                for place, radiograph in enumerate(found.radiographs)
            ],
            CARD.digest,
            "1",
        )
        store.finish_run(run.id, SCANNED + timedelta(minutes=2), skipped=found.skipped)
        with (
            store.transaction() as database
        ):  # the page shows no path of the machine it was made on
            database.execute("UPDATE run SET folders = ?", (json.dumps([SHOWN_AS]),))
        first = next(s for s in found.studies if "ground-glass" in str(s.radiographs[0].path))
        comment = "A phantom: no person was imaged, and the score is invented."
        when = SCANNED + timedelta(minutes=12)
        store.add_review(
            Review(
                study_key=first.key,
                reviewer="reader 1",
                verdict=Verdict.AGREE,
                label=None,
                flagged=True,
                comment=comment,
                reviewed_at=when,
            )
        )


def picture(pdf: Path, page: int, name: str) -> None:
    """One page as a PNG of few colours, small enough for a README."""
    out = IMAGES / name
    place = ["-f", str(page), "-l", str(page), "-singlefile"]
    subprocess.run(["pdftoppm", "-r", str(DOTS), "-png", *place, pdf, out], check=True)
    path = out.with_name(f"{name}.png")
    with Image.open(path) as image:
        colours = image.quantize(256, Image.Quantize.MAXCOVERAGE)
        image.quantize(palette=colours).save(path, optimize=True)


def study_page(pdf: Path) -> int:
    """Number of the first page that shows a study."""
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(pdf).pages]
    return 1 + next(number for number, text in enumerate(pages) if MARK in text)


def main() -> None:
    """Make both pages anew."""
    with TemporaryDirectory() as scratch:
        os.environ["SCREENER_DATA_DIR"] = scratch
        folder = Path(scratch) / "results"
        build(folder)
        made = SCANNED + timedelta(minutes=20)
        pdf = write_report(folder, Path(scratch) / "report.pdf", generated_at=made)
        picture(pdf, 1, "report-summary")
        picture(pdf, study_page(pdf), "report-study")


if __name__ == "__main__":
    main()
