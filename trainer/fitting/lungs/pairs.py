"""Films with masks of both lungs: their manifest, and their pixels as squares.

The manifest is a CSV with one film a row. Every error of it is reported at once. Splits are by
patient: a validation split is drawn from ``train`` by whole patients, never by film.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from screener.errors import ConfigurationError
from screener.study import Refusal
from trainer.fitting.decoding import square_of
from trainer.manifest import (
    MANIFEST_FILE,
    OUTSIDE,
    SPLITS,
    allowed_folders,
    first_of,
    is_file,
    lies_in,
    person_of,
    short,
    told,
)
from trainer.recipe import Recipe

Squares = NDArray[np.uint8]

REQUIRED = ("image", "mask", "split", "source", "patient_id")


@dataclass(frozen=True, slots=True)
class Pair:
    """A film and the mask of its lungs."""

    image: Path
    mask: Path
    split: str
    source: str
    patient_id: str
    licence: str = ""

    @property
    def person(self) -> str:
        """The patient whatever the spelling."""
        return person_of(self.patient_id)


def read_pairs(paths: Sequence[Path]) -> list[Pair]:
    """The pairs of some manifests, each given as its CSV or its folder.

    Raises:
        ConfigurationError: everything wrong with them, one a line.
    """
    pairs: list[Pair] = []
    errors: list[str] = []
    for path in paths:
        file = path / MANIFEST_FILE if path.is_dir() else path
        found, wrong = _read(file)
        pairs += found
        errors += [f"{file}: {error}" for error in wrong]
    if errors:
        raise ConfigurationError("\n".join(errors))
    return pairs


def _read(file: Path) -> tuple[list[Pair], list[str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [], [f"not a readable manifest of films and masks ({error})"]
    if missing := [column for column in REQUIRED if column not in columns]:
        return [], [f"lacks the columns {', '.join(missing)}"]
    pairs = [_pair(row, file.parent) for row in rows]
    kinds: dict[str, list[str]] = defaultdict(list)
    seen: set[Path] = set()
    folders = allowed_folders(file.parent)
    for line, pair in enumerate(pairs, start=2):
        for kind, found in _wrong(pair, folders):
            kinds[kind].append(f"line {line} {found}".rstrip())
        if pair.image in seen:
            kinds["film listed twice"].append(f"line {line} {short(pair.image.name)}")
        seen.add(pair.image)
    kinds |= _crossing(pairs)
    return pairs, told(kinds) + ([] if rows else ["lists no film"])


def _pair(row: dict[str, str | None], folder: Path) -> Pair:
    cells = {key: (row.get(key) or "").strip() for key in (*REQUIRED, "licence")}
    image, mask = folder / cells.pop("image"), folder / cells.pop("mask")
    return Pair(image, mask, **cells)


def _wrong(pair: Pair, folders: Sequence[str]) -> list[tuple[str, str]]:
    """What is wrong with a pair's own cells: the kind, and what was found."""
    paths = {"film": pair.image, "mask": pair.mask}
    wrong = [
        (f"{word} file missing", short(path.name))
        for word, path in paths.items()
        if not is_file(path)
    ]
    wrong += [(OUTSIDE, short(str(path))) for path in paths.values() if not lies_in(path, folders)]
    if pair.split not in SPLITS:
        wrong.append((f"unknown split (known: {', '.join(SPLITS)})", short(pair.split)))
    return wrong + [(f"no {key}", "") for key in ("source", "patient_id") if not getattr(pair, key)]


def _crossing(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Patients in more than one split: their films would be judged by a network that saw them."""
    splits: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        if pair.patient_id and pair.split in SPLITS:
            splits[pair.person].add(pair.split)
    found = [
        f"{short(patient)} ({', '.join(sorted(where))})"
        for patient, where in splits.items()
        if len(where) > 1
    ]
    return {"patient in more than one split; keep each in one": found} if found else {}


def learning_pairs(pairs: Sequence[Pair], recipe: Recipe) -> list[Pair]:
    """The pairs that a fit may read: nothing of a held-out source, validation drawn by patient.

    Raises:
        ConfigurationError: no film is left in training or in validation.
    """
    kept = [pair for pair in pairs if pair.source not in recipe.held_out_sources]
    split = with_validation(kept, recipe.validation_fraction, recipe.seed)
    for word in ("train", "val"):
        if not any(pair.split == word for pair in split):
            raise ConfigurationError(f"no film is left in split {word!r}; see held_out_sources")
    return split


def with_validation(pairs: Sequence[Pair], fraction: float, seed: int) -> list[Pair]:
    """Draw a validation split from ``train`` by a hash of the patient, where there is none."""
    if any(pair.split == "val" for pair in pairs):
        return list(pairs)
    spelt: dict[str, str] = {}
    for pair in sorted(pairs, key=lambda pair: pair.patient_id):
        spelt.setdefault(pair.person, pair.patient_id)
    return [
        replace(pair, split="val")
        if pair.split == "train" and _draw(seed, spelt[pair.person]) < fraction
        else pair
        for pair in pairs
    ]


def _draw(seed: int, patient: str) -> float:
    digest = hashlib.sha256(f"{seed}:{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def digest(pairs: Sequence[Pair]) -> str:
    """SHA-256 over names, sources, patients and splits, whatever the order and folder."""
    lines = sorted("\t".join((p.image.name, p.source, p.patient_id, p.split)) for p in pairs)
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def squares(pairs: Sequence[Pair], size: int) -> tuple[Squares, Squares]:
    """Films and masks as squares: two of (N, size, size) uint8; a mask's edge may be gray.

    Raises:
        ConfigurationError: films or masks that cannot be read, one a line.
    """
    read = [opened(pair, size, (size, size)) for pair in pairs]
    if errors := [error for found in read if isinstance(found, list) for error in found]:
        raise ConfigurationError("\n".join(first_of(errors, "films")))
    films, masks = zip(*(found for found in read if isinstance(found, tuple)), strict=True)
    return np.stack(films), np.stack(masks)


def opened(
    pair: Pair, side: int, mask_size: tuple[int, int] | None = None
) -> tuple[Squares, Squares] | list[str]:
    """A film as a square and its mask, as :func:`read_mask`; or all that cannot be read, in words.

    Args:
        pair: film and mask.
        side: of the film's square.
        mask_size: (width, height) to squash the mask to; its own unless given.
    """
    film, wrong = square_of(pair.image, side), []
    if isinstance(film, Refusal):
        wrong.append(f"{pair.image}: {film.reason}; take it out of the manifest")
    try:
        mask = read_mask(pair.mask, mask_size)
    except (OSError, ValueError, SyntaxError) as error:  # all that Pillow raises
        wrong.append(f"{pair.mask}: not readable as a mask ({error}); take it out of the manifest")
    return wrong if isinstance(film, Refusal) or wrong else (film, mask)


def read_mask(path: Path, size: tuple[int, int] | None = None) -> Squares:
    """A mask as (rows, columns) uint8, 255 lung; squashed to ``size`` (width, height) if given."""
    with Image.open(path) as picture:
        mask = picture.convert("L")
    return np.asarray(mask.resize(size, Image.Resampling.BILINEAR) if size else mask)
