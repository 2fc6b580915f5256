"""Images in class folders: ``label/...`` or ``split/label/...``, PNG, JPEG or DICOM.

The patient is the DICOM header's, else what a pattern finds in the file name, else the folder below
the class folder, else the file itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from screener.errors import ConfigurationError
from screener.study import LABELS, Radiograph
from trainer.importers.found import Import, radiographs
from trainer.manifest import SPLITS, Entry

ALIASES = {
    "bacteria": "bacterial",
    "virus": "viral",
    "covid": "covid19",
    "nofinding": "normal",
} | {label: label for label in LABELS}
"""Labels by a folder's name in lower case, without anything but letters and digits."""


def read(folder: Path, source: str, patient: str = "") -> Import:
    """Read a tree of class folders.

    Args:
        folder: holds class folders, or ``train``, ``val`` and ``test`` with class folders inside.
        source: of the images, as it will stand in the manifest.
        patient: regular expression whose first group is the patient in a file's name.

    Raises:
        ConfigurationError: there is no class folder, or the pattern has no group.
    """
    pattern = _pattern(patient)
    splits = [folder / split for split in SPLITS if (folder / split).is_dir()]
    classes = [path for root in splits or [folder] for path in sorted(root.iterdir())]
    classes = [path for path in classes if path.is_dir()]
    found = Import(source, 0)
    for path in classes:
        label = label_of(path.name)
        split = path.parent.name if splits else "train"
        for radiograph in radiographs(path, found.problems):
            who = patient_of(radiograph, path, pattern)
            found.entries.append(
                Entry(
                    image=radiograph.path,
                    label=label,
                    patient_id=f"{source}-{who}",
                    split=split if label in LABELS else "aux",
                    source=source,
                    view=str(radiograph.projection),
                )
            )
    if not found.entries:
        raise ConfigurationError(f"{folder}: no class folder with radiographs in it")
    found.expected = len(found.entries) + len(found.problems)
    return found


def label_of(name: str) -> str:
    """The label a folder's name stands for; one the network does not know stays as it is."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("pneumonia")
    return ALIASES.get(plain, name.lower())


def patient_of(radiograph: Radiograph, folder: Path, pattern: re.Pattern[str] | None) -> str:
    """Whose radiograph it is, as well as header, name and place tell."""
    path = radiograph.path
    if radiograph.patient_id:
        return radiograph.patient_id
    if pattern and (match := pattern.search(path.name)):
        return match.group(1)
    inside = path.relative_to(folder.absolute()).parts
    return inside[0] if len(inside) > 1 else path.stem


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        pattern = re.compile(text) if text else None
    except re.error as error:
        raise ConfigurationError(f"--patient {text!r}: {error}") from None
    if pattern and pattern.groups < 1:
        raise ConfigurationError(
            f"--patient {text!r}: put the patient in brackets, as in '(\\d+)_'"
        )
    return pattern
