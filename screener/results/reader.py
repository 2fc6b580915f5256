"""The public way for a program to read a results folder: ``screener.results(folder)``.

Reads only, beside a running scan too, and needs no torch; pandas only for tables. Shows of patients
what the scan was told to keep, and writes nothing: reviews come in through ``screener review``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from screener.results.rows import RadiographRow, StudyRow
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.study import LABELS, Refusal, Review, suspicion

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Table = Literal["studies", "radiographs", "refusals", "reviews"]

TIMES = {
    "studies": ("taken_at", "reviewed_at"),
    "radiographs": (),
    "refusals": (),
    "reviews": ("reviewed_at",),
}
"""Columns of points in time, by table."""


class Results:
    """An open results folder; a context manager, for the thread that opened it."""

    def __init__(self, store: Store) -> None:
        """Take over an open store; see :func:`results`."""
        self._store = store
        self._worklist = Worklist(store)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def studies(self) -> Iterator[StudyRow]:
        """Every study in the order of the worklist, with its reviewers' last word."""
        return self._worklist.rows()

    def radiographs(self, study: str | None = None) -> Iterator[RadiographRow]:
        """Scored radiographs, by path.

        Args:
            study: only of this study: a rank, pseudonym, key or file, or the beginning of one.

        Raises:
            StoreError: no study, or more than one, is meant.
        """
        if study is not None:
            yield from self._worklist.radiographs(self._worklist.find(study))
            return
        for _, radiograph in self._worklist.files():
            yield radiograph

    def refusals(self) -> Iterator[Refusal]:
        """Every file that was found and has no score, with the reason."""
        return self._worklist.refusals()

    def reviews(self) -> Iterator[Review]:
        """Every entry of every reviewer, oldest first."""
        return self._store.reviews()

    def map_of(self, radiograph: RadiographRow) -> NDArray[np.float32] | None:
        """Where a radiograph's score comes from, where that is proven.

        Returns:
            (rows, columns) from 0 to 1, the map's own maximum, over the whole picture; None where
            there is no map, or none that does better than its marks elsewhere.
        """
        import numpy as np

        found = radiograph.activation
        if found is None or not found.drawn:
            return None
        values = np.frombuffer(found.values, np.uint8).reshape(found.rows, found.columns)
        shares: NDArray[np.float32] = values.astype(np.float32) / np.float32(255)
        return shares

    def to_pandas(self, table: Table = "studies") -> pd.DataFrame:
        """A table as a data frame, a row each, in the order of the method of that name.

        Args:
            table: which.

        Raises:
            ImportError: pandas is not installed.
            ValueError: there is no such table.
        """
        if table not in TIMES:
            raise ValueError(f"{table!r}: no such table; there are {', '.join(TIMES)}")
        import pandas as pd

        frame = pd.DataFrame(list(getattr(self, f"_{table}")()))
        for column in TIMES[table] if len(frame) else ():
            frame[column] = pd.to_datetime(frame[column], utc=column == "reviewed_at")
        return frame

    def _studies(self) -> Iterator[dict[str, Any]]:
        for row in self.studies():
            found = asdict(row)
            found |= _probabilities(found.pop("probabilities"))
            for several in ("projections", "marks"):
                found[several] = "; ".join(found[several])
            yield {**found, "band": str(row.band)}

    def _radiographs(self) -> Iterator[dict[str, Any]]:
        for study, one in self._worklist.files():
            yield {
                "study": study,
                "path": str(one.path),
                "digest": one.digest,
                "projection": str(one.projection),
                "score": suspicion(one.probabilities),
                **_probabilities(one.probabilities),
                "distance": one.distance,
                "spread": one.spread,
                "inverted": one.inverted,
                "mapped": one.activation is not None and one.activation.drawn,
            }

    def _refusals(self) -> Iterator[dict[str, Any]]:
        for one in self.refusals():
            yield {
                "study": one.study_key,
                "path": str(one.path),
                "outcome": str(one.outcome),
                "reason": one.reason,
            }

    def _reviews(self) -> Iterator[dict[str, Any]]:
        return map(asdict, self.reviews())


def _probabilities(shares: tuple[float, ...] | None) -> dict[str, float | None]:
    return dict(zip(LABELS, shares or [None] * len(LABELS), strict=True))


def results(folder: str | Path) -> Results:
    """Open a results folder to read.

    Args:
        folder: where ``screener scan`` wrote.

    Raises:
        StoreNotFoundError: there are no results in it.
        StoreError: its database cannot be used.
    """
    return Results(Store.reading(Path(folder)))
