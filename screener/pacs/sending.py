"""Objects on their way into an archive: C-STORE, one association for many of them.

Says of each object whether the archive has it; tries nothing twice, which is the outbox's office.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

MOST_KINDS = 126
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


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that can be sent, by its header."""

    path: Path
    sop_class: str
    syntax: str
    instance: str


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
    read: list[_Read] = []
    for path in paths:
        found = _read(path)
        if isinstance(found, str):
            yield Sent(path, found, lasting=True)
        else:
            read.append(found)
    kinds = sorted({(one.sop_class, own) for one in read for own in (one.syntax, PLAIN)})
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
        yield from (Sent(one.path, _takes_no(peer, one), lasting=True) for one in read)
        return
    if not association.is_established:
        why = _refused(association, peer)
        yield from (Sent(one.path, why) for one in read)
        return
    try:
        if not committed:
            yield from (_send(association, one, peer) for one in read)
            return
        sent = [(one, _send(association, one, peer)) for one in read]
        yield from (became for _, became in sent if became.failure)
        yield from _committed(association, [one for one, became in sent if not became.failure])
    finally:
        if association.is_established:
            association.release()


def _committed(association: Association, stored: Sequence[_Read]) -> Iterator[Sent]:
    """What is stored, with the transaction under which the archive will say that it keeps it."""
    if not stored:
        return
    wanted = [(one.sop_class, one.instance) for one in stored]
    transaction = commitment.asked(association, wanted)
    for one in stored:
        yield Sent(one.path, instance=one.instance, transaction=transaction)


def _read(path: Path) -> _Read | str:
    """What a file is, or why it is nothing that can be sent."""
    try:
        with dicom.quiet():
            header = dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
        meta, instance = header.file_meta, str(header.get("SOPInstanceUID"))
        sop_class, syntax = str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)
        return _Read(path, sop_class, syntax, instance)
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


def _send(association: Association, one: _Read, peer: Peer) -> Sent:
    if not association.is_established:
        return Sent(one.path, f"{peer}: ended the association")
    taken = {
        (context.abstract_syntax, context.transfer_syntax[0])
        for context in association.accepted_contexts
    }
    plain = (one.sop_class, one.syntax) not in taken
    if plain and (one.sop_class, PLAIN) not in taken:
        return Sent(one.path, _takes_no(peer, one), lasting=True)
    try:
        with dicom.quiet():
            status = association.send_c_store(_whole(one.path, plain=plain))
    except (ValueError, RuntimeError, OSError) as error:
        return Sent(one.path, f"{one.path}: could not be sent ({type(error).__name__})")
    code = status.get("Status")
    if code is None:
        return Sent(one.path, f"{peer}: no answer to an object; the association is lost")
    return judged(one.path, str(peer), code)


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


def _takes_no(peer: Peer, one: _Read) -> str:
    return f"{peer}: takes no {UID(one.sop_class).name} in {UID(one.syntax).name}"
