"""What weights say of themselves: the plain type, and how it is read and checked.

The card stands beside the tensors as ``card.json``, travels into the store with each run, and is
what lists, reports and exports know of a network. Loads no tensor and imports nothing heavy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from screener.digest import digest_of_bytes
from screener.errors import WeightsError
from screener.study import LABELS, TARGET_LABEL
from screener.whole import replace_text

CARD_FILE = "card.json"
MODEL_CARD_FILE = "MODEL_CARD.md"
MODEL_CARD_TWIN = "MODEL_CARD.json"
"""The same for programs."""
ARCHITECTURE = "covid-resnet50"
"""The paper's network, and the one meant where none is named."""
TIMM = "timm/"
"""What stands before the name of a backbone of the timm library."""
PAPER = "paper"
LINEAR = "linear"
HEADS = (PAPER, LINEAR)
"""``paper``: fastai's, with one hidden layer. ``linear``: nothing hidden, so that the heads of
several fits have something in common and their mean is a head."""
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """What must be known to use the weights and to judge their scores."""

    name: str
    version: str
    architecture: str = ARCHITECTURE
    head: str = PAPER
    """One of :data:`HEADS`."""
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
        WeightsError: the card is missing, not JSON, or cannot be believed; all that is wrong with
            it in one line.
    """
    path = folder / CARD_FILE
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(
            f"{path}: no weights card here; give --weights a folder made by 'trainer export'"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        fact = getattr(error, "strerror", None) or error
        raise WeightsError(f"{path}: not a readable weights card ({fact}); export again") from None
    if errors := list(faults(content)):
        raise WeightsError(f"{path}: {'; '.join(errors)}; export the weights again")
    card = from_json(content)
    if card.thresholds and card.thresholds_for != card.digest:
        raise WeightsError(
            f"{path}: the thresholds were made for other weights; run 'trainer calibrate' again"
        )
    return card


def parse(text: str) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """JSON without the numbers that are none, which Python would take.

    Raises:
        ValueError: it is not JSON, or holds NaN or an infinity.
        RecursionError: it is nested too deeply.
    """
    content = json.loads(text)
    json.dumps(content, allow_nan=False)
    return content


def from_json(content: Mapping[str, Any]) -> WeightsCard:
    """The card from what JSON gives; fields of a newer version are passed over.

    For what was checked when it was read from its file, as a store keeps it.
    """
    known = {f.name for f in fields(WeightsCard)}
    values: dict[str, Any] = {key: value for key, value in content.items() if key in known}
    values |= {key: tuple(values[key]) for key in ("labels", "mean", "std") if key in values}
    return WeightsCard(**values)


def faults(content: object) -> Iterator[str]:
    """All that makes a card unfit to score with, in the fields' words."""
    if not isinstance(content, dict):
        yield "a weights card is a JSON object"
        return
    if missing := {"name", "version", "digest"} - content.keys():
        yield f"lacks {', '.join(sorted(missing))}"
    yield from broken_rules(content)


def broken_rules(content: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a card that are not what they must be; those that are not there are not."""
    for key, (good, words) in _RULES.items():
        if key in content and not good(content[key]):
            yield f"{key} must be {words}, not {_shown(content[key])}"


def identity(card: WeightsCard, pipeline: str, arithmetic: str) -> str:
    """Digest of everything that changes a score: results of two identities are never mixed.

    Args:
        card: covers tensors, temperature, thresholds, guard, and how pictures become input.
        pipeline: version of the pixel path and the settings of the scan: guard, views, negatives.
        arithmetic: what the network computes in, such as "float32".
    """
    facts = {name: getattr(card, name) for name in _SCORING}
    text = json.dumps([facts, pipeline, arithmetic], sort_keys=True)
    return digest_of_bytes(text.encode())


_SCORING = (
    "digest", "architecture", "labels", "target_label", "input_size", "mean", "std", "temperature",
    "thresholds", "guard",
)  # fmt: skip
"""Fields of a card that change a score or its band; the rest only tells of them."""

_TEXTS = (
    "grayscale", "resize", "threshold_source", "thresholds_for", "recipe", "trained_on", "licence"
)  # fmt: skip

TEMPERATURES = (1e-3, 1e3)
"""Least and greatest; beyond, a softmax in 64 bits overflows or tells nothing apart."""
SIDES = (32, 4096)
"""Least and most pixels a side that a network may ask for."""


def _between(least: float, most: float) -> Callable[[object], bool]:
    """A finite number of this range; comparing is safe for whole numbers of any length."""
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _text(value: object) -> bool:
    return isinstance(value, str) and value == value.encode("utf-8", "ignore").decode()


def _word(value: object) -> bool:
    return _text(value) and bool(str(value).strip())


def _architecture(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(rf"{ARCHITECTURE}|{TIMM}[\w.]+", value, re.ASCII)
    )


def _three(good: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) == 3 and all(map(good, value))


def _thresholds(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if not value:
        return True  # not calibrated yet
    share = _between(0, 1)
    return (
        value.keys() == {"PRIORITY", "ELEVATED"}
        and all(map(share, value.values()))
        and value["PRIORITY"] >= value["ELEVATED"]
    )


def _guard(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if not value:
        return True
    positive, scale = _between(1e-9, 1e9), value.get("scale")
    pair = isinstance(scale, list) and len(scale) == 2 and all(map(positive, scale))
    return positive(value.get("limit")) and pair


def _shown(value: object) -> str:
    """A value as an error quotes it; a whole number may be too long to be written."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "that"
    return text if len(text) <= 60 else text[:57] + "..."


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_word, "a text"),
    "version": (_word, "a text"),
    "architecture": (_architecture, f"{ARCHITECTURE} or {TIMM}NAME"),
    "head": (lambda value: value in HEADS, f"one of {', '.join(HEADS)}"),
    "labels": (lambda value: value == list(LABELS), ", ".join(LABELS)),
    "target_label": (lambda value: value == TARGET_LABEL, TARGET_LABEL),
    "input_size": (
        lambda value: isinstance(value, int) and _between(*SIDES)(value),
        f"a whole number from {SIDES[0]} to {SIDES[1]}",
    ),
    "mean": (_three(_between(-100, 100)), "three numbers"),
    "std": (_three(_between(1e-6, 100)), "three numbers above 0"),
    "temperature": (_between(*TEMPERATURES), f"from {TEMPERATURES[0]:g} to {TEMPERATURES[1]:g}"),
    "thresholds": (_thresholds, "PRIORITY and ELEVATED from 0 to 1, the higher first"),
    "metrics": (lambda value: isinstance(value, dict), "an object"),
    "guard": (_guard, "a limit and two scales above 0"),
    "digest": (
        lambda value: isinstance(value, str) and bool(re.fullmatch("sha256:[0-9a-f]{64}", value)),
        "sha256: and 64 hex digits",
    ),
    **dict.fromkeys(_TEXTS, (_text, "text")),
}
"""What each field must be, and the words for it."""


def save_card(folder: Path, card: WeightsCard) -> None:
    """Write the card of weights that are there already."""
    replace_text(folder / CARD_FILE, text_of(card))


def text_of(card: WeightsCard) -> str:
    """A card as the file that :func:`load_card` reads."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
