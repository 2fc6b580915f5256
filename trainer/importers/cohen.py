"""The COVID-19 image collection of Cohen and others: ``metadata.csv`` and ``images`` at a commit.

Frontal radiographs only. The collection has no split: all of it is training until one is carved
out by patient. Findings that are no class of the network are left aside, pneumonia of unknown kind
goes to ``aux``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from screener.errors import ConfigurationError
from trainer.importers.found import Import, by_name, existing, radiographs
from trainer.manifest import Entry

SOURCE = "cohen"
VIEWS = {
    "pa": "PA",
    "ap": "AP",
    "ap supine": "AP-supine",
    "ap erect": "AP",
    "ap semi erect": "AP",
}
"""The frontal views as the table writes them, in lower case."""

_FINDINGS = (
    ("covid19", {"covid-19"}),
    ("viral", {"viral", "sars", "mers", "mers-cov", "influenza", "varicella", "herpes"}),
    ("bacterial", {"bacterial", "streptococcus", "klebsiella", "legionella", "chlamydophila",
                   "mycoplasma", "e.coli", "nocardia", "staphylococcus"}),
    ("pneumonia", {"pneumonia"}),
    ("normal", {"no finding", "normal"}),
)  # fmt: skip
"""Labels and the words that tell them, the most telling first: "Pneumonia/Viral/COVID-19"."""


def label_of(finding: str) -> str | None:
    """The label of a finding; None for a disease the network has no class for."""
    words = {word.strip() for word in re.split(r"[/,]", finding.lower())}
    return next((label for label, telling in _FINDINGS if words & telling), None)


def read(folder: Path) -> Import:
    """Read the collection from a checkout.

    Raises:
        ConfigurationError: the folder has another layout.
    """
    table = existing(folder / "metadata.csv", "the collection's checkout")
    with table.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        columns = [column.strip().lower() for column in next(reader, [])]
        rows = [dict(zip(columns, cells, strict=False)) for cells in reader]
    missing = {"patientid", "finding", "view", "filename"} - set(columns)
    if missing:
        raise ConfigurationError(f"{table}: lacks the columns {', '.join(sorted(missing))}")
    found = Import(SOURCE, 0)
    images = existing(folder / "images", "the collection's checkout")
    paths = by_name((radiograph.path for radiograph in radiographs(images, [])), found.problems)
    commit = commit_of(folder)
    for row in rows:
        _add(found, row, paths, commit)
    return found


def _add(found: Import, row: dict[str, str], paths: dict[str, Path], commit: str) -> None:
    view, label = VIEWS.get(row["view"].strip().lower()), label_of(row["finding"])
    if view is None:
        found.leave_aside("not a frontal radiograph")
        return
    if label is None:
        found.leave_aside("another disease")
        return
    found.expected += 1
    name = row["filename"].strip()
    if name not in paths:
        found.problems.append(f"{SOURCE}: {name} is in metadata.csv, but no readable radiograph")
        return
    found.entries.append(
        Entry(
            image=paths[name],
            label=label,
            patient_id=f"{SOURCE}-{row['patientid'].strip()}",
            split="aux" if label == "pneumonia" else "train",
            source=SOURCE,
            view=view,
            licence=row.get("license", "").strip() or "unstated",
            note=f"commit {commit}" if commit else "",
        )
    )


def commit_of(folder: Path) -> str:
    """The commit a checkout stands at, or nothing where that cannot be read."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        return (git / head.removeprefix("ref: ")).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
