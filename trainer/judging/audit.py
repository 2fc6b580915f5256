"""Is it the disease, or where the image comes from? An audit of a dataset and of weights.

It measures what shortcuts reach, what a network keeps when the lungs are blacked out, and what
leaks across splits. It retrains no network: a source is left out of the linear model only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from screener.digest import digest_of_file
from screener.study import LABELS
from trainer.judging import lungs, shortcuts
from trainer.judging.evaluate import chosen
from trainer.judging.judgement import Judgement, judge, judge_by
from trainer.judging.predict import Change, predict
from trainer.judging.shortcuts import Thumbnails
from trainer.judging.twins import Twins, twins
from trainer.manifest import Entry, manifest_digest

EASY = 0.9
"""An AUC that a model without medicine should not reach on a set that is to show medicine."""


def views() -> dict[str, Change | None]:
    """What of an image the network is shown, by name; lungs only where their weights are there."""
    return {
        "whole image": None,
        "centre blacked out": shortcuts.without_centre,
        "only the centre left": shortcuts.only_centre,
        **lungs.changes(),
    }


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found."""

    data: tuple[str, ...]
    manifest_digest: str
    split: str
    listed: int
    unread: tuple[str, ...]
    altered: tuple[str, ...]
    """Files that are not what the manifest's hash says."""
    shortcuts: tuple[Judgement, ...]
    left_out: tuple[Judgement, ...]
    """A linear model on thumbnails of all other sources, judged on the source it has not seen."""
    weights: str
    """Name of the weights, if any were given."""
    looks: tuple[Judgement, ...]
    """The network on each of :func:`views`, whole images first."""
    by_source: tuple[Judgement, ...]
    crossing: tuple[str, ...]
    """Patients with images in more than one split."""
    twins: tuple[Twins, ...]


def audit(
    entries: Sequence[Entry],
    split: str,
    weights: Path | None = None,
    *,
    device: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> Audit:
    """Audit a dataset, judged on one split, and optionally a network.

    Raises:
        ConfigurationError: the split is empty.
        WeightsError: the weights cannot be used.
    """
    judged = chosen(entries, split)
    known = [entry for entry in entries if entry.split != "aux"]
    thumbs = shortcuts.thumbnails(known)
    teach = set(shortcuts.teachers(known, split))
    train = thumbs.where([entry in teach for entry in thumbs.entries])
    name, looks, by_source = (
        _network(weights, judged, device, progress) if weights else ("", [], [])
    )
    return Audit(
        data=tuple(sorted({entry.manifest.name for entry in entries})),
        manifest_digest=manifest_digest(entries),
        split=split,
        listed=len(known),
        unread=tuple(f"{refused.path.name}: {refused.reason}" for refused in thumbs.refusals),
        altered=tuple(e.image.name for e in known if e.sha256 and _altered(e)),
        shortcuts=tuple(shortcuts.baselines(train, thumbs.of(split))),
        left_out=tuple(_left_out(thumbs)),
        weights=name,
        looks=tuple(looks),
        by_source=tuple(by_source),
        crossing=crossing(known),
        twins=tuple(twins(thumbs)),
    )


def _altered(entry: Entry) -> bool:
    return digest_of_file(entry.image) != entry.sha256


def crossing(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Patients with images in more than one split of the same manifest."""
    splits: dict[tuple[Path, str], set[str]] = defaultdict(set)
    for entry in entries:
        splits[entry.manifest, entry.person].add(entry.split)
    return tuple(sorted(patient for (_, patient), where in splits.items() if len(where) > 1))


def _left_out(thumbs: Thumbnails) -> list[Judgement]:
    """For each source: the linear thumbnail model taught without it, judged on all of it."""
    judgements = []
    for source in sorted({entry.source for entry in thumbs.entries}):
        inside = [entry.source == source for entry in thumbs.entries]
        there = thumbs.where(inside)
        others = thumbs.where(
            [
                not here and entry.label in LABELS
                for here, entry in zip(inside, thumbs.entries, strict=True)
            ]
        )
        labels = [entry.label for entry in others.entries]
        if len(set(labels)) > 1:
            shares = shortcuts.linear(
                shortcuts.whole(others.squares), labels, shortcuts.whole(there.squares)
            )
            judgements.append(judge(source, there.entries, shares))
    return judgements


def _network(
    weights: Path,
    judged: Sequence[Entry],
    device: str,
    progress: Callable[[int], None] | None,
) -> tuple[str, list[Judgement], list[Judgement]]:
    """The network's name, its figures by what of the image it sees, and by source."""
    looks = []
    by_source: list[Judgement] = []
    name = ""
    for look, change in views().items():
        predictions = predict(weights, judged, device=device, change=change, progress=progress)
        shares = predictions.probabilities
        looks.append(judge(look, predictions.entries, shares))
        if change is None:
            name = f"{predictions.card.name} {predictions.card.version}"
            by_source = judge_by(lambda entry: entry.source, predictions.entries, shares)
    return name, looks, by_source


def verdict(found: Audit) -> list[str]:
    """What the audit means, in plain words, the weightiest first."""
    return [*_on_shortcuts(found), *_on_looks(found), *_on_leaks(found)]


def _on_shortcuts(found: Audit) -> list[str]:
    usable = [s for s in found.shortcuts if s.against_rest.n]
    if not usable:
        return ["No shortcut could be judged: training or the judged split has too few classes."]
    best = max(usable, key=lambda model: model.against_rest.value)
    said = (
        f"Without any medicine, '{best.name}' tells COVID-19 from the rest with an AUC of "
        f"{best.against_rest}."
    )
    if best.against_rest.value >= EASY:
        return [said + " High figures on this set do not show that a network sees the disease."]
    return [said + " What a network reaches beyond that is not explained by these shortcuts."]


def _on_looks(found: Audit) -> list[str]:
    if not found.looks:
        return []
    whole, frame, centre, *by_lungs = found.looks
    said = (
        f"{found.weights} has an accuracy of {whole.accuracy.percent} on whole images, "
        f"{frame.accuracy.percent} with their centre blacked out and {centre.accuracy.percent} "
        "with nothing but the centre."
    )
    if by_lungs:
        greyed, alone = by_lungs
        said += (
            f" With the lungs greyed it keeps {greyed.accuracy.percent}, with all outside them "
            f"greyed {alone.accuracy.percent}."
        )
    border = frame.accuracy.value >= centre.accuracy.value
    said += f" It relies more on the {'border' if border else 'inside'} of the image."
    floor = max((s.accuracy.value for s in found.shortcuts), default=0.0)
    if whole.accuracy.low <= floor:
        said += " Its accuracy on whole images is not clearly better than the best shortcut's."
    return [said]


def _on_leaks(found: Audit) -> list[str]:
    across = sum(pair.across for pair in found.twins)
    said = [
        f"{len(found.crossing)} patient ids occur in more than one split"
        + (
            ", so the judged images may be of patients seen in training." if found.crossing else "."
        ),
        f"{len(found.twins)} pairs of images are the same picture, {across} of them across splits.",
    ]
    if found.unread or found.altered:
        said.append(
            f"{len(found.unread)} images could not be read and {len(found.altered)} are not what "
            "the manifest's hash says."
        )
    return said
