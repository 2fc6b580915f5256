"""Thresholds and a re-centred calibration that a site took over, mostly from its own reading.

Bound to the identity of the weights: with other weights, or other settings that change a score,
they do not hold. Moves studies between bands; changes no stored score.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from screener.errors import StoreError
from screener.study import Band

CURRENT = """
SELECT adoption.* FROM adoption JOIN run USING (weights_digest, pipeline)
WHERE run.id = (SELECT max(id) FROM run) AND taken_back_at IS NULL
ORDER BY adoption.id DESC LIMIT 1
"""

BY_KEY = """
SELECT * FROM adoption WHERE weights_digest = ? AND pipeline = ? AND taken_back_at IS NULL
ORDER BY id DESC LIMIT 1
"""

UNLABELLED = "unlabelled scores"
"""What the source of an adoption begins with that no reading stands behind."""

WITHDRAW = """
UPDATE adoption SET taken_back_at = ?1
WHERE taken_back_at IS NULL AND substr(source, 1, length(?2)) = ?2
"""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What a site took over."""

    priority: float
    elevated: float
    intercept: float
    """Added to the logit of a score to have the share of studies that readers call suspicious; by
    no reading, to have it at the level of the weights' own thresholds."""
    source: str
    """From what it follows, in words."""
    adopted_at: datetime

    @property
    def thresholds(self) -> dict[str, float]:
        """Least score of each upper band."""
        return {Band.PRIORITY.value: self.priority, Band.ELEVATED.value: self.elevated}

    @property
    def words(self) -> str:
        """Source and date, for every output."""
        how = (
            f"calibration re-centred by {self.intercept:+.2f} on the logit"
            if self.by_reading
            else f"thresholds moved by {-self.intercept:+.2f} on the logit, and no reading says "
            "that this is right here"
        )
        return f"adopted at this site on {self.adopted_at:%Y-%m-%d} from {self.source}; {how}"

    @property
    def by_reading(self) -> bool:
        """A reading of this site's studies stands behind it."""
        return not self.source.startswith(UNLABELLED)

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "thresholds": self.thresholds,
            "intercept": self.intercept,
            "source": self.source,
            "adopted_at": self.adopted_at.isoformat(),
        }

    def expected(self, score: float) -> float:
        """Share of studies with this score that readers of this site call suspicious."""
        clipped = min(max(score, 1e-6), 1 - 1e-6)
        return 1 / (1 + (1 - clipped) / clipped * math.exp(-self.intercept))


def of_rows(rows: Iterable[sqlite3.Row]) -> Adoption | None:
    """What CURRENT found."""
    for row in rows:
        return Adoption(
            row["priority"],
            row["elevated"],
            row["intercept"],
            row["source"],
            datetime.fromisoformat(row["adopted_at"]),
        )
    return None


def thresholds(connection: sqlite3.Connection) -> dict[str, float] | None:
    """The thresholds taken over for the latest run's weights; None where there are none."""
    found = of_rows(connection.execute(CURRENT))
    return found.thresholds if found else None


def before_a_run(
    connection: sqlite3.Connection, weights_digest: str, pipeline: str
) -> dict[str, float] | None:
    """The thresholds taken over for what a run will be; None where there are none.

    What followed an earlier scan's own scores does not count: it ends with the next scan.
    """
    found = of_rows(connection.execute(BY_KEY, (weights_digest, pipeline)))
    return found.thresholds if found and found.by_reading else None


def adopt(connection: sqlite3.Connection, adopted: Adoption) -> None:
    """Record what is taken over, within a transaction of the caller's.

    Raises:
        StoreError: the thresholds are none.
    """
    if not 0 <= adopted.elevated <= adopted.priority <= 1:
        raise StoreError(
            f"thresholds PRIORITY {adopted.priority:g} and ELEVATED {adopted.elevated:g}: must be "
            "from 0 to 1, PRIORITY's not below ELEVATED's"
        )
    connection.execute(
        "INSERT INTO adoption (weights_digest, pipeline, priority, elevated, intercept, source,"
        " adopted_at) SELECT weights_digest, pipeline, ?, ?, ?, ?, ? FROM run"
        " ORDER BY id DESC LIMIT 1",
        (
            adopted.priority,
            adopted.elevated,
            adopted.intercept,
            adopted.source,
            adopted.adopted_at.isoformat(),
        ),
    )


def take_back(connection: sqlite3.Connection, when: datetime) -> Adoption:
    """Let the latest thresholds that hold hold no more; those adopted before hold again.

    Raises:
        StoreError: none hold.
    """
    row = connection.execute(CURRENT).fetchone()
    found = of_rows([row] if row else [])
    if not found:
        raise StoreError("nothing is adopted for these weights; 'screener assess adopt' does it")
    connection.execute(
        "UPDATE adoption SET taken_back_at = ? WHERE id = ?", (when.isoformat(), row["id"])
    )
    return found


def withdraw_unlabelled(connection: sqlite3.Connection, when: datetime) -> int:
    """Take back all that no reading stands behind; returns how many were."""
    return connection.execute(WITHDRAW, (when.isoformat(), UNLABELLED)).rowcount
