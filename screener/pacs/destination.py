"""Where objects are sent to: an archive as it is typed, by DIMSE or by DICOMweb."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from screener.pacs import check_web, peer, sending, tls
from screener.pacs.outbox import Send


def destination(
    text: str,
    calling: str,
    *,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    committed: bool = False,
) -> Send:
    """What sends files to an archive; nothing is sent yet.

    Args:
        text: ``AET@HOST:PORT``, or the ``https://`` address of its DICOMweb.
        calling: our AE title, for DIMSE.
        ca: certificates to trust.
        cert: our own certificate.
        key: its key.
        committed: ask the archive to commit itself, where it offers that: it will call us.

    Raises:
        ConfigurationError: one of them is wrong, or a secret would go in the clear.
    """
    if "://" not in text:
        context = tls.client(ca, cert, key)
        archive = peer.parsed(text)
        return partial(
            sending.store, peer=archive, calling=calling, tls=context, committed=committed
        )
    check_web()
    from screener.pacs import web

    return partial(web.store, client=web.connected(text, ca, cert, key))
