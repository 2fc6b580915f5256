"""Put radiographs into studies.

DICOM says which study an image is of. PNG and JPEG do not, and there the tree is looked at: with
``auto``, every folder below a root is one study when none of them holds more than
:data:`MOST_PER_FOLDER` such images and none lies in the root itself; otherwise every file is one.
``folder`` and ``file`` settle it by hand. DICOM without a StudyInstanceUID follows the same rule.

A study is of one patient: what one UID or folder joins is parted by the patients named. The UID
and the patient go no further than here; what they are called from now on, the caller says.
"""

from __future__ import annotations

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
    """The studies of one place, and the refusals with the keys of the studies they belong to."""

    studies: list[Study]
    refusals: list[Refusal]


Named = Callable[[str, str], str]
"""The key of a study, from its UID (or the path that stands for it) and its person."""


def in_clear(uid: str, person: str) -> str:
    """A key that hides nothing, for whom it need not be hidden."""
    return f"{uid} of {person}" if person else uid


def group(place: str, files: Sequence[Radiograph | Refusal], named: Named = in_clear) -> Grouping:
    """Put the files of one place into studies, one for each person.

    A study of which every file was refused is a study without radiographs: it must be seen that
    it is there.

    Args:
        place: the study's UID, or the label or folder that stands for it.
        files: radiographs and refusals, as their headers were read.
        named: gives a study its key.
    """
    patients = [one.patient or Patient() for one in files]
    refusals: list[Refusal] = []
    members: dict[str, _Members] = {}
    for one, patient, person in zip(files, patients, persons(patients), strict=True):
        key = named(place, person)
        study = members.setdefault(key, _Members(person))
        if isinstance(one, Radiograph):
            study.radiographs.append(replace(one, study_key=key))
        else:
            refusals.append(replace(one, study_key=key, patient=None))
            study.others += [patient] if one.patient else []
    return Grouping([_study(key, found) for key, found in members.items()], refusals)


@dataclass(slots=True)
class _Members:
    """What makes up one study."""

    person: str
    radiographs: list[Radiograph] = field(default_factory=list)
    others: list[Patient] = field(default_factory=list)


def folder_of(label: bytes) -> bytes:
    """The folder of a file's label."""
    return label.rpartition(b"/")[0]


def root_of(label: bytes) -> bytes:
    """The root of a label."""
    return label.partition(b"/")[0]


def roots_by_folder(folders: Iterable[tuple[bytes, int]], mode: GroupBy | str) -> set[bytes]:
    """The names of the roots in which a folder is a study.

    Args:
        folders: their labels, with the number of radiographs in each that go by their labels.
        mode: what is one study, where no header says it.
    """
    mode = GroupBy(mode)
    roots: set[bytes] = set()
    crowded: set[bytes] = set()
    for folder, count in folders:
        roots.add(root_of(folder))
        if count > MOST_PER_FOLDER or folder == root_of(folder):
            crowded.add(root_of(folder))
    if mode is GroupBy.AUTO:
        return roots - crowded
    return roots if mode is GroupBy.FOLDER else set()


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
