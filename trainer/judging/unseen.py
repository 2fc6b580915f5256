"""What weights reach in hospitals that they have not seen: folds, scores and figures.

A figure here is of images whose source the scoring network never learnt from. Every interval
resamples whole patients. Fits nothing and looks at no image: :mod:`trainer.judging.leave_out` does.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screener.errors import ConfigurationError
from screener.study import LABELS, TARGET, TARGET_LABEL, Band
from screener.whole import replace_rows
from trainer.judging import statistics
from trainer.judging.statistics import Estimate
from trainer.manifest import Entry

Array = npt.NDArray[Any]

SCORES_FILE = "scores.csv"
FIGURES_FILE = "unseen.json"
RESAMPLES = 500
NORMAL = "normal"
SENSITIVITIES = {Band.PRIORITY: 0.80, Band.ELEVATED: 0.95}
"""Share of the unseen COVID-19 radiographs that reach each band, at least."""
CALIBRATED = "calibrated"
"""Fact of the figures: the scores beside them are divided by their fold's temperature."""
LEAST = 30
"""Sources of fewer images of the network's labels make no fold of their own."""
HEAD = ("variant", "fold", "role", "source", "label", "person", "image", *LABELS)


@dataclass(frozen=True, slots=True)
class Fold:
    """Sources that are left out together."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One image, as a network said of it that never saw its source (or, as control, its person)."""

    variant: str
    fold: str
    role: str
    """``unseen``; ``open`` where the label may not hold for the film; ``control``, a validation
    patient of a seen source, where the fold lacks one of the two kinds."""
    source: str
    label: str
    person: str
    image: str
    logits: tuple[float, ...]
    """Divided by the temperature that the validation of the fold's own sources asks for."""


def folds_of(entries: Sequence[Entry], asked: Iterable[str]) -> list[Fold]:
    """The folds asked for as "NAME=SOURCE,SOURCE", or one for each source that is large enough.

    Raises:
        ConfigurationError: a source is in no manifest, or COVID-19 would be only among what is
            left out or only among what is learnt from.
    """
    known = {entry.source for entry in entries}
    folds = [_fold(text, known) for text in asked]
    learnt = [e for e in entries if e.split in ("train", "val") and e.label in LABELS]
    usable = [entry.source for entry in learnt]
    folds = folds or [Fold(s, (s,)) for s in sorted(set(usable)) if usable.count(s) >= LEAST]
    if len({fold.name for fold in folds}) < len(folds):
        raise ConfigurationError("--leave-out: two folds have one name")
    target = {entry.source for entry in learnt if entry.label == TARGET_LABEL}
    for fold in folds:
        if not target - set(fold.sources):
            raise ConfigurationError(f"--leave-out {fold.name}: leaves no COVID-19 to learn from")
    if not any(target & set(fold.sources) for fold in folds):
        raise ConfigurationError("--leave-out: no source left out shows COVID-19")
    return folds


def _fold(text: str, known: set[str]) -> Fold:
    name, separator, listed = text.partition("=")
    sources = tuple(source.strip() for source in (listed if separator else name).split(","))
    if unknown := [source for source in sources if source not in known]:
        raise ConfigurationError(
            f"--leave-out {text}: no image is from {', '.join(unknown)}; "
            f"sources are {', '.join(sorted(known))}"
        )
    return Fold(name.strip(), sources)


def judged(entries: Sequence[Entry], fold: Fold, most: int) -> list[tuple[Entry, str]]:
    """The images that a fold is judged on, with their role; never one of split ``test``.

    Args:
        entries: of all manifests, with a validation split.
        fold: the sources left out.
        most: images of each (source, label), evenly spaced over its list.
    """
    inside = [e for e in entries if e.source in fold.sources and e.split != "test"]
    found = [(entry, _role(entry)) for entry in _some(inside, most)]
    there = {entry.label for entry, role in found if role == "unseen"}
    lacking = {TARGET_LABEL, NORMAL} - there
    seen = [e for e in entries if e.source not in fold.sources and e.split == "val"]
    return found + [(e, "control") for e in _some(seen, most) if e.label in lacking]


def seen(entries: Sequence[Entry], fold: Fold, most: int) -> list[Entry]:
    """Validation images of the sources that a fold learns from, which set its temperature.

    Networks of several folds are sharp in unlike measure: without it their scores have no common
    scale, nor one with the weights that are fitted on all sources.
    """
    own = [e for e in entries if e.split == "val" and e.source not in fold.sources]
    return _some([e for e in own if e.label in LABELS], most)


def _role(entry: Entry) -> str:
    return "open" if entry.split == "aux" and entry.label in LABELS else "unseen"


def _some(entries: Sequence[Entry], most: int) -> list[Entry]:
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.source, entry.label), []).append(entry)
    return [
        listed[place]
        for listed in groups.values()
        for place in sorted(set(np.linspace(0, len(listed) - 1, most).astype(int).tolist()))
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one variant of a recipe reaches in sources that were left out."""

    variant: str
    within: dict[str, Estimate]
    """AUC of COVID-19 against normal within each fold; against controls where it lacks one."""
    controlled: tuple[str, ...]
    """The folds that were judged against controls from sources that were seen."""
    pooled: Estimate
    """AUC of all unseen COVID-19 against all unseen normals."""
    thresholds: dict[str, float]
    """Least score of each band, that :data:`SENSITIVITIES` of the unseen COVID-19 reach."""
    priority: dict[str, Estimate]
    """Share of each "SOURCE LABEL" that reaches PRIORITY; "all normal" together."""

    @property
    def mean(self) -> float:
        """What recipes are chosen by: the mean of the folds' areas and of the pooled one."""
        areas = [estimate.value for estimate in (*self.within.values(), self.pooled)]
        return float(np.mean([area for area in areas if not math.isnan(area)]))


def figures(variant: str, scored: Sequence[Scored]) -> Figures:
    """The figures of one variant's scores.

    Raises:
        ConfigurationError: no unseen image shows COVID-19.
    """
    unseen = [one for one in scored if one.role == "unseen"]
    if not any(one.label == TARGET_LABEL for one in unseen):
        raise ConfigurationError("no image of a source left out is labelled COVID-19")
    folds = sorted({one.fold for one in scored})
    levels = thresholds(scored)
    return Figures(
        variant=variant,
        within={
            fold: _area([one for one in scored if one.fold == fold and one.role != "open"])
            for fold in folds
        },
        controlled=tuple(sorted({one.fold for one in scored if one.role == "control"})),
        pooled=_area(unseen),
        thresholds=levels,
        priority=_in_priority(scored),
    )


def thresholds(scored: Sequence[Scored]) -> dict[str, float]:
    """Least score of each band, from the COVID-19 radiographs of sources that were left out."""
    target = suspicion([o for o in scored if o.role == "unseen" and o.label == TARGET_LABEL])
    return {str(band): level(target, share) for band, share in SENSITIVITIES.items()}


def level(scores: Array, share: float) -> float:
    """The highest threshold that this share of the scores reaches."""
    ordered = np.sort(scores)[::-1]
    needed = max(1, math.ceil(share * len(ordered) - 1e-9))
    return math.floor(float(ordered[needed - 1]) * 1e6) / 1e6


def suspicion(scored: Sequence[Scored]) -> Array:
    """(N,) suspicion scores."""
    logits = np.array([one.logits for one in scored]).reshape(-1, len(LABELS))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares: Array = powers[:, TARGET] / powers.sum(axis=1)
    return shares


def _area(scored: Sequence[Scored]) -> Estimate:
    pairs = [one for one in scored if one.label in (TARGET_LABEL, NORMAL)]
    return statistics.auc(
        np.array([one.label == TARGET_LABEL for one in pairs], bool),
        suspicion(pairs),
        [one.person for one in pairs],
        RESAMPLES,
    )


def _in_priority(scored: Sequence[Scored]) -> dict[str, Estimate]:
    """Shares over PRIORITY's threshold; intervals resample the patients on both sides of it."""
    groups: dict[str, Callable[[Scored], bool]] = {"all normal": lambda one: one.label == NORMAL}
    for source, label in sorted({(o.source, o.label) for o in scored if o.role != "control"}):
        groups[f"{source} {label}"] = _is(source, label)
    target = [one for one in scored if one.role == "unseen" and one.label == TARGET_LABEL]
    found = {}
    for name, belongs in groups.items():
        own = [one for one in scored if one.role != "control" and belongs(one)]
        if own:
            found[name] = reaching(target, own, Band.PRIORITY)
    return found


def _is(source: str, label: str) -> Callable[[Scored], bool]:
    return lambda one: (one.source, one.label) == (source, label)


def reaching(target: Sequence[Scored], own: Sequence[Scored], band: Band) -> Estimate:
    """The share of ``own`` that reaches a band (or a higher one), by patient.

    The interval resamples the patients of ``own`` and those of the unseen COVID-19 that the
    threshold is chosen from; of these themselves the share holds by choice, and has none.
    """
    share = SENSITIVITIES[band]
    draws = np.random.default_rng(0)
    high, low = suspicion(target), suspicion(own)
    value = float(np.mean(low >= level(high, share)))
    films = _films(own)  # a fold each may have scored it
    if films == _films(target):
        return Estimate(value, math.nan, math.nan, len(films))
    sides = [(high, _people(target)), (low, _people(own))]
    found = []
    for _ in range(RESAMPLES):
        first, second = (scores[_drawn(people, draws)] for scores, people in sides)
        found.append(float(np.mean(second >= level(first, share))))
    ends = np.percentile(found, [2.5, 97.5])
    return Estimate(value, float(ends[0]), float(ends[1]), len(films))


def _films(scored: Iterable[Scored]) -> set[tuple[str, str]]:
    return {(one.source, one.image) for one in scored}


def _people(scored: Sequence[Scored]) -> list[Array]:
    _, person = np.unique([one.person for one in scored], return_inverse=True)
    order = np.argsort(person, kind="stable")
    return np.split(order, np.cumsum(np.bincount(person))[:-1])


def _drawn(people: Sequence[Array], draws: np.random.Generator) -> Array:
    return np.concatenate([people[i] for i in draws.integers(len(people), size=len(people))])


def write_scores(path: Path, scored: Iterable[Scored]) -> None:
    """One row an image and variant; it names images and stays on the machine that has them."""
    replace_rows(path, [HEAD, *([*list(asdict(one).values())[:-1], *one.logits] for one in scored)])


def read_scores(path: Path, variant: str = "") -> list[Scored]:
    """What :func:`write_scores` wrote, of one variant or of the first one listed.

    Raises:
        ConfigurationError: there are none.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        scored = [_scored(row) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: no scores of unseen sources ({error}); make them with 'trainer unseen'"
        ) from None
    wanted = variant or (scored[0].variant if scored else "")
    kept = [one for one in scored if one.variant == wanted]
    if not kept:
        raise ConfigurationError(f"{path}: holds no score of {wanted or 'any variant'}")
    return kept


def said(folder: Path, variant: str) -> str:
    """In words, which fits the scores of a variant come from.

    Raises:
        ConfigurationError: the folder holds no figures.
    """
    path = folder / FIGURES_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        folds, films = content["folds"], content["facts"]["films"]
        content["facts"][CALIBRATED]
    except (OSError, ValueError, LookupError) as error:
        raise ConfigurationError(
            f"{path}: no figures of unseen sources ({error!r}); make them with 'trainer unseen'"
        ) from None
    listed = "; ".join(f"{name}: {', '.join(sources)}" for name, sources in folds.items())
    size = f", with {films} films an epoch" if films else ""
    return f"{variant}, fitted once without each of {listed}{size}"


def _scored(row: dict[str, str]) -> Scored:
    variant, fold, role, source, label, person, image = (row[key] for key in HEAD[: -len(LABELS)])
    logits = tuple(float(row[known]) for known in LABELS)
    return Scored(variant, fold, role, source, label, person, image, logits)
