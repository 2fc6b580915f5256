"""Whether the files of one study name one patient. They should, and do not always.

Compared are the number, who gave it, and the name. What a header leaves out is filled in where the
others leave one choice; it never joins two patients who are named apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from screener.study import Patient

_BETWEEN = "\x1f"
"""Between the parts of a person's text: no header's text holds it."""


def persons(patients: Sequence[Patient]) -> list[str]:
    """For each of a study's files whom it is of, as one text; "" where none says it.

    The text of a patient with a number is that number, with the issuer where one is known, and with
    the name where one number stands for two names that have no word in common.
    """
    issuers: dict[str, set[str]] = {}
    for patient in patients:
        if patient.number:
            issuers.setdefault(patient.number, set()).update({patient.issuer} - {""})
    numbered = [_numbered(patient, issuers) for patient in patients]
    names: dict[str, str] = {}
    for patient, text in zip(patients, numbered, strict=True):
        if text and patient.name:
            names.setdefault(text, patient.name)
    alone = _only({text for text in numbered if text})
    named = _only({_folded(patient.name) for patient in patients if patient.name})
    return [
        _with_name(patient, text, names) if text else _unnumbered(patient, alone, named, names)
        for patient, text in zip(patients, numbered, strict=True)
    ]


def _numbered(patient: Patient, issuers: dict[str, set[str]]) -> str:
    """Number and issuer; the only issuer known of a number is that of all its files."""
    if not patient.number:
        return ""
    issuer = patient.issuer or _only(issuers[patient.number])
    return f"{patient.number}{_BETWEEN}{issuer}" if issuer else patient.number


def _with_name(patient: Patient, text: str, names: dict[str, str]) -> str:
    first = names.get(text, "")
    if patient.name and first and not _words(patient.name) & _words(first):
        return _BETWEEN.join((text, "", _folded(patient.name)))
    return text


def _unnumbered(patient: Patient, alone: str, named: str, names: dict[str, str]) -> str:
    """Of a file without number: the only person there is, unless the name speaks against it."""
    if alone and (
        not patient.name or _words(patient.name) & _words(names.get(alone, patient.name))
    ):
        return alone
    name = _folded(patient.name) or ("" if alone else named)
    return f"{_BETWEEN}{_BETWEEN}{name}" if name else ""


def _only(found: set[str]) -> str:
    return next(iter(found)) if len(found) == 1 else ""


def _words(name: str) -> set[str]:
    """The parts of a name, in any of its scripts and any order."""
    return set(re.findall(r"\w+", name.casefold()))


def _folded(name: str) -> str:
    return " ".join(sorted(_words(name)))
