"""The tables of ``docs/conformance.md``, from the code's own.

make docs
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pydicom.uid import UID, ComprehensiveSRStorage, ExplicitVRLittleEndian
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from screener.pacs import commitment, listening, sending, web
from screener.pacs.outbox import COMMITTED_WITHIN, MOST_ASKED
from screener.pacs.spool import MOST_OBJECTS

PAGE = Path(__file__).with_name("conformance.md")


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _named(identifier: str) -> tuple[str, str]:
    return UID(identifier).name, f"`{identifier}`"


def rendered() -> str:
    """The whole page."""
    taken = [(*_named(one), "SCP", "") for one in (Verification, *listening.RADIOGRAPHS)]
    taken.append((*_named(listening.CAPTURE), "SCP", "with `--captures`"))
    taken.append((*_named(commitment.PUSH_MODEL), "SCU", "the archive's N-EVENT-REPORT"))
    sent = [(*_named(one), "SCU", "") for one in (ComprehensiveSRStorage, listening.CAPTURE)]
    sent.append((*_named(commitment.PUSH_MODEL), "SCU", "`listen` alone, where it is accepted"))
    limits = [
        ("largest PDU that is taken", f"{listening.LARGEST_PDU:,} bytes"),
        ("association time-out", f"{listening.GREETING:.0f} s"),
        ("DIMSE and network time-out", f"{listening.SECONDS:.0f} s"),
        ("associations at once", f"{listening.Door('').associations} (`--associations`)"),
        ("objects of a study", f"{MOST_OBJECTS:,}"),
        ("objects sent in an association", f"{sending.AT_ONCE}"),
    ]
    syntaxes = [_named(one) for one in listening.SYNTAXES]
    plain = UID(ExplicitVRLittleEndian).name
    head = ("SOP class", "UID", "role", "")
    return f"""# Conformance statement

Research use only. Not a medical device. Not for diagnosis, and not to rule out disease.

After PS3.2, of `screener listen`, `screener send` and `screener scan --dicomweb`. The tables are
made from the program's own by `make docs`; what the service does stands in
[listening.md](listening.md).

## What is taken

{_table(head, taken)}

In these transfer syntaxes, each as it is received:

{_table(("transfer syntax", "UID"), syntaxes)}

A C-STORE is answered once the object is on disk: 0000, A700 (no room), A900 (not the object that
was announced, or without a study) or C000 (cannot be read). The same object again is answered with
0000 and kept once; another content under the same SOP Instance UID is kept beside it.

## What is sent

{_table(head, sent)}

As written ({plain}; pictures in RLE Lossless), or decompressed where the archive takes {plain}
alone. Also whatever `screener send` is given. Status 0000, B000, B006 and B007 count as stored;
Cxxx, and a SOP class that is not taken, as refused for good; everything else is tried again.

An archive that accepts the Storage Commitment Push Model is asked by N-ACTION to commit itself to
the objects of an association. It answers by N-EVENT-REPORT in an association of its own to the
listener, within {COMMITTED_WITHIN / 60:.0f} minutes; then, or where it reports a failure, an object
is sent again, {MOST_ASKED} times in all.

## DICOMweb

After PS3.18, as user agent: QIDO-RS (studies, series, instances; {web.PAGE} answers a page),
WADO-RS (instances as `application/dicom` in the transfer syntax that the archive has) and STOW-RS
({web.AT_ONCE} objects a request). Authentication by bearer token or HTTP basic, over https or on
loopback.

## Associations

AE title `SCREENER` unless told otherwise (`--aet`); called titles must match, calling ones where
`--caller` is given. One presentation context for each SOP class and transfer syntax; no extended
negotiation, no asynchronous operations.

{_table(("limit", ""), list(limits))}

TLS after the settings of Python's `ssl` (TLS 1.2 and newer), certificates of both sides with
`--tls-ca`.

## Character sets

Read: every one of PS3.3 C.12.1.1.2 that pydicom knows, with code extensions. Written: ISO_IR 192
(UTF-8).
Tested on ISO_IR 100, 126, 144 and 192, ISO 2022 IR 87 and 149, and GB18030.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
