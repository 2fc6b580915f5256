"""``--adapt``: thresholds moved to the level of one scan's own scores, which needs no label.

Changes no score and no order. Refuses few films, and does not know a folder in which nearly all are
ill: there it hides some of them (:mod:`screener.levels`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from screener import levels
from screener.results import adoption, summaries
from screener.results.adoption import UNLABELLED, Adoption
from screener.results.records import probabilities_of
from screener.study import Band, suspicion

if TYPE_CHECKING:
    from screener.card import WeightsCard
    from screener.results.store import Store

LEAST = 100
"""Films; of fewer, the quartile says little."""

SCORED = """
SELECT probabilities FROM file JOIN run ON file.run = run.id
JOIN result ON result.digest = file.digest AND result.weights_digest = run.weights_digest
    AND result.pipeline = run.pipeline
WHERE run.id = (SELECT max(id) FROM run) AND file.outcome = 'scored'
"""


def settle(store: Store, card: WeightsCard, when: datetime, *, wanted: bool) -> Adoption | None:
    """What holds after a scan: its own level where that is wanted, and no earlier scan's.

    A site's own reading knows better: where it was adopted, it holds on. Nothing is adapted to
    fewer than :data:`LEAST` films. Returns what was adapted.

    Raises:
        ConfigurationError: wanted, and the card does not know its level.
    """
    expected = levels.reference(card) if wanted else 0.0
    with store.transaction() as connection:
        withdrawn = adoption.withdraw_unlabelled(connection, when)
        rows = connection.execute(SCORED).fetchall() if wanted else []
        adopted = None
        if len(rows) >= LEAST and adoption.thresholds(connection) is None:
            scores = [suspicion(probabilities_of(row)) for row in rows]
            adopted = _moved(card, levels.level(scores) - expected, len(rows), when)
            adoption.adopt(connection, adopted)
        if withdrawn or adopted:
            summaries.refresh_all(connection)
    return adopted


def _moved(card: WeightsCard, by: float, films: int, when: datetime) -> Adoption:
    thresholds = levels.moved(card.thresholds, by)
    return Adoption(
        thresholds[Band.PRIORITY],
        thresholds[Band.ELEVATED],
        -by,
        f"{UNLABELLED} of {films:,} films of one scan",
        when,
    )
