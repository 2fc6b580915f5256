"""The paediatric set of Kermany and others: ``chest_xray/{train,test}/{NORMAL,PNEUMONIA}``.

Label and patient number stand in the file name. Kaggle's 16 validation images count as training, as
in COVIDx: they are too few to validate with.
"""

from __future__ import annotations

import re
from pathlib import Path

from trainer.importers.found import Import, existing, radiographs
from trainer.manifest import Entry

SOURCE = "kermany"
LICENCE = "CC BY 4.0"
IMAGES = 5856

SPLITS = {"train": "train", "val": "train", "test": "test"}
CLASSES = {"NORMAL": ("normal",), "PNEUMONIA": ("bacterial", "viral")}

_LABELS = {"bacteria": "bacterial", "virus": "viral", "normal": "normal"}
_NAMES = (
    (re.compile(r"(?:NORMAL2-)?IM-(\d+)-"), "n"),
    (re.compile(r"person(\d+)_(bacteria|virus)_"), "p"),
    (re.compile(r"(NORMAL|BACTERIA|VIRUS)-(\d+)-"), ""),  # the names of Mendeley's later versions
)


def identify(name: str) -> tuple[str, str] | None:
    """Label and patient id that a file name tells; numbers restart between normal and pneumonia."""
    for pattern, prefix in _NAMES:
        if match := pattern.match(name):
            words = [word.lower() for word in match.groups()]
            number = next(word for word in words if word.isdigit())
            label = next((_LABELS[word] for word in words if word in _LABELS), "normal")
            return label, f"{SOURCE}-{prefix}{number}"
    return None


def read(folder: Path) -> Import:
    """Read the set from the folder that holds ``train`` and ``test``, or the one above it.

    Raises:
        ConfigurationError: the folder has another layout.
    """
    root = folder / "chest_xray" if (folder / "chest_xray" / "train").is_dir() else folder
    existing(root / "train" / "NORMAL", "Kermany's chest_xray")
    found = Import(SOURCE, IMAGES)
    for part, split in SPLITS.items():
        for name, labels in CLASSES.items():
            for radiograph in radiographs(root / part / name, found.problems):
                _add(found, radiograph.path, split, labels)
    return found


def _add(found: Import, path: Path, split: str, labels: tuple[str, ...]) -> None:
    identity = identify(path.name)
    if identity is None or identity[0] not in labels:
        found.problems.append(f"{path}: its name does not tell one of {', '.join(labels)}")
        return
    label, patient = identity
    found.entries.append(Entry(path, label, patient, split, SOURCE, licence=LICENCE))
