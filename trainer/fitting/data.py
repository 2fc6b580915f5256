"""From a manifest to batches: decode once into a memory-mapped cache, then draw from it.

Order, sampling and augmentation of a batch depend on nothing but (seed, epoch, batch), so a fit
goes on in the middle of an epoch as if it had never stopped. Pixels come through
``screener.reading.pixels`` and ``screener.network.batch``, as in a scan.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from screener.card import IMAGENET_MEAN, IMAGENET_STD
from screener.errors import ConfigurationError
from screener.network.batch import to_input
from screener.reading import pixels
from screener.study import LABELS, Refusal
from screener.whole import in_place_of
from trainer.fitting.augment import augment
from trainer.fitting.decoding import squares_of
from trainer.fitting.loss import OPEN
from trainer.manifest import KNOWN, Entry, first_of
from trainer.recipe import Augment

Squares = NDArray[np.uint8]


def cached_squares(
    entries: Sequence[Entry],
    size: int,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Squares:
    """Every image as a (size, size) square, decoded at most once and memory-mapped after that.

    Returns:
        (N, size, size) uint8, read-only, in the order of ``entries``.

    Raises:
        ConfigurationError: images that cannot be decoded, all of them, one a line.
    """
    path = folder / f"squares-{size}-{_key(entries)}.npy"
    kept = _kept(path, (len(entries), size, size))
    if kept is not None:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    _decode_all(entries, size, path, progress)
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def _kept(path: Path, shape: tuple[int, int, int]) -> Squares | None:
    """What was decoded before; None where it is not there or was cut since."""
    try:
        squares: Squares = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return squares if squares.shape == shape and squares.dtype == np.uint8 else None


def _key(entries: Sequence[Entry]) -> str:
    """Changes when a file, their order or the pixel path does."""
    facts = [pixels.PIPELINE]
    for entry in entries:
        stat = entry.image.stat()
        facts.append(f"{entry.image.resolve()}\t{stat.st_size}\t{stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode(errors="surrogateescape")).hexdigest()[:16]


def _decode_all(
    entries: Sequence[Entry], size: int, path: Path, progress: Callable[[int, int], None] | None
) -> None:
    errors = []
    with in_place_of(path) as unfinished:
        with unfinished.open("wb") as stream:
            _write_header(stream, (len(entries), size, size))
            images = [entry.image for entry in entries]
            for number, square in enumerate(squares_of(images, size)):
                if isinstance(square, Refusal):
                    errors.append(f"{square.path}: {square.reason}; take it out of the manifest")
                    continue
                stream.write(square.tobytes())
                if progress:
                    progress(number + 1, len(entries))
        if errors:
            raise ConfigurationError("\n".join(first_of(errors, "images")))


def _write_header(stream: BinaryIO, shape: tuple[int, int, int]) -> None:
    """Begin a .npy file; the squares are appended one by one, none is held in memory."""
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, facts)


class Batches:
    """A data loader of fastai's kind over the cache: (input, label) pairs of one split.

    Input (B, 3, S, S) float32 in channels_last order, label (B,) int64 as the place in
    ``trainer.manifest.KNOWN``, both on ``device``. With ``source_prior`` also what the loss is
    given of each film's source, (B, C) float32.
    """

    def __init__(
        self,
        squares: Squares,
        entries: Sequence[Entry],
        rows: Sequence[int],
        *,
        image_size: int,
        batch_size: int,
        seed: int = 0,
        sampling: str = "",
        rules: Augment | None = None,
        images: int = 0,
        source_prior: float = 0.0,
    ) -> None:
        """Draw from ``rows`` of the cache; without ``sampling``, all in order and unchanged.

        ``images`` limits what a pass drawn by group has; 0 for as many as there are rows.
        """
        drawn = [entries[row] for row in rows]
        self._squares = squares
        self._rows = np.asarray(rows)
        self._labels = np.array([KNOWN.index(entry.label) for entry in drawn])
        self._weights = group_weights(drawn)
        self._priors = source_priors(drawn, self._weights, source_prior) if source_prior else None
        self._size, self.bs = image_size, batch_size
        self._images = images if images and sampling == "group" else len(self._rows)
        self.seed, self._sampling, self._rules = seed, sampling, rules
        self.device = torch.device("cpu")
        self.step, self.epoch, self.first_batch = 0, 0, 0
        """Where in the fit the next pass stands; part of what the draw depends on."""

    def to(self, device: torch.device | str) -> Batches:
        """Put batches on this device from now on."""
        self.device = torch.device(device)
        return self

    def __len__(self) -> int:
        """Batches a pass: a training pass leaves out an incomplete last batch."""
        whole, rest = divmod(self._images, self.bs)
        return max(1, whole) if self._sampling else whole + (rest > 0)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """One pass, from ``first_batch`` on."""
        order = self._order()
        for number in range(self.first_batch, len(self)):
            picked = order[number * self.bs : (number + 1) * self.bs]
            yield self._batch(picked, number)

    def _order(self) -> NDArray[np.int64]:
        if not self._sampling:
            return np.arange(len(self._rows))
        random = np.random.default_rng((self.seed, self.step, self.epoch))
        if self._sampling == "shuffle":
            return random.permutation(len(self._rows))
        return random.choice(len(self._rows), self._images, p=self._weights)

    def _batch(self, picked: NDArray[np.int64], number: int) -> tuple[Tensor, ...]:
        rows = self._rows[picked]
        gray = torch.from_numpy(self._squares[rows]).unsqueeze(1).to(self.device)  # (B, 1, L, L)
        if gray.shape[-1] != self._size or self._rules is not None:
            gray = gray.float() / 255
            gray = resize(gray, self._size)
            if self._rules is not None:
                gray = augment(gray, self._rules, self._random(number))
            gray = (gray * 255).round().to(torch.uint8)
        pixels_in = to_input(gray.squeeze(1), IMAGENET_MEAN, IMAGENET_STD)
        labels = torch.from_numpy(self._labels[picked]).to(self.device)
        batch = pixels_in.contiguous(memory_format=torch.channels_last), labels
        if self._priors is None:
            return batch
        return *batch, torch.from_numpy(self._priors[picked]).to(self.device)

    def _random(self, number: int) -> torch.Generator:
        """The generator of one batch, whatever came before it."""
        place = f"{self.seed}:{self.step}:{self.epoch}:{number}".encode()
        seed = int.from_bytes(hashlib.sha256(place).digest()[:8], "little") >> 1
        return torch.Generator().manual_seed(seed)


def resize(gray: Tensor, size: int) -> Tensor:
    """(N, 1, L, L) float32 -> (N, 1, size, size), antialiased bilinear."""
    if gray.shape[-1] == size:
        return gray
    return functional.interpolate(gray, (size, size), mode="bilinear", antialias=True)


def group_weights(entries: Sequence[Entry]) -> NDArray[np.float64]:
    """Probability of drawing each entry: labels alike, sources in a label by root of their size."""
    of_group = Counter((entry.label, entry.source) for entry in entries)
    of_label: dict[str, float] = defaultdict(float)
    for (label, _), count in of_group.items():
        of_label[label] += count**0.5
    weights = np.array(
        [of_group[e.label, e.source] ** -0.5 / of_label[e.label] for e in entries], dtype=float
    )
    return np.asarray(weights / weights.sum())


_RAREST = 1e-6
"""Probability of a class that no film has: its logarithm must be a number."""


def source_priors(
    entries: Sequence[Entry], weights: NDArray[np.float64], share: float
) -> NDArray[np.float32]:
    """What each film's source says of it by itself.

    Args:
        entries: the films that are drawn from.
        weights: (N,) probability of drawing each.
        share: of the labels' mix in a film's own source; their mix over all sources is the rest.

    Returns:
        (N, C) logarithms of probabilities. A label that leaves classes open counts for each alike.
    """
    sources = sorted({entry.source for entry in entries})
    own = np.array([sources.index(entry.source) for entry in entries])
    open_to = OPEN.numpy()[[KNOWN.index(entry.label) for entry in entries]].astype(float)
    mixes = np.zeros((len(sources), len(LABELS)))
    np.add.at(mixes, own, weights[:, None] * open_to / open_to.sum(1, keepdims=True))
    overall = mixes.sum(0) / mixes.sum()
    mixes = share * mixes / mixes.sum(1, keepdims=True) + (1 - share) * overall
    priors: NDArray[np.float32] = np.log(np.maximum(mixes, _RAREST))[own].astype(np.float32)
    return priors
