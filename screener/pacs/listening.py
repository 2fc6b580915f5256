"""What a modality or an archive sends us: C-ECHO and C-STORE, answered once an object is on disk.

Takes radiographs alone (CR, DX; DX "for processing" too, which the scan then refuses with its
reason), and secondary captures if told. Every refusal has the status that the standard has for it,
and one line that names nobody.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from pydicom import dcmread, uid
from pydicom.errors import InvalidDicomError
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from screener.pacs import commitment
from screener.pacs.commitment import Report
from screener.pacs.spool import Spool, SpoolFullError
from screener.reading import dicom

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event
    from pynetdicom.transport import ThreadedAssociationServer

RADIOGRAPHS = (
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
)
CAPTURE = uid.SecondaryCaptureImageStorage
SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
    uid.HTJ2K,
    uid.RLELossless,
)
"""Every transfer syntax that a scan can read."""

SUCCESS, OUT_OF_RESOURCES, DOES_NOT_MATCH, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000
"""Status of a C-STORE (PS3.4, table B.2-1)."""

SECONDS = 30.0
"""Until a peer that says nothing is cut off."""
GREETING = 10.0
"""Until a peer that has not asked for anything is: it takes a place from another."""
LARGEST_PDU = 1 << 18
"""Bytes of a protocol data unit that we take."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in, where, and how many at once."""

    title: str
    """Our AE title."""
    host: str = "127.0.0.1"
    port: int = 11112
    callers: Collection[str] = ()
    """AE titles that may call; empty for all."""
    addresses: Collection[str] = ()
    """Addresses that may connect; empty for all."""
    associations: int = 8
    captures: bool = False
    """Whether secondary captures are taken."""
    tls: ssl.SSLContext | None = None


def opened(
    door: Door, spool: Spool, say: Say, reported: Callable[[Report], None] | None = None
) -> ThreadedAssociationServer:
    """Listen in threads of its own, until ``shutdown`` of what is given back.

    Args:
        door: who may come in.
        spool: where objects go.
        say: tells in a line what was refused.
        reported: takes what an archive says of objects that it was asked to keep; called in a
            thread of the association.

    Raises:
        OSError: the address cannot be had.
    """
    entity = AE(ae_title=door.title)
    entity.require_called_aet = True
    entity.require_calling_aet = list(door.callers)
    entity.maximum_associations = door.associations
    entity.maximum_pdu_size = LARGEST_PDU
    entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.acse_timeout = GREETING
    entity.add_supported_context(Verification)
    for sop_class in (*RADIOGRAPHS, *([CAPTURE] if door.captures else [])):
        entity.add_supported_context(sop_class, list(SYNTAXES))
    handlers: list[Any] = [
        (evt.EVT_C_STORE, _store, [spool, say]),
        (evt.EVT_REJECTED, _rejected, [say]),
    ]
    if reported:
        # the archive calls, and is the one that serves
        entity.add_supported_context(commitment.PUSH_MODEL, scu_role=True, scp_role=True)
        handlers.append((evt.EVT_N_EVENT_REPORT, _reported, [reported]))
    server = entity.start_server(
        (door.host, door.port),
        block=False,
        ssl_context=door.tls,
        evt_handlers=handlers,
    )
    assert server is not None
    if door.addresses:
        server.verify_request = _only(door.addresses, say)  # type: ignore[method-assign, assignment]
    return server


def _only(addresses: Collection[str], say: Say) -> Callable[[Any, Any], bool]:
    def verify(_: object, client: tuple[str, int]) -> bool:
        known = client[0] in addresses
        if not known:
            say(f"{client[0]}: not among the addresses that may connect (--peer)")
        return known

    return verify


def _rejected(event: Event, say: Say) -> None:
    who = event.assoc.requestor
    say(f"{who.address}: association refused: an unknown AE title, or too many at once")


def _reported(event: Event, take: Callable[[Report], None]) -> tuple[int, None]:
    """Take what an archive says of objects that it was asked to keep."""
    with dicom.quiet():
        take(commitment.read(event.event_information))
    return SUCCESS, None


def _store(event: Event, spool: Spool, say: Say) -> int:
    """Take one object; what comes back is its status."""
    who = event.assoc.requestor.address
    try:
        content = event.encoded_dataset()
        with dicom.quiet():
            header = dcmread(
                BytesIO(content),
                stop_before_pixels=True,
                specific_tags=["SOPInstanceUID", "SOPClassUID", "StudyInstanceUID"],
            )
        study = str(header.get("StudyInstanceUID") or "")
        said = (str(header.get("SOPInstanceUID")), str(header.get("SOPClassUID")))
    except (InvalidDicomError, *dicom.DAMAGED) as error:
        say(f"{who}: an object that cannot be read ({type(error).__name__}) is refused")
        return NOT_UNDERSTOOD
    request = cast("C_STORE", event.request)
    asked = (str(request.AffectedSOPInstanceUID), str(request.AffectedSOPClassUID))
    if said != asked or not study:
        what = "has no StudyInstanceUID" if said == asked else "is not the one that was announced"
        say(f"{who}: an object that {what} is refused")
        return DOES_NOT_MATCH
    try:
        spool.keep(content, study, said[0])
    except SpoolFullError as error:
        say(f"{who}: an object is refused: {error}")
        return OUT_OF_RESOURCES
    except OSError as error:
        say(f"{who}: an object is refused: {error.strerror or 'it cannot be written'}")
        return OUT_OF_RESOURCES
    return SUCCESS
