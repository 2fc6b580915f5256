"""The dataset manifest: one CSV row an image, with its label, patient, split and source.

Every error of a file is reported at once. Splits are made and kept by patient: nothing here ever
moves a single image. Reads no pixels.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import reprlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from screener.errors import ConfigurationError
from screener.study import LABELS
from screener.whole import replace_rows

MANIFEST_FILE = "manifest.csv"
REQUIRED = ("image", "label", "patient_id", "split", "source")
OPTIONAL = ("view", "licence", "note", "sha256")
SPLITS = ("train", "val", "test", "aux")
"""``aux`` holds images of any other label: learnt from only where a recipe says as what."""

COARSE = {
    "pneumonia": ("bacterial", "viral"),
    "not-covid": ("normal", "bacterial", "viral"),
    "abnormal": ("bacterial", "viral", "covid19"),
}
"""Labels of less detail than the network's, and which of its labels each allows."""

KNOWN = (*LABELS, *COARSE)

ELSEWHERE = "TRAINER_IMAGES"
"""Environment variable: folders besides a manifest's own that its images may lie in."""

OUTSIDE = f"image outside the manifest's folder; name its folder in {ELSEWHERE} to allow it"

LINES = 50
"""Errors of single images that are told, where each has its own words."""

_SHOWN = 8
"""Errors of one kind that are spelt out; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a manifest."""

    image: Path
    label: str
    patient_id: str
    split: str
    source: str
    view: str = "unknown"
    licence: str = ""
    note: str = ""
    sha256: str = ""
    """Of the file's bytes as "sha256:<hex>", where the importer wrote it."""
    manifest: Path = Path()
    """The folder of the manifest it came from."""

    @property
    def person(self) -> str:
        """The patient whatever the spelling."""
        return person_of(self.patient_id)


def person_of(patient_id: str) -> str:
    """The patient whatever the spelling: "Cohen-070" and "cohen:70" are one."""
    parts = re.split(r"[-:_/\s]+", patient_id.strip().casefold())
    return ":".join(part.lstrip("0") or "0" for part in parts)


def speaks_of(label: str, target: str) -> bool:
    """Whether a label says if a film shows the target or not: "abnormal" leaves COVID-19 open."""
    return label in KNOWN and (label == target or target not in allowed(label))


def allowed(label: str) -> tuple[str, ...]:
    """The network's labels that a manifest's label leaves open."""
    return COARSE.get(label, (label,))


def read_manifest(path: Path) -> list[Entry]:
    """Read a manifest, given as its CSV file or the folder that holds ``manifest.csv``.

    Image paths are relative to the manifest's folder.

    Raises:
        ConfigurationError: all of its errors, one a line.
    """
    file = path / MANIFEST_FILE if path.is_dir() else path
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"{file}: not a readable manifest ({error}); make one with 'trainer prepare'"
        ) from None
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise ConfigurationError(f"{file}: lacks the columns {', '.join(missing)}")
    if not rows:
        raise ConfigurationError(f"{file}: lists no image")
    entries = [_entry(row, file.parent) for row in rows]
    if errors := _errors(entries):
        raise ConfigurationError("\n".join(f"{file}: {error}" for error in errors))
    return entries


def _entry(row: dict[str, str | None], folder: Path) -> Entry:
    cells = {column: (row.get(column) or "").strip() for column in REQUIRED + OPTIONAL}
    image = folder / cells.pop("image")
    cells["view"] = cells["view"] or "unknown"
    return Entry(image=image, manifest=folder, **cells)


def _errors(entries: Sequence[Entry]) -> list[str]:
    """Everything wrong with a manifest's rows, a kind at a time, with line numbers."""
    kinds: dict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    roots = allowed_folders(entries[0].manifest)
    for line, entry in enumerate(entries, start=2):
        for kind, found in _wrong(entry):
            kinds[kind].append(f"line {line} {found}".rstrip())
        there = is_file(entry.image)
        if not there:
            kinds["image file missing"].append(f"line {line} {short(entry.image.name)}")
        if not lies_in(entry.image, roots):
            kinds[OUTSIDE].append(f"line {line} {short(str(entry.image))}")
        place = os.path.realpath(entry.image) if there else str(entry.image)
        if place in seen:
            kinds["image listed twice"].append(f"line {line} {short(entry.image.name)}")
        seen.add(place)
    return told(kinds)


def told(kinds: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each kind of error: how many rows have it, and the first of them."""
    return [f"{kind}: {few(places)}" for kind, places in kinds.items()]


def first_of(lines: Sequence[str], what: str) -> list[str]:
    """So many lines as one can read, and how many more there are."""
    more = len(lines) - LINES
    return [*lines[:LINES], *([f"and {more} {what} more"] if more > 0 else [])]


def is_file(path: Path) -> bool:
    """Also of a name that no file can have, such as one too long."""
    try:
        return os.path.isfile(path)  # noqa: PTH113 (which raises at fewer of them)
    except ValueError:
        return False


def allowed_folders(own: Path) -> list[str]:
    """Where images may lie: the manifest's folder, and what :data:`ELSEWHERE` names."""
    elsewhere = os.environ.get(ELSEWHERE, "").split(os.pathsep)
    return [os.path.abspath(folder) for folder in (str(own), *elsewhere) if folder]  # noqa: PTH100


def lies_in(image: Path, roots: Sequence[str]) -> bool:
    """By the path as written: a link inside a dataset was laid there by its owner."""
    place = os.path.abspath(image)  # noqa: PTH100 (without following links)
    return any(os.path.commonpath((place, root)) == root for root in roots)


def _wrong(entry: Entry) -> list[tuple[str, str]]:
    """What is wrong with an entry's own cells: the kind, and what was found."""
    wrong = []
    if entry.split not in SPLITS:
        wrong.append((f"unknown split (known: {', '.join(SPLITS)})", short(entry.split)))
    elif entry.label not in KNOWN and (entry.split != "aux" or not entry.label):
        kind = f"unknown label (known: {', '.join(KNOWN)}; others as 'aux')"
        wrong.append((kind, short(entry.label)))
    if not entry.patient_id:
        wrong.append(("no patient_id", ""))
    if not entry.source:
        wrong.append(("no source", ""))
    return wrong


def short(cell: str) -> str:
    """A cell that a message can quote, whatever its length."""
    return reprlib.repr(cell)


def few(places: Sequence[str]) -> str:
    """How many there are, and the first of them."""
    more = len(places) - _SHOWN
    shown = ", ".join(places[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{len(places)} rows, {shown}" if len(places) > 1 else shown


def read_manifests(paths: Iterable[Path]) -> list[Entry]:
    """Read several manifests into one list, reporting the errors of all of them at once.

    Raises:
        ConfigurationError: any of them is wrong, or one is given twice.
    """
    entries: list[Entry] = []
    errors: list[str] = []
    for path in paths:
        try:
            entries += read_manifest(path)
        except ConfigurationError as error:
            errors.append(str(error))
    twice = [image for image, n in Counter(e.image.resolve() for e in entries).items() if n > 1]
    if twice and not errors:
        errors.append(f"{twice[0]}: in more than one manifest ({len(twice)} such images)")
    if errors:
        raise ConfigurationError("\n".join(errors))
    return entries


def write_manifest(path: Path, entries: Sequence[Entry]) -> None:
    """Write entries as a CSV that :func:`read_manifest` reads, images relative to its folder."""
    columns = [f.name for f in fields(Entry) if f.name != "manifest"]
    images = [entry.image.relative_to(path.parent).as_posix() for entry in entries]
    rows = [
        [image, *(getattr(entry, column) for column in columns[1:])]
        for image, entry in zip(images, entries, strict=True)
    ]
    replace_rows(path, [columns, *rows])


def manifest_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over names, labels, patients, splits and sources, whatever the order and folder."""
    lines = sorted(
        "\t".join((e.image.name, e.label, e.patient_id, e.split, e.source)) for e in entries
    )
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def select(entries: Iterable[Entry], split: str) -> list[Entry]:
    """The entries of one split, in their order."""
    return [entry for entry in entries if entry.split == split]


def adopted(entries: Iterable[Entry], labels: Mapping[str, str]) -> list[Entry]:
    """Entries of split ``aux`` taken into ``train`` under the labels that a recipe gives them.

    Args:
        entries: of any manifests.
        labels: for "SOURCE LABEL" as a manifest says it, one of :data:`KNOWN`.
    """
    return [
        replace(entry, label=labels[key], split="train")
        if entry.split == "aux" and (key := f"{entry.source} {entry.label}") in labels
        else entry
        for entry in entries
    ]


def with_validation(entries: Sequence[Entry], fraction: float = 0.1, seed: int = 0) -> list[Entry]:
    """Keep the patients of ``train`` and of validation apart over all manifests at once.

    A patient who is in the validation split of one manifest is so in all. Of each (manifest,
    label) that has no validation image, about ``fraction`` is carved out of ``train``, by patient
    and decided by a hash of seed and patient: the same patients on every machine, whatever the
    order of rows.
    """
    chosen = {entry.person for entry in entries if entry.split == "val"}
    with_val = {(entry.manifest, entry.label) for entry in entries if entry.split == "val"}
    has_val = {manifest for manifest, _ in with_val}
    train: dict[Path, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.split == "train" and not _is_held_out(entry, with_val, has_val):
            train[entry.manifest].append(entry)
    for listed in train.values():
        chosen |= _validation_patients(listed, fraction, seed)
    return [
        replace(entry, split="val") if entry.split == "train" and entry.person in chosen else entry
        for entry in entries
    ]


def _is_held_out(entry: Entry, with_val: set[tuple[Path, str]], has_val: set[Path]) -> bool:
    """Whether a manifest's own validation split speaks for an entry's label.

    Whole labels only are taken for missing: those of less detail, which no split was made for.
    """
    if entry.label in COARSE:
        return (entry.manifest, entry.label) in with_val
    return entry.manifest in has_val


def _validation_patients(entries: Sequence[Entry], fraction: float, seed: int) -> set[str]:
    """Patients whose images make up ``fraction`` of each label, the rarest label served first."""
    of_patient: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        of_patient[entry.person][entry.label] += 1
    totals = Counter(entry.label for entry in entries)
    order = sorted(of_patient, key=lambda patient: _draw(seed, patient))
    taken: Counter[str] = Counter()
    chosen: set[str] = set()
    for label, total in sorted(totals.items(), key=lambda pair: (pair[1], pair[0])):
        for patient in order:
            if taken[label] >= round(fraction * total):
                break
            images = of_patient[patient]
            if patient not in chosen and 0 < images[label] <= total / 2:
                chosen.add(patient)
                taken += images
    return chosen


def _draw(seed: int, patient: str) -> str:
    return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()
