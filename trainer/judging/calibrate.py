"""Make scores mean something: temperature, thresholds of the bands and the guard's limits.

All from validation images, with the very weights it is stored beside, and bound to their digest.
The test split is never looked at.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from screener.card import WeightsCard
from screener.errors import ConfigurationError
from screener.levels import LEVEL
from screener.levels import level as level_of
from screener.network.batch import to_input
from screener.network.guard import SIDE, Guard, thumbnails
from screener.network.model import Network
from screener.network.weights import load_network, save_weights
from screener.rates import RATES, SCORED_LIKE, Shown
from screener.study import TARGET_LABEL, Band, Refusal
from trainer.fitting.graphs import stamp_graphs
from trainer.judging import guard_fit
from trainer.judging.evaluate import plain
from trainer.judging.predict import BATCH, read_squares
from trainer.judging.rates import rates, scored_like
from trainer.judging.statistics import Estimate, calibration, share
from trainer.judging.temperature import fit_temperature, held_out_scores
from trainer.judging.unseen import (
    LEAST,
    NORMAL,
    SCORES_FILE,
    SENSITIVITIES,
    Scored,
    figures,
    level,
    read_scores,
    said,
    suspicion,
    thresholds,
)
from trainer.manifest import KNOWN, Entry, manifest_digest, select, speaks_of

Array = npt.NDArray[Any]
Progress = Callable[[int], None]
"""Told the number of images of each batch that is done."""

PER_SOURCE = 400
"""Training images of one source that the guard's statistics are made from."""
QUANTILES = np.linspace(0, 100, 21)
"""Of the validation's scores and distances, for the alarm on a whole scan."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a network made of the images that could be read."""

    entries: tuple[Entry, ...]
    seen: guard_fit.Seen
    logits: npt.NDArray[np.float32]
    """(N, classes), before the temperature."""
    unread: int = 0
    """Images that could not be read."""


def calibrate(
    folder: Path,
    entries: Sequence[Entry],
    progress: Progress | None = None,
    *,
    unseen: Path | None = None,
    shows: Mapping[str, Shown | None] | None = None,
) -> WeightsCard:
    """Measure temperature, thresholds and guard, and write weights and card anew.

    Args:
        folder: of the weights.
        entries: of the training's manifests, with their validation split.
        progress: told how far it is.
        unseen: folder of ``trainer unseen`` with the same recipe, which thresholds are taken from.
        shows: what labels of its sources mean, for :mod:`trainer.judging.rates`.

    Raises:
        ConfigurationError: no validation image shows the target, or the folder holds no scores.
        WeightsError: the weights are missing, damaged or do not fit their card.
    """
    card, network = load_network(folder)
    train, val = images_for(entries)
    if card.target_label not in {entry.label for entry in val}:
        raise ConfigurationError(
            f"no validation image is labelled {card.target_label}; give the training's manifests"
        )
    observed, learnt = (observe(network, card, films, progress) for films in (val, train))
    if card.target_label not in {entry.label for entry in observed.entries} or not learnt.entries:
        raise ConfigurationError(
            f"{observed.unread + learnt.unread} of {len(val) + len(train)} images cannot be read, "
            f"all that are labelled {card.target_label} among them; bring the files back"
        )
    guard = guard_fit.fit(learnt.seen, observed.seen)
    levels = Levels.read(unseen, shows or {}) if unseen else None
    card = measured(card, observed, guard, levels)
    card.metrics["sources"] = sources_of(entries)
    card.metrics["validation"] |= {
        "unread": observed.unread + learnt.unread,
        "open": len(select(entries, "val")) - len(val),
    }
    card = save_weights(folder, network, card, guard_fit.to_tensors(guard))
    stamp_graphs(folder, card.digest)
    return card


def images_for(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Some of the training and the validation images: what a calibration looks at.

    Validation images whose label leaves the target open have nothing to say here.
    """
    val = [entry for entry in select(entries, "val") if speaks_of(entry.label, TARGET_LABEL)]
    return some_of_each_source(select(entries, "train"), PER_SOURCE), val


def sources_of(entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Images and stated licences of each source that is trained on, for the model card."""
    return {
        source: {
            "train": sum(entry.split == "train" for entry in own),
            "val": sum(entry.split == "val" for entry in own),
            "licences": sorted({entry.licence for entry in own if entry.licence}),
        }
        for source in sorted({entry.source for entry in select(entries, "train")})
        if (own := [e for e in entries if e.source == source and e.split in ("train", "val")])
    }


def some_of_each_source(entries: Sequence[Entry], most: int) -> list[Entry]:
    """At most so many entries of each source, evenly spaced over its list."""
    of_source: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_source[entry.source].append(entry)
    return [
        listed[place]
        for listed in of_source.values()
        for place in sorted(set(np.linspace(0, len(listed) - 1, most).astype(int).tolist()))
    ]


def observe(
    network: Network,
    card: WeightsCard,
    entries: Sequence[Entry],
    progress: Progress | None = None,
) -> Observed:
    """Look at images with a network, one forward pass each; unreadable ones are counted."""
    kept: list[Entry] = []
    small = [np.empty((0, SIDE, SIDE), np.uint8)]
    pooled = [np.empty((0, network.body.channels), np.float32)]
    logits = [np.empty((0, len(card.labels)), np.float32)]
    for batch in read_squares(entries, card.input_size, BATCH):
        readable = [(e, square) for e, square in batch if not isinstance(square, Refusal)]
        if readable:
            squares = np.stack([square for _, square in readable])  # (N, S, S)
            kept += (entry for entry, _ in readable)
            small.append(thumbnails(squares))
            with torch.inference_mode():
                features = network.body(to_input(torch.from_numpy(squares), card.mean, card.std))
                pooled.append(features.mean((2, 3)).numpy())
                logits.append(network.head(features).numpy())
        if progress:
            progress(len(batch))
    sources = tuple(entry.source for entry in kept)
    seen = guard_fit.Seen(np.concatenate(small), np.concatenate(pooled), sources)
    unread = len(entries) - len(kept)
    return Observed(tuple(kept), seen, np.concatenate(logits), unread)


@dataclass(frozen=True, slots=True)
class Levels:
    """Thresholds from sources that were left out: the level that travels."""

    scored: Sequence[Scored]
    how: str
    """By which fits, in words."""
    shows: Mapping[str, Shown | None]
    """What labels of its sources mean."""

    @classmethod
    def read(cls, folder: Path, shows: Mapping[str, Shown | None]) -> Levels:
        """What ``trainer unseen`` left in a folder.

        Raises:
            ConfigurationError: it holds no scores, or none of a label that is explained.
        """
        scored = read_scores(folder / SCORES_FILE)
        if unknown := shows.keys() - {f"{one.source} {one.label}" for one in scored}:
            raise ConfigurationError(
                f"{folder / SCORES_FILE}: holds no {', '.join(sorted(unknown))}; see --shows"
            )
        return cls(scored, said(folder, scored[0].variant), shows)

    def thresholds(self) -> dict[Band, float]:
        """Of each band."""
        return {Band(band): at for band, at in thresholds(self.scored).items()}

    def source(self) -> str:
        """How the thresholds were chosen, in one sentence."""
        target = [o for o in self.scored if o.role == "unseen" and o.label == TARGET_LABEL]
        sources = ", ".join(sorted({one.source for one in target}))
        return (
            f"highest scores that reach these shares of {len(target)} COVID-19 radiographs of "
            f"sources left out ({sources}; {self.how}): {_aims()}"
        )

    def figures(self) -> dict[str, Any]:
        """What the model card prints first, each with its interval and n."""
        found = figures(self.scored[0].variant, self.scored)
        told: dict[str, Any] = plain(
            {
                RATES: rates(self.scored, self.shows),
                SCORED_LIKE: scored_like(self.scored, self.shows),
                "auc_covid19_against_normal": found.pooled,
                "normals_in_priority": found.priority["all normal"],
                **{f"auc_within_{fold}": area for fold, area in found.within.items()},
                "in_priority": found.priority,
                LEVEL: self.normals_level(),
                "controlled": list(found.controlled),
                "how": self.how,
            }
        )
        return told

    def normals_level(self) -> float | None:
        """Of the normals of each source left out, the mean; what ``--adapt`` sets a scan beside."""
        sources: dict[tuple[str, str], list[Scored]] = defaultdict(list)
        for one in self.scored:
            if (one.role, one.label) == ("unseen", NORMAL):
                sources[one.fold, one.source].append(one)
        found = [level_of(suspicion(own).tolist()) for own in sources.values() if len(own) >= LEAST]
        return float(np.mean(found)) if found else None


def measured(
    card: WeightsCard, val: Observed, guard: Guard, levels: Levels | None = None
) -> WeightsCard:
    """The card with all that the validation images tell, and thresholds from elsewhere if given."""
    truth = np.array([KNOWN.index(entry.label) for entry in val.entries])
    temperature = fit_temperature(val.logits, truth)
    logits = torch.from_numpy(val.logits) / temperature
    scores = logits.softmax(1)[:, card.labels.index(card.target_label)].numpy().astype(float)
    positive = truth == KNOWN.index(card.target_label)
    people = [entry.person for entry in val.entries]
    least = (
        levels.thresholds()
        if levels
        else {band: level(scores[positive], share) for band, share in SENSITIVITIES.items()}
    )
    distances = guard.distance(val.seen.squares, val.seen.pooled)
    told = {
        "images": len(truth),
        "manifest": manifest_digest(val.entries),
        "target": int(positive.sum()),
        "calibration": reliability(positive, held_out_scores(val.logits, truth, people, positive)),
        "bands": {
            band: band_figures(at, scores, positive, val.entries) for band, at in least.items()
        },
        "scores": np.percentile(scores, QUANTILES).round(4).tolist(),
        "distances": np.percentile(distances, QUANTILES).round(4).tolist(),
        "refused_by_guard": chosen(distances > guard.limit),
    }
    return replace(
        card,
        temperature=temperature,
        thresholds={str(band): at for band, at in least.items()},
        threshold_source=(
            levels.source() if levels else threshold_source(len(truth), int(positive.sum()))
        ),
        metrics={
            **({"unseen": levels.figures()} if levels else {}),  # first on the card
            **{key: found for key, found in card.metrics.items() if key != "unseen" or not levels},
            "validation": told,
        },
        guard=guard_fit.to_card(guard),
    )


def threshold_source(images: int, target: int) -> str:
    """How the thresholds were chosen, in one sentence."""
    return (
        f"highest scores that reach these shares of the {target} COVID-19 radiographs among "
        f"{images} validation images: {_aims()}"
    )


def _aims() -> str:
    return " and ".join(f"{band} {share:.0%}" for band, share in SENSITIVITIES.items())


def band_figures(
    at: float, scores: Array, positive: Array, entries: Sequence[Entry]
) -> dict[str, Any]:
    """Sensitivity and specificity of a threshold, in all and by source, by patient.

    The sensitivity has no interval: the threshold was chosen so that it comes out.
    """
    reached, source = scores >= at, np.array([entry.source for entry in entries], str)
    patients = np.array([entry.person for entry in entries], str)

    def specificity(among: Array) -> Estimate:
        return share(~reached[among], patients[among].tolist())

    others = {name: ~positive & (source == name) for name in sorted(set(source.tolist()))}
    return {
        "threshold": at,
        "sensitivity": chosen(reached[positive]),
        "specificity": asdict(specificity(~positive)),
        "specificity_by_source": {
            name: asdict(specificity(among)) for name, among in others.items() if among.any()
        },
    }


def chosen(hits: Array) -> dict[str, Any]:
    """A share that holds by construction, which no interval speaks of."""
    return {"value": float(hits.mean()), "low": None, "high": None, "n": len(hits)}


def reliability(positive: Array, scores: Array) -> dict[str, Any]:
    """Calibration figures of the score as plain numbers; None where none can be computed."""
    found = calibration(positive, scores)
    return {
        "ece": found.error,
        "slope": _known(found.slope),
        "intercept": _known(found.intercept),
        "said": found.said.round(4).tolist(),
        "came": found.came.round(4).tolist(),
        "cases": found.cases.tolist(),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
