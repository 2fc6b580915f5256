"""What weights say of themselves: the plain type, and how it is read and checked.

The card stands beside the tensors as ``card.json``, travels into the store with each run, and is
what lists, reports and exports know of a network. Loads no tensor and imports nothing heavy.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from screener.errors import WeightsError
from screener.study import LABELS, TARGET_LABEL

CARD_FILE = "card.json"
MODEL_CARD_FILE = "MODEL_CARD.md"
ARCHITECTURE = "covid-resnet50"
"""The paper's network, and the one meant where none is named."""
TIMM = "timm/"
"""What stands before the name of a backbone of the timm library."""
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """What must be known to use the weights and to judge their scores."""

    name: str
    version: str
    architecture: str = ARCHITECTURE
    labels: tuple[str, ...] = LABELS
    target_label: str = TARGET_LABEL
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
    if card.architecture != ARCHITECTURE and not card.architecture.startswith(TIMM):
        raise WeightsError(
            f"{path}: made for {card.architecture!r}, this version knows {ARCHITECTURE!r} "
            f"and {TIMM + 'NAME'!r}"
        )
    if card.labels != LABELS:
        raise WeightsError(f"{path}: labels {card.labels} are not {LABELS}; export again")
    if card.thresholds and card.thresholds_for != card.digest:
        raise WeightsError(
            f"{path}: the thresholds were made for other weights; run 'trainer calibrate' again"
        )
    return card


def save_card(folder: Path, card: WeightsCard) -> None:
    """Write the card of weights that are there already."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
