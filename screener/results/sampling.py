"""Which studies a site's own reading draws: pure functions, the same draw for the same seed.

Each study has a number of its own between 0 and 1, made of the seed and its key; of each band the
studies with the least numbers are drawn. So every study has a known chance, a larger draw holds the
smaller one, and a study that comes later has the same chance as all. Refuses to leave a band out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

from screener.study import RANKED, Band

SIZE = 200
"""Studies that are drawn unless told otherwise."""
SHARES = {Band.PRIORITY: 0.4, Band.ELEVATED: 0.3, Band.ROUTINE: 0.3}
"""Of the draw, by band: more from the top, where there are fewer."""
LEAST = 2
"""Studies of a band that are drawn at least; of one nothing can be said."""


def number(seed: int, *words: str) -> float:
    """A study's own number from 0 up to 1; as good as random, and always the same."""
    text = " ".join((str(seed), *words))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def allocate(size: int, populations: Mapping[Band, int]) -> dict[Band, int]:
    """How many studies of each band make a draw of a size.

    What a small band cannot give goes to the others. Gives more than ``size`` only where the least
    of each band is more.

    Args:
        size: of the draw.
        populations: studies of the list by band.
    """
    shares = {band: SHARES[band] for band in RANKED if populations.get(band)}
    wanted = {band: min(LEAST, populations[band]) for band in shares}
    size = min(size, sum(populations[band] for band in shares))
    while sum(wanted.values()) < size:
        able = [band for band in shares if wanted[band] < populations[band]]
        wanted[min(able, key=lambda band: (wanted[band] + 1) / shares[band])] += 1
    return wanted


def drawn(keys: Iterable[str], seed: int, size: int, kept: Collection[str] = ()) -> list[str]:
    """The studies of one band that are drawn, at least ``size`` of them.

    Args:
        keys: of all studies of the band.
        seed: of the draw.
        size: how many are wanted.
        kept: what an earlier draw with the same seed has given; all of it is in this one.
    """
    ordered = sorted(keys, key=lambda key: (number(seed, key), key))
    before = set(kept)
    last = max((place for place, key in enumerate(ordered, 1) if key in before), default=0)
    return ordered[: max(size, last)]
