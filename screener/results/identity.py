"""What may be kept and shown of a patient, by the policy of ``--identify``.

Names and numbers are left out before they are stored, and emptied when a later run allows less.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

from screener.study import Study
from screener.text import plain

Identify = Literal["none", "id", "full"]
"""Nothing but a pseudonym; numbers too; names too."""

POLICIES: tuple[Identify, ...] = ("none", "id", "full")
"""From the least to the most that is shown."""

Row = sqlite3.Row | Mapping[str, Any]
"""A row of the database, or its values by their columns."""


def kept(study: Study, identify: Identify) -> tuple[str, str, str]:
    """PatientID, PatientName and AccessionNumber as the policy lets them be stored."""
    return (
        plain(study.patient_id) if identify != "none" else "",
        plain(study.patient_name) if identify == "full" else "",
        plain(study.accession) if identify != "none" else "",
    )


def shown(row: Row, identify: Identify) -> str:
    """What stands for the patient of a row of ``study``: name, number, file or pseudonym."""
    if identify == "full" and row["patient_name"]:
        return str(row["patient_name"])
    if identify != "none" and row["patient_id"]:
        return str(row["patient_id"])
    return file_of(row["key"]) or str(row["pseudonym"])


def file_of(key: str) -> str:
    """The last folder and the name of the file, or folder, that a study's key stands for.

    Such a study has no patient in any header, so that a pseudonym would say nothing. "" for a key
    that is made of a UID or holds a patient's pseudonym.
    """
    if "/" not in key or _OF_PATIENT.search(key):
        return ""
    root, _, inside = key.partition("/")
    return "/".join([_MARK.sub("", root), *inside.split("/")][-2:])


_OF_PATIENT = re.compile(r" P-.{10}$")
_MARK = re.compile(r"~[0-9a-f]{10}$")
"""Tells folders of one name apart; says nothing to a reader."""


def lesser(one: Identify, other: Identify) -> Identify:
    """The policy that shows less."""
    return min(one, other, key=POLICIES.index)


def erase(connection: sqlite3.Connection, identify: Identify) -> None:
    """Empty what an earlier run kept of patients and this policy does not allow."""
    if identify != "full":
        connection.execute("UPDATE study SET patient_name = '' WHERE patient_name <> ''")
    if identify == "none":
        connection.execute(
            "UPDATE study SET patient_id = '', accession = ''"
            " WHERE patient_id <> '' OR accession <> ''"
        )
