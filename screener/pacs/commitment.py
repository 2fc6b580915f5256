"""Storage commitment: an archive's word that it keeps what it was sent (PS3.4, annex J).

Asked for where an archive offers it, after the objects of an association. The word comes later, in
an association that the archive opens to the listener; without it objects are sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from pynetdicom.association import Association

PUSH_MODEL = StorageCommitmentPushModel
_INSTANCE = UID("1.2.840.10008.1.20.1.1")
_REQUEST = 1
"""Action type of a request."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an archive says of objects that it was asked to keep."""

    transaction: str
    kept: frozenset[str]
    """SOP instance UIDs."""
    failed: Mapping[str, int]
    """SOP instance UIDs with the standard's reasons."""


def asked(association: Association, objects: Iterable[tuple[str, str]]) -> str:
    """Ask an archive to keep what it was just sent.

    Args:
        association: in which it was sent.
        objects: their SOP class and instance UIDs.

    Returns:
        The transaction under which the archive answers; "" where it does not offer that.
    """
    offered = {context.abstract_syntax for context in association.accepted_contexts}
    if PUSH_MODEL not in offered or not association.is_established:
        return ""
    wanted = Dataset()
    wanted.TransactionUID = generate_uid(prefix=None)
    wanted.ReferencedSOPSequence = [_referenced(*one) for one in objects]
    status, _ = association.send_n_action(wanted, _REQUEST, PUSH_MODEL, _INSTANCE)
    return str(wanted.TransactionUID) if status.get("Status") == 0 else ""


def _referenced(sop_class: str, instance: str) -> Dataset:
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = sop_class, instance
    return one


def read(information: Dataset) -> Report:
    """The report in an event of an archive."""
    failed = failures(information)
    kept = {
        str(one.get("ReferencedSOPInstanceUID"))
        for one in information.get("ReferencedSOPSequence") or ()
    }
    return Report(str(information.get("TransactionUID")), frozenset(kept - set(failed)), failed)


def failures(answer: Dataset) -> dict[str, int]:
    """SOP instance UIDs that an archive does not have, with the standard's reasons."""
    return {
        str(one.get("ReferencedSOPInstanceUID")): int(one.get("FailureReason") or 0)
        for one in answer.get("FailedSOPSequence") or ()
    }
