"""Maps of radiographs that are scored already: made, proven and stored on demand.

Like :mod:`screener.scan` it joins the wings, and it stores before it tells. A map is made by
the very weights that gave the score, from the very file: anything else is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screener.card import WeightsCard, identity, load_card
from screener.digest import digest_of_file
from screener.errors import WeightsError
from screener.reading import pixels
from screener.reading.limits import PixelError
from screener.remote import near
from screener.results import lock
from screener.results.store import Store
from screener.results.worklist import RadiographRow, Worklist
from screener.study import ActivationMap, Maps

if TYPE_CHECKING:
    from screener.network.device import Device
    from screener.network.score import Explanation, Scorer


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of one radiograph."""

    study_key: str
    path: Path
    activation: ActivationMap | None
    """None where the map could not be made."""
    reason: str = ""
    """Why not."""


def explain(
    results: Path, keys: Iterable[str], weights: Path, device: str = "auto"
) -> Iterator[Explained]:
    """Prove a map of every scored radiograph of some studies that has none yet.

    The results are held while a study is explained and no longer, so keys may come one by one,
    as a reader asks for them.

    Args:
        results: the results folder.
        keys: of studies.
        weights: folder of the weights that the latest scan used.
        device: where to compute.

    Raises:
        WeightsError: the weights are not those of the latest scan, or damaged.
        StoreError: the results cannot be written, or a scan is writing them.
    """
    with Store.open(results) as store:
        explainer = _Explainer(store, weights, device)
        for key in keys:
            with lock.held(results):
                yield from explainer.study(key)


class _Explainer:
    """Weights, loaded once, over the results of whatever scan is the latest by now."""

    def __init__(self, store: Store, weights: Path, device: str) -> None:
        self._store = store
        self._weights = weights
        self._device = device
        self._loaded: tuple[WeightsCard, Device, Scorer] | None = None

    def study(self, key: str) -> Iterator[Explained]:
        worklist = Worklist(self._store)
        scorer = self._scorer(worklist)
        positive = "fix-inverted" in worklist.pipeline
        for row in worklist.radiographs(key):
            if row.activation and row.activation.proof:
                yield Explained(key, row.path, row.activation)
                continue
            found = _explained(key, row, scorer, positive=positive)
            if isinstance(found, Explained):
                yield found
                continue
            self._store.put_map(row.digest, *found)
            yield Explained(key, row.path, found[0])

    def _scorer(self, worklist: Worklist) -> Scorer:
        """What computed the latest scan's scores."""
        if self._loaded is None:
            self._loaded = _load(self._weights, self._device)
        card, place, scorer = self._loaded
        wanted = worklist.latest_run().weights_digest
        if identity(card, worklist.pipeline, place.arithmetic) != wanted:
            raise WeightsError(
                f"{self._weights}: the latest scan used other weights or arithmetic; give the same "
                "with --weights and --device, or scan again"
            )
        return scorer


def _load(weights: Path, device: str) -> tuple[WeightsCard, Device, Scorer]:
    from screener.network import device as devices
    from screener.network import lungs
    from screener.network.engine.opening import opened
    from screener.network.score import Scorer

    card = load_card(weights)
    place = devices.choose(device, input_size=card.input_size, weights=weights)
    outlining = lungs.ready(place.engine)  # damaged ones end it here, not at the first map
    engine = opened(weights, card, place)
    return card, place, Scorer(engine, card, lungs=outlining, maps=Maps.PROVEN)


def _explained(
    key: str, row: RadiographRow, scorer: Scorer, *, positive: bool
) -> Explanation | Explained:
    """The map of a radiograph with its border share and lungs, or why there is none."""
    try:
        with near(row.path) as film:
            if digest_of_file(film) != row.digest:
                return Explained(key, row.path, None, "the file has changed since it was scored")
            square = pixels.square(pixels.load(film), scorer.input_size)
    except OSError as error:
        return Explained(key, row.path, None, f"cannot be read: {error.strerror}")
    except PixelError as error:
        return Explained(key, row.path, None, error.reason)
    return scorer.explain(255 - square if positive and row.inverted else square)
