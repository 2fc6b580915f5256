"""Put radiographs into studies.

DICOM says which study an image is of. PNG and JPEG do not, and there the tree is looked at: with
``auto``, every folder below a root is one study when none of them holds more than
:data:`MOST_PER_FOLDER` such images and none lies in the root itself; otherwise every file is one.
``folder`` and ``file`` settle it by hand. DICOM without a StudyInstanceUID follows the same rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from screener.study import Radiograph, Refusal, Study

MOST_PER_FOLDER = 6
"""Most images of one chest examination that a folder is still taken for one study with."""


class GroupBy(StrEnum):
    """What is one study, where no header says it."""

    AUTO = "auto"
    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Studies, and the refusals with the keys of the studies they belong to."""

    studies: list[Study]
    refusals: list[Refusal]


def group(
    radiographs: Sequence[Radiograph],
    refusals: Sequence[Refusal],
    mode: GroupBy | str = GroupBy.AUTO,
) -> Grouping:
    """Put radiographs and refusals into studies, in the order in which they were found.

    A study of which every file was refused is a study without radiographs: it must be seen that
    it is there.

    Args:
        radiographs: as their headers were read; for PNG and JPEG ``study_key`` is the label of
            the file, "root/folder/file.png".
        refusals: of files whose headers were read; without a key they belong to no study.
        mode: what is one study, where no header says it.
    """
    labels = [radiograph.study_key for radiograph in radiographs]
    by_folder = _roots_by_folder(filter(_is_label, labels), GroupBy(mode))
    kept = [replace(one, study_key=_key(one.study_key, by_folder)) for one in radiographs]
    refused = [replace(one, study_key=_key(one.study_key, by_folder)) for one in refusals]
    members: dict[str, list[Radiograph]] = {}
    for radiograph in kept:
        members.setdefault(radiograph.study_key, []).append(radiograph)
    for refusal in refused:
        if refusal.study_key:
            members.setdefault(refusal.study_key, [])
    return Grouping([_study(key, tuple(found)) for key, found in members.items()], refused)


def _is_label(study_key: str) -> bool:
    """Whether a key is a file's label, not a UID."""
    return "/" in study_key


def _roots_by_folder(labels: Iterable[str], mode: GroupBy) -> set[str]:
    """The names of the roots in which a folder is a study."""
    folders = Counter(label.rpartition("/")[0] for label in labels)
    roots = {folder.partition("/")[0] for folder in folders}
    if mode is GroupBy.FILE:
        return set()
    if mode is GroupBy.FOLDER:
        return roots
    crowded = {
        folder.partition("/")[0] for folder, count in folders.items() if count > MOST_PER_FOLDER
    }
    return roots - crowded - set(folders)


def _key(study_key: str, by_folder: set[str]) -> str:
    root = study_key.partition("/")[0]
    if _is_label(study_key) and root in by_folder:
        return study_key.rpartition("/")[0]
    return study_key


def _study(key: str, radiographs: tuple[Radiograph, ...]) -> Study:
    """A study, with the facts of its first radiograph that has them."""

    def first(word: str) -> str:
        return next((fact for one in radiographs if (fact := getattr(one, word))), "")

    moments = [one.taken_at for one in radiographs if one.taken_at]
    return Study(
        key=key,
        patient_id=first("patient_id"),
        patient_name=first("patient_name"),
        accession=first("accession"),
        taken_at=min(moments, default=None),
        radiographs=radiographs,
    )
