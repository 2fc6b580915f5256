"""How a reviewer's entry gets into the database: appended whole, once, or refused with a reason.

Changes no earlier entry, takes none that contradicts itself, and adds none that is there already:
two windows may bring the same.
"""

from __future__ import annotations

import sqlite3

from screener.errors import ReviewRefusedError
from screener.results import records
from screener.study import Review, Verdict
from screener.text import plain

SAME = """
SELECT 1 FROM review WHERE study_key = ? AND reviewer = ? AND verdict IS ? AND label IS ?
    AND flagged = ? AND comment = ? AND reviewed_at = ? AND reason = ?
"""


def append(connection: sqlite3.Connection, review: Review) -> None:
    """Add an entry, within a transaction of the caller's.

    Raises:
        ReviewRefusedError: there is no such study, or the entry contradicts itself.
    """
    key, reviewer = plain(review.study_key), plain(review.reviewer)
    study = connection.execute("SELECT label FROM study WHERE key = ?", (key,)).fetchone()
    if not study:
        raise ReviewRefusedError(f"{key}: no such study among the results; scan it first")
    entry = (
        key,
        reviewer,
        review.verdict,
        review.label,
        review.flagged,
        plain(review.comment),
        str(review.reviewed_at),
        plain(review.reason),
    )
    if connection.execute(SAME, entry).fetchone():
        return
    last = connection.execute(
        "SELECT verdict, label FROM review WHERE study_key = ? AND reviewer = ?"
        " ORDER BY id DESC LIMIT 1",
        (key, reviewer),
    ).fetchone()
    if _contradicts_itself(review, study["label"], last):
        raise ReviewRefusedError(
            f"{key}: an entry disagrees with the label {review.label} and gives the same; agree, "
            "or give another class"
        )
    connection.execute(
        "INSERT INTO review (study_key, reviewer, verdict, label, flagged, comment, reviewed_at,"
        " reason, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry, review.seconds),
    )
    connection.execute(records.SHOW_REVIEW, (key,))


def _contradicts_itself(review: Review, label: str | None, last: sqlite3.Row | None) -> bool:
    """Whether a new verdict disagrees with the model's label and gives the very same one.

    A verdict that an entry only carries on, with a flag say, was given of an earlier label.
    """
    if review.verdict is not Verdict.DISAGREE or label is None or review.label != label:
        return False
    return last is None or tuple(last) != (review.verdict, review.label)
