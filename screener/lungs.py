"""The lungs of one radiograph as a plain value, and the words that warn of what they show.

Computed by :mod:`screener.network.lungs`; here is what may be stored, drawn and said of it, at no
cost. A mark never refuses a film: a lung that pneumonia or effusion hides is a reason to look.
"""

from __future__ import annotations

from dataclasses import dataclass

ARCHITECTURE = "u-net/tf_efficientnet_lite0"
"""The network that finds them, as recipes and cards name it."""

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) as shares of the film's width and height, from its upper left; closed."""

TILTED = 12.0
"""Degrees. 99 % of held-out films lean less than 10; turned by 20, 96 to 99 % lean more than 12."""
UNEVEN = 0.6
"""The smaller lung's share of the larger one's area; 99 of 100 films have more."""
OUTSIDE = 0.5
"""Share of a map outside the lungs from which on it is said."""

UNSURE = "no sure outline of the lungs: look at the picture before its score"
ONE = "only one lung found: the other is hidden, missing or outside the picture"
CUT = "a lung is cut off by the edge of the picture"
TILT = "the film is tilted"
DIFFER = "the lungs differ much in size: a turned patient, or one lung partly hidden"


@dataclass(frozen=True, slots=True)
class LungFields:
    """Where the lungs are in one radiograph, and how sure that is."""

    rows: int
    columns: int
    values: bytes
    """rows x columns uint8, row-major: 0 surely not lung, 255 surely lung."""
    areas: tuple[float, float]
    """Share of the film that the lung at the picture's left takes, and that at its right; 0 for one
    that is not found or not sure."""
    confidence: float
    """0 to 1: how sharp the outline is and how little mirroring the film changes it."""
    outline: tuple[Polygon, ...]
    """Of what was found at an even chance and is sure; empty where the confidence is too low."""
    tilt: float
    """Degrees by which the lungs lean clockwise, in the square; 0 where there are not two."""
    cut: tuple[str, ...]
    """Edges of the film that cut a lung off: ``top``, ``bottom``, ``left``, ``right``."""


def lung_marks(fields: LungFields, *, map_inside: float | None = None) -> tuple[str, ...]:
    """What to warn of in one radiograph.

    Args:
        fields: its lungs.
        map_inside: share of its map that lies within them, where there is a map.
    """
    if not fields.outline:
        return (UNSURE,)
    smaller, larger = sorted(fields.areas)
    both = smaller > 0
    facts = {
        ONE: not both,
        CUT: bool(fields.cut),
        TILT: abs(fields.tilt) > TILTED,
        DIFFER: both and smaller < UNEVEN * larger,
    }
    said = tuple(words for words, holds in facts.items() if holds)
    return said + outside_marks(map_inside)


def outside_marks(map_inside: float | None) -> tuple[str, ...]:
    """The mark of a map that lies mostly outside the lungs; none where too little is known."""
    if map_inside is None or 1 - map_inside <= OUTSIDE:
        return ()
    return (outside_words(map_inside),)


def outside_words(map_inside: float) -> str:
    """How much of a map lies outside the lungs."""
    return f"{100 * (1 - map_inside):.0f} % of the map lies outside both lungs"


@dataclass(frozen=True, slots=True)
class LungOutline:
    """What is kept of a radiograph's lungs: what is drawn and said of them."""

    polygons: tuple[Polygon, ...]
    """Empty where the confidence is too low to show them."""
    confidence: float
    marks: tuple[str, ...]
    """Of the picture, as :func:`lung_marks` says them."""
    map_inside: float | None
    """Share of the radiograph's map that lies within them; None without both of them."""

    def said(self, *, with_map: bool) -> tuple[str, ...]:
        """The marks, and that of a map that lies outside where the map is drawn."""
        return self.marks + (outside_marks(self.map_inside) if with_map else ())
