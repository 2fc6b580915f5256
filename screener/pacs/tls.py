"""Encrypted associations: who we are, and whom we trust. Certificates on both sides where given."""

from __future__ import annotations

import ssl
from pathlib import Path

from screener.errors import ConfigurationError


def client(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """For calling others; None where nothing is given.

    Raises:
        ConfigurationError: a file is no certificate or no key, or one of the two is missing.
    """
    if ca is None and cert is None and key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    return _filled(context, ca, cert, key)


def server(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """For being called; with ``ca`` only by who has a certificate of it.

    None where nothing is given.

    Raises:
        ConfigurationError: as :func:`client`; or our own certificate is missing.
    """
    if ca is None and cert is None and key is None:
        return None
    if cert is None:
        raise ConfigurationError("--tls-cert: a listener needs a certificate of its own")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if ca:
        context.verify_mode = ssl.CERT_REQUIRED
    return _filled(context, ca, cert, key)


def _filled(
    context: ssl.SSLContext, ca: Path | None, cert: Path | None, key: Path | None
) -> ssl.SSLContext:
    if key and not cert:
        raise ConfigurationError("--tls-key: give its certificate, too, with --tls-cert")
    try:
        if ca:
            context.load_verify_locations(ca)
        if cert:
            context.load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        named = ", ".join(str(path) for path in (ca, cert, key) if path)
        raise ConfigurationError(f"{named}: not a usable certificate and key ({error})") from None
    return context
