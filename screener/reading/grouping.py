"""Put radiographs into studies.

DICOM says which study an image is of. PNG and JPEG do not, and there the tree is looked at: with
``auto``, every folder below a root is one study when none of them holds more than
:data:`MOST_PER_FOLDER` such images and none lies in the root itself; otherwise every file is one.
``folder`` and ``file`` settle it by hand. DICOM without a StudyInstanceUID follows the same rule.

A study is of one patient: what one UID or folder joins is parted by the patients named. The UID
and the patient go no further than here; what they are called from now on, the caller says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from screener.reading.patients import persons
from screener.study import Patient, Radiograph, Refusal, Study

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


Named = Callable[[str, str], str]
"""The key of a study, from its UID (or the path that stands for it) and its person."""


def in_clear(uid: str, person: str) -> str:
    """A key that hides nothing, for whom it need not be hidden."""
    return f"{uid} of {person}" if person else uid


def group(
    radiographs: Sequence[Radiograph],
    refusals: Sequence[Refusal],
    mode: GroupBy | str = GroupBy.AUTO,
    named: Named = in_clear,
) -> Grouping:
    """Put radiographs and refusals into studies, in the order in which they were found.

    A study of which every file was refused is a study without radiographs: it must be seen that
    it is there.

    Args:
        radiographs: as their headers were read; for PNG and JPEG ``study_key`` is the label of
            the file, "root/folder/file.png".
        refusals: of files whose headers were read; without a key they belong to no study.
        mode: what is one study, where no header says it.
        named: gives a study its key.
    """
    by_folder = _roots_by_folder(
        [one.study_key for one in radiographs if _is_label(one.study_key)], GroupBy(mode)
    )
    files: list[Radiograph | Refusal] = [*radiographs, *refusals]
    places = [_key(one.study_key, by_folder) for one in files]
    patients = [one.patient for one in files]
    whose = _persons(places, patients)
    keys = [named(*pair) if pair[0] else "" for pair in zip(places, whose, strict=True)]
    kept = [replace(one, study_key=key) for one, key in zip(radiographs, keys, strict=False)]
    refused = [
        replace(one, study_key=key, patient=None)
        for one, key in zip(refusals, keys[len(kept) :], strict=True)
    ]
    members: dict[str, _Members] = {}
    for number, key in enumerate(keys):
        if key:
            study = members.setdefault(key, _Members(whose[number]))
            if number < len(kept):
                study.radiographs.append(kept[number])
            elif patient := patients[number]:
                study.others.append(patient)
    return Grouping([_study(key, found) for key, found in members.items()], refused)


@dataclass(slots=True)
class _Members:
    """What makes up one study."""

    person: str
    radiographs: list[Radiograph] = field(default_factory=list)
    others: list[Patient] = field(default_factory=list)


def _persons(places: Sequence[str], patients: Sequence[Patient | None]) -> list[str]:
    """The person of each file, told apart among those of the same place."""
    together: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        together.setdefault(place, []).append(number)
    found = [""] * len(places)
    for numbers in together.values():
        told = persons([patients[number] or Patient() for number in numbers])
        for number, person in zip(numbers, told, strict=True):
            found[number] = person
    return found


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


def _study(key: str, members: _Members) -> Study:
    """A study, with the facts of its first radiograph that has them."""
    radiographs = tuple(members.radiographs)

    def first(word: str) -> str:
        return next((fact for one in radiographs if (fact := getattr(one, word))), "")

    moments = [one.taken_at for one in radiographs if one.taken_at]
    return Study(
        key=key,
        patient_id=first("patient_id") or next((one.number for one in members.others), ""),
        patient_name=first("patient_name"),
        accession=first("accession"),
        taken_at=min(moments, default=None),
        radiographs=radiographs,
        person=members.person,
        others=tuple(members.others),
    )
