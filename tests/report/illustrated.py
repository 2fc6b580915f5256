"""Results whose radiographs really exist: small invented pictures, scored by nobody.

Texts are the awkward ones that a report meets: other alphabets, markup, very long comments.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from sample_data.results import NOW, PIPELINE, make_card
from screener.card import WeightsCard
from screener.digest import digest_of_file
from screener.results.identity import Identify
from screener.results.store import Store
from screener.study import (
    ActivationMap,
    Outcome,
    Projection,
    Proof,
    Radiograph,
    RadiographScore,
    Refusal,
    Review,
    Study,
    Verdict,
)

NAMES = (
    "Wąsowska^Żółcisława",
    "Παπαδόπουλος^Γιώργος",
    "Щукин^Ёлка",
    "<b>Bold</b> & Sons",
    "٠١٢٣ 0123",
    "山田^太郎",
    "Kowalski^Jan",
    "Example^Erika",
)
SCORES = (0.97, 0.91, 0.82, 0.66, 0.61, 0.41, 0.30, 0.08)
LONG = "Long comment, 10,000 characters: " + "ground glass? left base & <i>lines</i>; " * 249
COMMENTS = {0: "Tubes & lines in place; see <b>left</b> base.\nRepeat upright.", 3: LONG}


def build_illustrated(
    folder: Path, identify: Identify = "full", card: WeightsCard | None = None, copies: int = 1
) -> Path:
    """Write results of ``8 * copies`` studies with pictures below ``folder`` and return it.

    Study 1 has two radiographs, study 2 a refused sibling, study 5 is a child's, one more study
    has no score at all.
    """
    card = card or make_card()
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    with Store.writing(folder) as store:
        store.add_weights(card)
        run = store.begin_run(
            [pictures],
            card.digest,
            device="cpu",
            pipeline=PIPELINE,
            started_at=NOW,
            identify=identify,
        )
        numbers = range(len(NAMES) * copies)
        studies = [_study(pictures, number) for number in numbers]
        store.put_studies(studies)
        store.put_refusals(
            [
                Refusal(
                    pictures / "0001-side.dcm",
                    Outcome.UNSUITABLE,
                    "lateral view: only frontal chest radiographs are scored",
                    studies[1].key,
                ),
                Refusal(
                    pictures / "torn <b>&.dcm", Outcome.UNREADABLE, "the file ends early", "1.2.99"
                ),
            ]
        )
        store.put_scores(
            [
                _score(radiograph, SCORES[number % len(SCORES)] - 0.2 * place)
                for number, study in zip(numbers, studies, strict=True)
                for place, radiograph in enumerate(study.radiographs)
            ],
            card.digest,
            PIPELINE,
        )
        for number, comment in COMMENTS.items():
            verdict = Verdict.AGREE if number else Verdict.DISAGREE
            label = None if number else "viral"
            when = NOW + timedelta(minutes=5 + number)
            store.add_review(
                Review(studies[number].key, "anna", verdict, label, not number, comment, when)
            )
        other = Review(studies[0].key, "jan", None, None, True, "Please look again.", NOW)
        store.add_review(other)
        store.finish_run(run.id, NOW + timedelta(minutes=2), skipped=1)
    return folder


def _study(pictures: Path, number: int) -> Study:
    key = f"1.2.826.0.1.3680043.10.{number + 1}"
    taken_at = datetime(2020, 3, 14, 8, 30) + timedelta(hours=7 * number)
    paths = [pictures / f"{number:04d}-{place}.png" for place in range(2 if number == 0 else 1)]
    for place, path in enumerate(paths):
        _draw(path, 10 * number + place)
    name = NAMES[number % len(NAMES)]
    radiographs = tuple(_radiograph(path, key, name, number, taken_at) for path in paths)
    return Study(key, f"ID{number:04d}", name, f"ACC{number:04d}", taken_at, radiographs)


def _radiograph(path: Path, key: str, name: str, number: int, taken_at: datetime) -> Radiograph:
    with Image.open(path) as image:
        columns, rows = image.size
    return Radiograph(
        path=path,
        study_key=key,
        patient_id=f"ID{number:04d}",
        patient_name=name,
        accession=f"ACC{number:04d}",
        taken_at=taken_at,
        patient_age=9.0 if number == 4 else 48.0 + number,
        patient_sex="MF"[number % 2],
        projection=Projection.AP if number % 3 == 1 else Projection.PA,
        photometric="L",
        transfer_syntax="png",
        rows=rows,
        columns=columns,
        bits_stored=8,
        size=path.stat().st_size,
        mtime_ns=path.stat().st_mtime_ns,
    )


def _draw(path: Path, seed: int, rows: int = 420, columns: int = 360) -> None:
    """Two dark lungs on a bright ground, a little different for each seed."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns] / np.array([rows, columns]).reshape(2, 1, 1)
    gray = 0.7 + dice.normal(0, 0.02, (rows, columns))
    for middle in (0.31, 0.69):
        gray -= 0.5 * np.exp(-(((x - middle) / 0.14) ** 4) - ((y - 0.5) / 0.3) ** 4)
    at_x, at_y = dice.uniform(0.25, 0.75), dice.uniform(0.4, 0.7)
    gray += 0.2 * np.exp(-(((x - at_x) / 0.07) ** 2) - ((y - at_y) / 0.07) ** 2)
    Image.fromarray((255 * gray.clip(0, 1)).astype(np.uint8)).save(path)


def _score(radiograph: Radiograph, target: float) -> RadiographScore:
    rest = 1 - target
    return RadiographScore(
        radiograph,
        digest_of_file(radiograph.path),
        (0.5 * rest, 0.2 * rest, 0.3 * rest, target),
        _map(target),
        border_share=0.62 if radiograph.projection is Projection.AP else 0.31,
        distance=3.0,
        spread=0.021,
    )


def _map(score: float, size: int = 7) -> ActivationMap:
    """A spot in the lower left lung."""
    y, x = np.mgrid[0:size, 0:size]
    values = 255 * np.exp(-((x - 2) ** 2 + (y - 4) ** 2) / 2.5)
    return ActivationMap(
        size, size, values.astype(np.uint8).tobytes(), Proof(score, 0.4 * score, 0.9 * score)
    )
