"""Where the lungs are: the outlining network over the squares that the screener scores.

Its weights come with the package, are loaded without pickle and only when their SHA-256 is that of
their card. What is unlike a chest gives a low confidence and no outline, never an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from screener.card import CARD_FILE, IMAGENET_MEAN, IMAGENET_STD, broken_rules
from screener.digest import digest_of_bytes
from screener.errors import WeightsError
from screener.lungs import ARCHITECTURE, LungFields
from screener.network import lung_shape
from screener.network.batch import to_array
from screener.network.weights import BUNDLED, check_finite, fill, half, read_tensors, write_together
from screener.whole import replace_text

if TYPE_CHECKING:
    from screener.network.lung_net import LungNet

Squares = NDArray[np.uint8]
Floats = NDArray[np.float32]

KIND = "lungs"


@dataclass(frozen=True, slots=True)
class LungsCard:
    """What must be known to use the weights and to judge their outlines."""

    name: str
    version: str
    digest: str = ""
    """"sha256:..." of the safetensors file."""
    kind: str = KIND
    architecture: str = ARCHITECTURE
    input_size: int = 144
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    grayscale: str = ""
    resize: str = ""
    least_confidence: float = 1.0
    """Below it no outline is given."""
    confidence_source: str = ""
    """On which pictures that was chosen."""
    recipe: str = ""
    trained_on: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Dice by set, each with its interval by patient and its numbers of films and patients."""
    size: int = 0
    """Bytes of the safetensors file."""
    licence: str = ""
    """Of the weights, and of the masks and films they were made from."""


def bundled() -> Path:
    """Folder of the lungs' weights that come with the package."""
    return BUNDLED / KIND


class Lungs:
    """The outlining network, ready to be asked; safe to share among threads."""

    def __init__(self, card: LungsCard, chances: Callable[[Floats], Floats]) -> None:
        """Take the network as an engine has made it: (N, 3, S, S) -> (N, h, w) in [0, 1]."""
        self.card = card
        self._chances = chances

    @classmethod
    def of(cls, card: LungsCard, network: LungNet) -> Self:
        """A network of torch, in float32 on the CPU."""
        from screener.network.engine import torch_engine

        return cls(card, torch_engine.lungs(network, card.input_size))

    @classmethod
    def load(cls, folder: Path | None = None, engine: str = "torch") -> Self:
        """Those of a folder, the bundled ones unless another is given.

        Raises:
            WeightsError: a file is missing, damaged, or not what its card says.
            DeviceError: the engine cannot be used.
        """
        folder = folder or bundled()
        if engine != "onnx":
            return cls.of(*load_lungs(folder))
        from screener.network.engine import onnx_engine

        card = load_card(folder)
        return cls(card, onnx_engine.lungs(folder, card.digest))

    def maps(self, squares: Squares) -> tuple[Squares, Floats]:
        """Chances of "lung" and the confidence in them: of the whole, its left and its right half.

        The film and its mirror image are both looked at. The mean of the two is the map; the
        confidence is the lesser of how well they agree (Dice) and how sharp the map is (Dice of
        its chances with what is more likely lung than not).

        Args:
            squares: (N, S, S) uint8 of any side, as the scoring network sees them.

        Returns:
            (N, h, w) uint8, h and w half of the input size, and (N, 3) float32 in [0, 1].
        """
        films = _resized(squares, self.card.input_size)
        pixels = to_array(films, self.card.mean, self.card.std)  # (N, 3, S, S)
        plain, mirrored = np.split(self._chances(np.concatenate([pixels, pixels[..., ::-1]])), 2)
        mirrored = mirrored[:, :, ::-1]
        mean, middle = (plain + mirrored) / 2, plain.shape[2] // 2
        parts = (slice(None), slice(None, middle), slice(middle, None))
        certain = [_certain(plain[..., part], mirrored[..., part]) for part in parts]
        return np.rint(mean * 255).astype(np.uint8), np.stack(certain, axis=1)

    def fields(self, squares: Squares) -> list[LungFields]:
        """The lungs of each film: (N, S, S) uint8 -> N values."""
        levels, confidences = self.maps(squares)
        return [
            lung_shape.fields(level, whole, self.card.least_confidence, halves)
            for level, (whole, *halves) in zip(levels, confidences.tolist(), strict=True)
        ]


@cache
def ready(engine: str = "torch") -> Lungs | None:
    """The bundled network, loaded when it is first asked for; None where it is not bundled.

    Raises:
        WeightsError: a file is damaged, or not what its card says.
        DeviceError: the engine cannot be used.
    """
    there = (bundled() / CARD_FILE).is_file()
    return Lungs.load(engine=engine) if there else None


def _resized(squares: Squares, size: int) -> Squares:
    """(N, S, S) uint8 -> (N, size, size) uint8, antialiased."""
    if squares.shape[-1] == size:
        return squares
    smooth = Image.Resampling.BILINEAR
    films = [
        np.asarray(Image.fromarray(one.astype(np.float32)).resize((size, size), smooth))
        for one in squares
    ]
    return np.rint(films).clip(0, 255).astype(np.uint8)


def _certain(plain: Floats, mirrored: Floats) -> Floats:
    """How much two maps are to be believed: (N, h, w) each -> (N,) in [0, 1]."""
    mean = (plain + mirrored) / 2
    return np.minimum(_dice(plain > 0.5, mirrored > 0.5), _dice(mean, mean > 0.5))


def _dice(one: NDArray[Any], other: NDArray[Any]) -> Floats:
    """Overlap of two maps, (N, h, w) each -> (N,); 0 where both are empty."""
    total = one.sum((1, 2), np.float32) + other.sum((1, 2), np.float32)
    shared = (one * other).sum((1, 2), np.float32)
    return np.asarray(2 * shared / np.maximum(total, 1))


def load_lungs(folder: Path) -> tuple[LungsCard, LungNet]:
    """Card and network of a folder, verified; float32, in evaluation mode, on the CPU.

    Raises:
        WeightsError: a file is missing, damaged, or not what its card says.
    """
    from screener.network.lung_net import LungNet

    card = load_card(folder)
    network = LungNet()
    fill(network, folder, read_tensors(folder, card.digest))
    return card, network.eval()


def load_card(folder: Path) -> LungsCard:
    """Read and check the card of the lungs' weights.

    Raises:
        WeightsError: it is missing, not JSON, or of other weights.
    """
    path = folder / CARD_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{path}: no card here; give a folder that 'trainer fit' made") from None
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not a readable weights card ({error}); fit again") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise WeightsError(f"{path}: not the card of weights that outline lungs; fit them")
    if content.get("architecture") != ARCHITECTURE:
        raise WeightsError(
            f"{path}: made for {content.get('architecture')!r}, this version knows {ARCHITECTURE!r}"
        )
    if wrong := "; ".join(_faults(content)):
        raise WeightsError(f"{path}: {wrong}; fit again")
    known = {spec.name for spec in fields(LungsCard)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in content.items()
        if key in known
    }
    try:
        return LungsCard(**values)
    except TypeError as error:
        raise WeightsError(f"{path}: incomplete ({error}); fit again") from None


def _faults(content: Mapping[str, Any]) -> Iterator[str]:
    """What of a card would end a scan at its first map, in the fields' words."""
    missing = {"name", "version", "digest", "least_confidence"} - content.keys()
    if missing:
        yield f"lacks {', '.join(sorted(missing))}"
    shared = ("name", "version", "digest", "input_size", "mean", "std")
    yield from broken_rules({name: content[name] for name in shared if name in content})
    least = content.get("least_confidence")
    if least is not None and not (isinstance(least, float | int) and 0 <= least <= 1):
        yield "least_confidence must be from 0 to 1"


def save_lungs(folder: Path, network: LungNet, card: LungsCard) -> LungsCard:
    """Write float16 weights and their card; returns the card with digest and size."""
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in half(network.state_dict()).items()}
    check_finite(folder, tensors)
    content = save(tensors)
    card = replace(card, digest=digest_of_bytes(content), size=len(content))
    write_together(folder, content, _text_of(card))
    return card


def save_card(folder: Path, card: LungsCard) -> None:
    """Write the card of weights that are there already."""
    replace_text(folder / CARD_FILE, _text_of(card))


def _text_of(card: LungsCard) -> str:
    return json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
