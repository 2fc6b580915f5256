"""How facts are worded on screen, and the one place where foreign text is made harmless.

Paths, comments and header values come from outside: they are shown as they are, but never
interpreted as markup, escape sequences or changes of writing direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from screener.study import LABEL_NAMES, Projection, Verdict
from screener.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.results.worklist import Counts, StudyRow

PREVIEW = "preview, not for diagnosis"

LABEL_WORDS = {
    "normal": "normal",
    "bacterial": "bacterial",
    "viral": "viral",
    "covid19": "COVID-19",
}
"""One word a class, where a column is narrow."""


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Make text exactly ``width`` cells wide, with an ellipsis where it was longer."""
    missing = width - cell_len(text)
    if missing < 0:
        return set_cell_size(text, width - 1) + "…" if width else ""
    return " " * missing + text if right else text + " " * missing


def clipped(text: str, width: int) -> str:
    """Prose of at most ``width`` cells: whole words, and an ellipsis where there were more."""
    if cell_len(text) <= width:
        return text
    kept = set_cell_size(text, max(0, width - 1))
    whole = kept if text[len(kept)] == " " else kept.rpartition(" ")[0]
    return f"{(whole or kept).rstrip(' ·')}…" if width else ""


def bar(share: float, width: int) -> tuple[str, str]:
    """A bar for a share of 1 and the track after it, together ``width`` cells."""
    halves = round(min(max(share, 0.0), 1.0) * width * 2)
    full = "━" * (halves // 2) + "╸" * (halves % 2)
    return full, "─" * (width - len(full))


def label_name(label: str | None) -> str:
    """A class as a reader sees it."""
    return LABEL_NAMES.get(label, visible(label)) if label else "none"


def patient_facts(row: StudyRow) -> str:
    """Age and sex in the few cells a column has, "58 F"."""
    age = f"{row.age:.0f}" if row.age is not None else ""
    return f"{age:>3} {visible(row.sex)[:1]}".rstrip()


def views(projections: Iterable[Projection]) -> str:
    """The views of a study, each once, "PA LAT"."""
    known = dict.fromkeys(str(view) for view in projections if view is not Projection.UNKNOWN)
    return " ".join(known) or "–"


def verdict(said: Verdict | None, own_label: str | None) -> str:
    """A verdict as glyph and word."""
    match said:
        case Verdict.AGREE:
            return "✓ agree"
        case Verdict.DISAGREE:
            return f"✗ {LABEL_WORDS.get(own_label or '', 'disagree')}"
    return ""


def notes(row: StudyRow) -> str:
    """What else a reader should see of a study on one line."""
    refused = f"{row.refused} refused" if row.refused else ""
    waiting = f"{row.waiting} not yet" if row.waiting and row.radiographs else ""
    comment = f"“{visible(row.comment)}”" if row.comment else ""
    marks = (visible(mark).partition(":")[0] for mark in row.marks)
    refused = visible(row.reason) or refused
    return " · ".join(part for part in (comment, refused, waiting, *marks) if part)


def reviewed(counts: Counts) -> str:
    """How far the review has come, "12 of 340 reviewed"."""
    return f"{counts.reviewed:,} of {counts.studies:,} reviewed"


def studies(number: int) -> str:
    """A number of studies."""
    return f"{number:,} {'study' if number == 1 else 'studies'}"


def entries(number: int) -> str:
    """A number of review entries."""
    return f"{number} {'entry' if number == 1 else 'entries'}"
