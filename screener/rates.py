"""What a place in the list is worth, in films of hospitals that the weights never learnt from.

Reads the figures that ``trainer calibrate --unseen`` left on the card and says them in words: of
films by what they showed, how many reach each band; of films scored like one, how many showed
COVID-19. A card without them, or with others than these, has none: nothing is computed or guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from screener.card import WeightsCard

UNSEEN = "unseen"
"""The card's figures of sources that were left out."""
RATES = "rates"
SCORED_LIKE = "scored_like"
PRIORITY = "PRIORITY"
ELEVATED = "ELEVATED or higher"


class Shown(StrEnum):
    """What a film showed, as far as it says whether COVID-19 was among it."""

    COVID19 = "COVID-19"
    PNEUMONIA = "other pneumonia"
    TUBERCULOSIS = "tuberculosis"
    CLEAR = "clear"


HEAD = ("film showed", "films", "PRIORITY", "ELEVATED or higher")
TITLE = "Films of hospitals never learnt from, by what they showed"
NOT_MEASURED = "These weights have no rates measured in hospitals that they never learnt from."
SAID = (
    "At the weights' own thresholds, which were chosen so that the shares of COVID-19 come out; "
    "the others with 95 % intervals by patient. How many of the studies in PRIORITY have COVID-19 "
    "depends besides on how common it is among yours."
)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of films with its interval, 0 to 1; none where it holds by choice of a threshold."""

    value: float
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        return f"{100 * self.value:.0f} % ({self.interval})"

    @property
    def interval(self) -> str:
        """In percent."""
        if self.low is None or self.high is None:
            return "chosen"
        return f"{100 * self.low:.0f} to {100 * self.high:.0f}"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many films of one kind reach each band."""

    shown: Shown
    priority: Share
    elevated: Share
    """ELEVATED or higher."""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """As a row below :data:`HEAD`."""
        return (self.shown, f"{self.priority.n:,}", str(self.priority), str(self.elevated))


@dataclass(frozen=True, slots=True)
class Alike:
    """Films of hospitals never learnt from with scores of one range."""

    start: float
    end: float
    """Not itself in the range, but where it is 1."""
    covid19: int
    share: Share
    """Of COVID-19; its ``n`` is all the films."""

    def __str__(self) -> str:
        interval = f"{self.share.interval} %"
        return (
            f"Of films scored like this one ({self.start:.2f} to {self.end:.2f}), in hospitals not "
            f"seen, {self.covid19:,} of {self.share.n:,} were COVID-19 ({interval})."
        )

    def as_json(self) -> dict[str, float | int | None]:
        """As the card has it."""
        told = {"from": self.start, "to": self.end, "films": self.share.n, "covid19": self.covid19}
        return told | {"value": self.share.value, "low": self.share.low, "high": self.share.high}


def rates(card: WeightsCard) -> list[Rate]:
    """How many films of each kind reach each band; none where the card has no such figures."""
    return list(_all(card.metrics.get(UNSEEN)))


def alike(card: WeightsCard, score: float) -> Alike | None:
    """What films with scores like this one showed; None where the card does not say."""
    for kept in ranges(card):
        if kept.start <= score < kept.end or score == kept.end == 1:
            return kept
    return None


def _all(unseen: object) -> Iterator[Rate]:
    found = unseen.get(RATES) if isinstance(unseen, Mapping) else None
    for shown in Shown:
        own = found.get(shown.value) if isinstance(found, Mapping) else None
        if not isinstance(own, Mapping):
            continue
        first, both = _share(own.get(PRIORITY)), _share(own.get(ELEVATED))
        if first and both:
            yield Rate(shown, first, both)


def _share(found: object) -> Share | None:
    if not isinstance(found, Mapping):
        return None
    value, low, high, n = (found.get(key) for key in ("value", "low", "high", "n"))
    ends = () if low is None and high is None else (low, high)
    if not all(map(_is_share, (value, *ends))):
        return None
    if not isinstance(n, int) or n < 1:
        return None
    return Share(float(value), low, high, n)  # type: ignore[arg-type]


def _is_share(number: object) -> bool:
    return isinstance(number, int | float) and 0 <= number <= 1


def ranges(card: WeightsCard) -> Iterator[Alike]:
    """The ranges of scores that the card has figures for."""
    unseen = card.metrics.get(UNSEEN)
    found = unseen.get(SCORED_LIKE) if isinstance(unseen, Mapping) else None
    for own in found if isinstance(found, list) else ():
        if isinstance(own, Mapping) and (kept := _range(own)):
            yield kept


def _range(own: Mapping[str, Any]) -> Alike | None:
    start, end, covid19 = own.get("from"), own.get("to"), own.get("covid19")
    share = _share(own)
    if not (share and _is_share(start) and _is_share(end) and isinstance(covid19, int)):
        return None
    return Alike(float(start), float(end), covid19, share)  # type: ignore[arg-type]
