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
