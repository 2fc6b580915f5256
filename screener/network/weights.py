"""Weights on disk: ``weights.safetensors``, ``card.json`` and ``MODEL_CARD.md`` in one folder.

The card says what the network was trained on, what was measured and how to prepare an image. The
tensors are loaded without pickle and only when their SHA-256 is the one the card names. Random
weights are never written here and never scored with.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.errors import WeightsError
from screener.study import LABELS

if TYPE_CHECKING:
    from screener.network.model import CovidResNet

WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "card.json"
MODEL_CARD_FILE = "MODEL_CARD.md"
ARCHITECTURE = "covid-resnet50"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """What must be known to use the weights and to judge their scores."""

    name: str
    version: str
    architecture: str = ARCHITECTURE
    labels: tuple[str, ...] = LABELS
    target_label: str = "covid19"
    input_size: int = 224
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    grayscale: str = ""
    resize: str = ""
    temperature: float = 1.0
    """Logits are divided by this before the softmax."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """Least suspicion score of the bands PRIORITY and ELEVATED."""
    threshold_source: str = ""
    """How and on which images the thresholds were chosen."""
    thresholds_for: str = ""
    """Digest of the weights the temperature and thresholds were measured with."""
    recipe: str = ""
    trained_on: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Measured figures by set, each with its interval and number of images."""
    guard: dict[str, Any] = field(default_factory=dict)
    """Limits of the guard and the name of its statistics in the weights file."""
    digest: str = ""
    """"sha256:..." of the safetensors file."""
    licence: str = ""


def bundled() -> Path:
    """Folder of the weights that come with the package."""
    return Path(__file__).parent / "bundled" / ARCHITECTURE


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes as "sha256:<hex>"."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def load_card(folder: Path) -> WeightsCard:
    """Read and check the card of a weights folder, without touching the tensors.

    Raises:
        WeightsError: the card is missing, not JSON, or contradicts itself.
    """
    path = folder / CARD_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(
            f"{path}: no weights card here; give --weights a folder made by 'trainer export'"
        ) from None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: not a readable weights card ({error}); export again") from None
    return _card(path, content)


def _card(path: Path, content: object) -> WeightsCard:
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: a weights card is a JSON object; export the weights again")
    known = {f.name for f in fields(WeightsCard)}
    missing = {"name", "version", "digest"} - content.keys()
    if missing:
        raise WeightsError(f"{path}: lacks {', '.join(sorted(missing))}; export the weights again")
    values = {key: value for key, value in content.items() if key in known}
    for key in ("labels", "mean", "std"):
        if key in values:
            values[key] = tuple(values[key])
    card = WeightsCard(**values)
    if card.architecture != ARCHITECTURE:
        raise WeightsError(
            f"{path}: made for {card.architecture!r}, this version knows {ARCHITECTURE!r}"
        )
    if card.labels != LABELS:
        raise WeightsError(f"{path}: labels {card.labels} are not {LABELS}; export again")
    if card.thresholds and card.thresholds_for != card.digest:
        raise WeightsError(
            f"{path}: the thresholds were made for other weights; run 'trainer calibrate' again"
        )
    return card


def load_network(folder: Path) -> tuple[WeightsCard, CovidResNet]:
    """Load and verify weights; the network comes back in evaluation mode, float32, on the CPU.

    Raises:
        WeightsError: a file is missing, its SHA-256 is not the card's, or tensors do not fit.
    """
    from safetensors.torch import load

    from screener.network.model import CovidResNet

    card = load_card(folder)
    path = folder / WEIGHTS_FILE
    try:
        content = path.read_bytes()
    except OSError:
        raise WeightsError(f"{path}: no weights here; give --weights another folder") from None
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != card.digest:
        raise WeightsError(f"{path}: damaged or exchanged, its digest is not its card's; reinstall")
    tensors = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in load(content).items()
        if not name.startswith(GUARD_PREFIX)
    }
    network = CovidResNet(len(card.labels))
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: not a {ARCHITECTURE} ({str(error).splitlines()[0]})") from None
    return card, network.eval()


GUARD_PREFIX = "guard."
"""Names of the guard's statistics, which travel in the same file as the weights."""


def load_guard(folder: Path) -> dict[str, Any]:
    """The guard's statistics as float32 tensors by name without the prefix; may be empty."""
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS_FILE, framework="pt") as stream:
        return {
            name.removeprefix(GUARD_PREFIX): stream.get_tensor(name).float()
            for name in stream.keys()  # noqa: SIM118 (not a dict)
            if name.startswith(GUARD_PREFIX)
        }


def save_weights(
    folder: Path,
    network: CovidResNet,
    card: WeightsCard,
    guard: dict[str, Any] | None = None,
) -> WeightsCard:
    """Write float16 weights and their card; returns the card with its digest.

    The card's thresholds, if any, become bound to the new digest: pass only thresholds that were
    measured with these very weights as :func:`half` leaves them.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = dict(half(network.state_dict()))
    tensors |= {GUARD_PREFIX + name: tensor for name, tensor in (guard or {}).items()}
    path = folder / WEIGHTS_FILE
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    digest = digest_of_file(path)
    card = replace(card, digest=digest, thresholds_for=digest if card.thresholds else "")
    save_card(folder, card)
    return card


def save_card(folder: Path, card: WeightsCard) -> None:
    """Write the card of weights that are there already."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")


def half(state: dict[str, Any]) -> dict[str, Any]:
    """The state as it is stored: floating-point tensors in float16, counters as they are."""
    return {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
