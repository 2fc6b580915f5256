"""The measured figures of a weights card as lines of a table: each with its set and its interval.

A card is read as it comes: sets, then figures, nested as deep as they are. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from screener.card import WeightsCard

NAMES = {
    "auc": "AUC",
    "covid19": "COVID-19",
    "ece": "expected calibration error",
    "npv": "NPV",
    "ppv": "PPV",
}
"""Parts of the card's keys that are no words."""

COMPARED = {
    "accuracy": "Accuracy",
    "auc_covid19_against_rest": "AUC, COVID-19 against rest",
    "sensitivity_covid19": "Sensitivity, COVID-19",
}
"""What sets of images are set beside each other by: keys of the card and their headings."""

RELIABILITY = (
    "Reliability on the validation images: each group of images with a like score, and the share "
    "of COVID-19 among them. Where both are the same, the score is what it says."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value of the weights: what, on which images, and its interval."""

    measured_on: str
    name: str
    value: str
    interval: str
    images: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What weights reach on one set of images, or what reaches it without seeing disease."""

    name: str
    images: str
    values: tuple[str, ...]
    """In the order of :data:`COMPARED`, with their intervals."""
    is_shortcut: bool


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether the score is what it says, on the images the weights were calibrated with."""

    said: tuple[float, ...]
    """Mean score of each group of images with a like score."""
    came: tuple[float, ...]
    """Share of the target class in the same groups."""
    cases: tuple[int, ...]
    reading: str
    """How to read it, with the summary figures."""


def reliability(card: WeightsCard) -> Reliability | None:
    """The card's calibration figures, where it has them."""
    found = card.metrics.get("validation", {}).get("calibration", {})
    if not found.get("said"):
        return None
    named = (("slope", "slope"), ("intercept", "intercept"), ("ece", NAMES["ece"]))
    measured = [f"{name} {number(found[key])}" for key, name in named if found.get(key) is not None]
    reading = f"{RELIABILITY} {', '.join(measured).capitalize()}." if measured else RELIABILITY
    return Reliability(tuple(found["said"]), tuple(found["came"]), tuple(found["cases"]), reading)


def unseen(card: WeightsCard) -> list[Figure]:
    """How well the order held in hospitals left out of a fit; the rates by band stand elsewhere."""
    values = card.metrics.get("unseen", {})
    return [
        Figure("", readable(key), number(value["value"]), _interval(value), _images(value, ""))
        for key, value in values.items()
        if key.startswith("auc") and isinstance(value, Mapping) and value.get("value") is not None
    ]


def seen(card: WeightsCard) -> Iterator[Compared]:
    """Each set of images that was evaluated, and what shortcuts reach on it."""
    for name, values in card.metrics.items():
        if not isinstance(values, Mapping) or "accuracy" not in values:
            continue
        yield _compared(readable(name), values, _images(values, ""), is_shortcut=False)
        for shortcut, reached in values.get("shortcuts", {}).items():
            yield _compared(shortcut, reached, "", is_shortcut=True)


def _compared(name: str, values: Mapping[str, Any], images: str, *, is_shortcut: bool) -> Compared:
    return Compared(name, images, tuple(_said(values.get(key)) for key in COMPARED), is_shortcut)


def _said(value: Mapping[str, Any] | None) -> str:
    """A measured value with its interval."""
    if value is None or value.get("value") is None:
        return "–"
    interval = _interval(value)
    return number(value["value"]) + (f" ({interval})" if interval else "")


def figures(card: WeightsCard) -> Iterator[Figure]:
    """The card's measured figures, each with the set it was measured on."""
    for name, values in card.metrics.items():
        if isinstance(values, Mapping):
            yield from _figures(readable(name), "", values, _images(values, ""))


def _figures(
    measured_on: str, prefix: str, values: Mapping[str, Any], images: str
) -> Iterator[Figure]:
    for key, value in values.items():
        name = f"{prefix}{readable(key)}"
        if isinstance(value, Mapping):
            count = _images(value, images)
            if value.get("value", ...) is None:
                continue
            if "value" in value:
                yield Figure(measured_on, name, number(value["value"]), _interval(value), count)
            else:
                yield from _figures(measured_on, f"{name}, ", value, count)
        elif isinstance(value, float):
            yield Figure(measured_on, name, number(value), "", images)


def _images(values: Mapping[str, Any], otherwise: str) -> str:
    count = values.get("n", values.get("images"))
    return f"{count:,}" if isinstance(count, int) else otherwise


def _interval(value: Mapping[str, Any]) -> str:
    low, high = value.get("low"), value.get("high")
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def number(value: float) -> str:
    """A figure as it is printed."""
    return f"{value:.3f}".replace("-", "−")


def readable(key: str) -> str:
    """A key of the card as words."""
    words = " ".join(NAMES.get(word, word) for word in key.replace("_", " ").split())
    return words[:1].upper() + words[1:]
