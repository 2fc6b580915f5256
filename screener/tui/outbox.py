"""Reviews on their way into the store, safe on disk meanwhile; see :mod:`screener.tui.spool`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screener.results.files import PENDING
from screener.study import Review, Verdict
from screener.tui.spool import Spool, texts

if TYPE_CHECKING:
    from screener.results.store import Store


class Outbox(Spool[Review]):
    """A queue of reviews, first in, first out."""

    pending = PENDING

    @classmethod
    def entry(cls, fields: dict[str, Any]) -> Review:
        """A review from the fields of its file."""
        fields["verdict"] = Verdict(fields["verdict"]) if fields["verdict"] else None
        review = Review(**fields)
        texts(review.study_key, review.reviewer, review.comment, review.label or "", review.reason)
        if not isinstance(review.flagged, bool):
            raise TypeError("neither flagged nor not")
        if not isinstance(review.seconds, int | float | None):
            raise TypeError("no number of seconds")
        return review

    def add(self, store: Store, entry: Review) -> None:
        """Add a review, unless the store has it already."""
        store.add_review(entry)
