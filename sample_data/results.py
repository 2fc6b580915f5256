"""A realistic results folder without any image: invented studies through the real store.

``build_results`` is deterministic for a seed and quick enough for 100,000 studies.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from screener.card import WeightsCard
from screener.results.identity import Identify
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import (
    LABELS,
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

PIPELINE = "1"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32

REASONS = (
    (Outcome.UNSUITABLE, "a lateral view; only frontal views (PA, AP) are scored"),
    (Outcome.UNSUITABLE, "modality CT (computed tomography), not radiography (CR, DX, RG)"),
    (Outcome.UNSUITABLE, "body part KNEE, not the chest"),
    (Outcome.UNREADABLE, "the file ends inside its pixel data"),
    (Outcome.UNREADABLE, "JPEG XL pixels: no decoder is installed for 1.2.840.10008.1.2.4.110"),
    (Outcome.NOT_ATTEMPTED, "declares 46341 x 46341 pixels, over the limit of 100,000,000"),
)


def make_card(digest: str = DIGEST) -> WeightsCard:
    """A card of weights that do not exist."""
    interval = {"value": 0.91, "low": 0.88, "high": 0.94, "images": 637}
    return WeightsCard(
        name="covid-resnet50",
        version="0.0-test",
        thresholds={"PRIORITY": 0.6, "ELEVATED": 0.25},
        threshold_source="invented for tests",
        thresholds_for=digest,
        recipe="covid_resnet",
        trained_on="nothing: a card for tests",
        metrics={"test": {"accuracy": interval, "auc": {**interval, "value": 0.95}}},
        digest=digest,
        licence="CC0-1.0",
    )


def make_rates() -> dict[str, Any]:
    """Invented figures of sources left out, as ``trainer calibrate --unseen`` leaves them."""
    kinds = ("COVID-19", "other pneumonia", "tuberculosis", "clear")
    shares = ((0.8, 0.95), (0.6, 0.8), (0.4, 0.7), (0.2, 0.5))
    return {
        "rates": {
            kind: {"PRIORITY": _share(first), "ELEVATED or higher": _share(both)}
            for kind, (first, both) in zip(kinds, shares, strict=True)
        },
        "scored_like": [
            {"from": start, "to": end, "films": 200, "covid19": round(200 * share)} | _share(share)
            for start, end, share in ((0.0, 0.25, 0.1), (0.25, 0.6, 0.3), (0.6, 1.0, 0.62))
        ],
    }


def _share(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 200}


def build_results(
    folder: Path,
    studies: int = 40,
    seed: int = 0,
    identify: Identify = "none",
    *,
    with_maps: bool = True,
    unreadable: int | None = None,
    reviewed: int | None = None,
    card: WeightsCard | None = None,
) -> Path:
    """Write ``folder/screening.db`` and return ``folder``.

    Args:
        folder: made if it is missing.
        studies: how many; about one in twelve has only refusals.
        seed: of every invented value.
        identify: what of the (invented) patients is stored.
        with_maps: give each radiograph an activation map.
        unreadable: further refused files outside any study; default one for every 10 studies.
        reviewed: how many studies have reviews; default a quarter of them.
        card: of the weights; default :func:`make_card`.
    """
    card = card or make_card()
    dice = random.Random(seed)
    root = folder / "studies"
    with Store.writing(folder) as store:
        store.add_weights(card)
        run = store.begin_run(
            [root],
            card.digest,
            device="cpu",
            pipeline=PIPELINE,
            started_at=NOW,
            identify=identify,
        )
        invented = [_study(root, number, dice) for number in range(studies)]
        store.put_studies(study for study, _ in invented)
        store.put_refusals(_refusals(root, invented, unreadable, dice))
        store.put_scores(
            _scores([study for study, _ in invented], dice, with_maps=with_maps),
            card.digest,
            PIPELINE,
        )
        _review(store, [s for s, _ in invented], reviewed, dice)
        store.finish_run(run.id, NOW + timedelta(minutes=7), skipped=2)
    return folder


def wait(store: Store, *keys: str) -> None:
    """Add studies of one radiograph each that are not scored yet, as a running scan has them."""
    for number, key in enumerate(keys):
        invented, _ = _study(Path("/"), 12 * number, random.Random(number))
        radiograph = replace(invented.radiographs[0], path=Path(f"/waits/{key}.dcm"), study_key=key)
        store.put_studies([replace(invented, key=key, radiographs=(radiograph,))])


def _study(root: Path, number: int, dice: random.Random) -> tuple[Study, int]:
    """An invented study and how many of its files are refused."""
    key = f"1.2.826.0.1.3680043.8.498.{number + 1:07d}"
    patient = f"ID{number // 2:06d}"
    taken_at = datetime(2020, 3, 1) + timedelta(minutes=dice.randrange(500_000))
    refused = dice.choices((0, 1, 2), (80, 15, 5))[0]
    images = 0 if number % 12 == 11 else dice.choices((1, 2), (80, 20))[0]
    radiographs = tuple(
        Radiograph(
            path=root / f"{number:06d}" / f"{image}.dcm",
            study_key=key,
            patient_id=patient,
            patient_name=f"Phantom^Zofia {number // 2}",
            accession=f"ACC{number:06d}",
            taken_at=taken_at,
            patient_age=float(dice.choice((4, 15, 31, 46, 58, 67, 79, 92))),
            patient_sex=dice.choice("MFO"),
            projection=dice.choice((Projection.PA, Projection.AP)),
            photometric=dice.choice(("MONOCHROME1", "MONOCHROME2")),
            transfer_syntax="1.2.840.10008.1.2.1",
            rows=2048,
            columns=2000,
            bits_stored=12,
            size=8_192_000 + number,
            mtime_ns=1_583_020_800_000_000_000 + number,
        )
        for image in range(images)
    )
    study = Study(
        key, patient, f"Phantom^Zofia {number // 2}", f"ACC{number:06d}", taken_at, radiographs
    )
    return study, refused if radiographs else refused + 1


def _refusals(
    root: Path, invented: Iterable[tuple[Study, int]], loose: int | None, dice: random.Random
) -> Iterator[Refusal]:
    number = 0
    for number, (study, refused) in enumerate(invented, start=1):
        for image in range(refused):
            outcome, reason = dice.choice(REASONS)
            path = root / f"{number - 1:06d}" / f"refused-{image}.dcm"
            yield Refusal(path, outcome, reason, study.key)
    for file in range(number // 10 if loose is None else loose):
        outcome, reason = dice.choice(REASONS[3:])
        yield Refusal(root / "unsorted" / f"{file:04d}.bin", outcome, reason)


def _scores(
    studies: Iterable[Study], dice: random.Random, *, with_maps: bool
) -> Iterator[RadiographScore]:
    for study in studies:
        for image, radiograph in enumerate(study.radiographs):
            target = dice.betavariate(0.4, 1.2)
            others = [dice.random() for _ in LABELS[1:]]
            probabilities = [(1 - target) * value / sum(others) for value in others] + [target]
            yield RadiographScore(
                radiograph,
                f"sha256:{int(study.key.rsplit('.', 1)[1]):060x}{image:04x}",
                tuple(probabilities),
                _activation(dice, target) if with_maps else None,
                border_share=dice.betavariate(2, 6),
                distance=dice.gammavariate(4, 1),
                spread=dice.betavariate(1, 15),
                inverted=dice.random() < 0.02,
            )


def _activation(dice: random.Random, score: float, size: int = 10) -> ActivationMap:
    """A smooth spot somewhere in the picture."""
    x, y = dice.uniform(1, size - 2), dice.uniform(1, size - 2)
    hidden = score * (0.4 if x + y > 3 else 0.95)  # near the corner nothing is explained
    values = [
        math.exp(-((column - x) ** 2 + (row - y) ** 2) / 3)
        for row in range(size)
        for column in range(size)
    ]
    return ActivationMap(
        size,
        size,
        bytes(round(255 * v / max(values)) for v in values),
        Proof(score, hidden, 0.9 * score),
    )


def _other_than(given: str | None, label: str) -> str:
    """The label, or the next one where the model gave the same."""
    return LABELS[(LABELS.index(label) + 1) % len(LABELS)] if label == given else label


def _review(store: Store, studies: list[Study], wanted: int | None, dice: random.Random) -> None:
    number = min(len(studies) // 4, 100) if wanted is None else wanted
    given = {row.key: row.label for row in Worklist(store).rows()}
    for index, study in enumerate(dice.sample(studies, number)):
        agrees = dice.random() < 0.7
        store.add_review(
            Review(
                study.key,
                dice.choice(("anna", "jan")),
                Verdict.AGREE if agrees else Verdict.DISAGREE,
                None if agrees else _other_than(given[study.key], dice.choice(LABELS)),
                dice.random() < 0.2,
                dice.choice(("", "", "lines in place", "portable, rotated; see <b>left</b> base")),
                NOW + timedelta(minutes=10, seconds=30 * index),
            )
        )
