"""Objects on their way into an archive: C-STORE, one association for many of them.

Says of each object whether the archive has it; tries nothing twice, which is the outbox's office.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from screener.pacs import commitment
from screener.pacs.peer import Peer
from screener.reading import dicom

MOST_KINDS = 120
"""Pairs of SOP class and transfer syntax in one association; the standard has room for 128."""
AT_ONCE = 200
"""Objects in one association."""
SECONDS = 30.0
"""Until a peer that says nothing counts as gone."""

PLAIN = ExplicitVRLittleEndian
"""What every archive takes; compressed objects are offered in it too."""

_WARNINGS = (0xB000, 0xB006, 0xB007)
"""Stored, with elements changed or not checked (PS3.4, table B.2-1)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one object."""

    path: Path
    failure: str = ""
    """Why the archive does not have it; empty where it does."""
    lasting: bool = False
    """Whether trying again can be of no use."""
    instance: str = ""
    """Its SOP instance UID, where the archive was asked to commit itself to keep it."""
    transaction: str = ""
    """Under which the archive will answer that."""


def store(
    paths: Sequence[Path],
    peer: Peer,
    calling: str,
    tls: ssl.SSLContext | None = None,
    *,
    committed: bool = False,
) -> Iterator[Sent]:
    """Send objects to an archive.

    Args:
        paths: DICOM files.
        peer: the archive.
        calling: our AE title.
        tls: for an encrypted association.
        committed: ask the archive to commit itself to keep them, where it offers that.
    """
    for start in range(0, len(paths), AT_ONCE):
        yield from _store(paths[start : start + AT_ONCE], peer, calling, tls, committed=committed)


def _store(
    paths: Sequence[Path],
    peer: Peer,
    calling: str,
    tls: ssl.SSLContext | None,
    *,
    committed: bool,
) -> Iterator[Sent]:
    read: list[tuple[Path, str, str]] = []
    for path in paths:
        kind = _kind(path)
        if isinstance(kind, str):
            yield Sent(path, kind, lasting=True)
        else:
            read.append((path, *kind))
    kinds = sorted({(sop_class, own) for _, sop_class, syntax in read for own in (syntax, PLAIN)})
    if not read:
        return
    entity = AE(ae_title=calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.connection_timeout = SECONDS
    contexts = [build_context(sop_class, syntax) for sop_class, syntax in kinds[:MOST_KINDS]]
    if committed:
        contexts.append(build_context(commitment.PUSH_MODEL))
    address = (peer.host, peer.port)
    arguments = (tls, peer.host) if tls else None
    association = entity.associate(
        *address, contexts=contexts, ae_title=peer.title, tls_args=arguments
    )
    if association.rejected_contexts and not association.accepted_contexts:
        for path, sop_class, syntax in read:
            yield Sent(path, _takes_no(peer, sop_class, syntax), lasting=True)
        return
    if not association.is_established:
        why = _refused(association, peer)
        yield from (Sent(path, why) for path, *_ in read)
        return
    try:
        if not committed:
            yield from (_send(association, *one, peer) for one in read)
            return
        sent = [_send(association, *one, peer) for one in read]
        yield from (one for one in sent if one.failure)
        yield from _committed(association, [one for one in sent if not one.failure])
    finally:
        if association.is_established:
            association.release()


def _committed(association: Association, stored: Sequence[Sent]) -> Iterator[Sent]:
    """The same, with the transaction under which the archive will say that it keeps them."""
    uids = [_uids(one.path) for one in stored]
    if not uids:
        return
    transaction = commitment.asked(association, uids)
    for one, (_, instance) in zip(stored, uids, strict=True):
        yield replace(one, instance=instance, transaction=transaction)


def _uids(path: Path) -> tuple[str, str]:
    with dicom.quiet():
        header = dcmread(
            path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True
        )
    return str(header.SOPClassUID), str(header.SOPInstanceUID)


def _kind(path: Path) -> tuple[str, str] | str:
    """SOP class and transfer syntax of a file, or why there are none."""
    try:
        with dicom.quiet():
            header = dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
        syntax = str(header.file_meta.TransferSyntaxUID)
        return str(header.file_meta.MediaStorageSOPClassUID), syntax
    except (InvalidDicomError, *dicom.DAMAGED) as error:
        return unsendable(path, error)


def unsendable(path: Path, error: Exception) -> str:
    """Why a file is not sent, in a line."""
    return f"{path}: not a DICOM file that can be sent ({type(error).__name__})"


def _refused(association: Association, peer: Peer) -> str:
    if association.is_rejected:
        answer = association.acceptor.primitive
        reason = getattr(answer, "reason_str", "no reason given") if answer else "no reason given"
        return f"{peer}: refuses the association ({reason}); check both AE titles"
    return f"{peer}: no answer; check that the archive runs and the address is right"


def _send(association: Association, path: Path, sop_class: str, syntax: str, peer: Peer) -> Sent:
    if not association.is_established:
        return Sent(path, f"{peer}: ended the association")
    taken = {
        (context.abstract_syntax, context.transfer_syntax[0])
        for context in association.accepted_contexts
    }
    plain = (sop_class, syntax) not in taken
    if plain and (sop_class, PLAIN) not in taken:
        return Sent(path, _takes_no(peer, sop_class, syntax), lasting=True)
    try:
        with dicom.quiet():
            status = association.send_c_store(_whole(path, plain=plain))
    except (ValueError, RuntimeError, OSError) as error:
        return Sent(path, f"{path}: could not be sent ({type(error).__name__})")
    code = status.get("Status")
    if code is None:
        return Sent(path, f"{peer}: no answer to an object; the association is lost")
    return judged(path, str(peer), code)


def judged(path: Path, archive: str, code: int) -> Sent:
    """What became of an object, by the status of the standard that an archive gave it."""
    if code == 0 or code in _WARNINGS:
        return Sent(path)
    words = f"{archive}: does not store it (status {code:04X})"
    return Sent(path, words, lasting=code >> 12 == 0xC)


def _whole(path: Path, *, plain: bool) -> FileDataset:
    """An object, decompressed for who takes it so alone; it stays the same object."""
    found = dcmread(path)
    if plain and found.file_meta.TransferSyntaxUID.is_compressed:
        found.decompress(generate_instance_uid=False)
    return found


def _takes_no(peer: Peer, sop_class: str, syntax: str) -> str:
    return f"{peer}: takes no {UID(sop_class).name} in {UID(syntax).name}"
