"""An archive's DICOMweb: search (QIDO-RS), retrieve (WADO-RS), store (STOW-RS).

Who we are comes from the environment or the system's keyring, never from a command line, and goes
encrypted or to this machine alone. No message quotes a query: it may name a patient.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from dicomweb_client import DICOMwebClient
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.errors import InvalidDicomError
from retrying import RetryError

from screener.errors import ConfigurationError, ScreenerError
from screener.pacs.commitment import failures
from screener.pacs.sending import Sent, judged, unsendable
from screener.reading import dicom

TOKEN, USER, PASSWORD = "DICOMWEB_TOKEN", "DICOMWEB_USER", "DICOMWEB_PASSWORD"
"""In the environment: a bearer token, or a name and its password."""
KEYRING = "covid-resnet-screener"
"""The service under which a keyring has the password of USER, or the token of an address."""

MODALITIES = ("CR", "DX")
PAGE = 200
"""Answers that are asked for at a time."""
MOST_BYTES = 1 << 30
"""Of an answer; no radiograph has as many."""
AT_ONCE = 20
"""Objects in one request."""
SECONDS = (10.0, 60.0)
"""Until a server counts as gone: for the connection, and for each next part of an answer."""
_TAG = re.compile("[0-9A-Fa-f]{8}")
TRIES = 3
"""Of a request, with growing pauses, before a server counts as gone."""
_HERE = ("localhost", "127.0.0.1", "::1")
_FOREIGN = "an answer that is not DICOMweb's"
_OK, _UNAUTHORIZED = 200, 401
_NEVER = (400, 403, 404, 405, 406, 409, 413, 415, 422, 501)
"""Answers that trying again will not change."""
_UNSAID = 0x0110
"""Status of an object that is not stored without a reason: a failure in processing it."""


class AnswerError(ScreenerError):
    """An archive refused, or answered what cannot be understood."""

    def __init__(self, words: str, status: int = 0) -> None:
        """Take the one line, and the status of HTTP; 0 where nobody answered."""
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Found:
    """An object that an archive has."""

    study: str
    series: str
    instance: str


def connected(
    url: str, ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> DICOMwebClient:
    """A client of an archive, with what the environment says of us; nothing is sent yet.

    Args:
        url: of the service, under which ``/studies`` lies.
        ca: certificates to trust instead of the system's.
        cert: our own certificate, for servers that ask for one.
        key: its key, where it is not in the same file.

    Raises:
        ConfigurationError: it is no such address, or would carry a secret in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"{shown(url)}: not an address of DICOMweb; write https://HOST/..."
        )
    if parts.username or parts.password:
        raise ConfigurationError(
            f"{shown(url)}: no name or password in an address; set {USER} and {PASSWORD}"
        )
    session = requests.Session()
    session.proxies = requests.utils.get_environ_proxies(url)
    session.verify = str(ca) if ca else os.environ.get("REQUESTS_CA_BUNDLE") or True
    if cert:
        session.cert = (str(cert), str(key)) if key else str(cert)
    session.trust_env = False  # a .netrc would stand above what we are told here
    headers, account = _secrets(shown(url))
    if (headers or account) and parts.scheme == "http" and parts.hostname not in _HERE:
        raise ConfigurationError(
            f"{shown(url)}: a secret goes over https alone; change the address"
        )
    session.headers.update(headers)
    session.auth = account
    client = DICOMwebClient(url.rstrip("/"), session=session, timeout=SECONDS, callback=_bounded)
    client.set_http_retry_params(max_attempts=TRIES, wait_exponential_multiplier=500)
    return client


class _TooMuchError(requests.RequestException):
    """An answer larger than :data:`MOST_BYTES`."""


def _bounded(response: requests.Response, *_: object, **__: object) -> None:
    """Take an answer as the client would, and no more of it than fits."""
    parts, size = [], 0
    for part in response.iter_content(1 << 20):
        size += len(part)
        if size > MOST_BYTES:
            response.close()
            raise _TooMuchError(response=response)
        parts.append(part)
    response._content = b"".join(parts)  # where requests itself keeps what it has read


def shown(url: str) -> str:
    """An address without account and query."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{where}{parts.path}".rstrip("/")


def _secrets(url: str) -> tuple[dict[str, str], tuple[str, str] | None]:
    token, user = os.environ.get(TOKEN), os.environ.get(USER)
    password = os.environ.get(PASSWORD)
    if user and password is None:
        password = _from_keyring(user)
        if password is None:
            raise ConfigurationError(
                f"{USER} is set without a password; set {PASSWORD}, or keep it in the keyring: "
                f"keyring set {KEYRING} {user}"
            )
    if not token and not user:
        token = _from_keyring(url)
    if token:
        return {"Authorization": f"Bearer {token}"}, None
    return {}, (user, password) if user and password is not None else None


def _from_keyring(name: str) -> str | None:
    if find_spec("keyring") is None:
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING, name)
    except KeyringError:  # none on this machine, or locked
        return None


def parsed_query(query: str) -> dict[str, str]:
    """The attributes of a search as they are typed: ``StudyDate=20200301-&PatientSex=F``.

    Raises:
        ConfigurationError: one is no attribute of DICOM, or has no value.
    """
    found = parse_qsl(query, keep_blank_values=True)
    if query and not found:
        raise ConfigurationError(
            "--query: write ATTRIBUTE=VALUE&..., as StudyDate=20200301-20200331"
        )
    for word, value in found:
        if not (word and value) or not (tag_for_keyword(word) or _TAG.fullmatch(word)):
            raise ConfigurationError(f"--query: {word} is no attribute of DICOM, or has no value")
    return dict(found)


def studies(client: DICOMwebClient, query: dict[str, str]) -> list[str]:
    """UIDs of the studies that answer a query, in the archive's order.

    Raises:
        AnswerError: the archive refuses, or answers otherwise.
    """
    return list(_pages(client, "StudyInstanceUID", client.search_for_studies, query))


def radiographs(client: DICOMwebClient, study: str) -> list[Found]:
    """The computed and digital radiographs of a study.

    Raises:
        AnswerError: as :func:`studies`.
    """
    found = []
    for modality in MODALITIES:
        wanted = {"Modality": modality}
        for series in _pages(client, "SeriesInstanceUID", client.search_for_series, wanted, study):
            objects = _pages(
                client, "SOPInstanceUID", client.search_for_instances, {}, study, series
            )
            found += [Found(study, series, one) for one in objects]
    return found


def _pages(
    client: DICOMwebClient,
    word: str,
    search: Any,  # noqa: ANN401 (three methods of the client's)
    filters: dict[str, str],
    *above: str,
) -> Iterator[str]:
    """One attribute of all answers; ends where a page has nothing new, whoever ignores offsets."""
    tag = f"{tag_for_keyword(word):08X}"
    seen: set[str] = set()
    while True:
        with _answering(client):
            answers = search(
                *above, search_filters=filters, limit=PAGE, offset=len(seen), fields=[word]
            )
            page = [str(answer[tag]["Value"][0]) for answer in answers]
        fresh = [one for one in dict.fromkeys(page) if one not in seen]
        yield from fresh
        seen.update(fresh)
        if len(page) < PAGE or not fresh:
            return


def retrieved(client: DICOMwebClient, wanted: Found) -> Dataset:
    """An object as the archive has it, in its own transfer syntax.

    Raises:
        AnswerError: the archive refuses, or answers with another object.
    """
    with _answering(client):
        found = client.retrieve_instance(wanted.study, wanted.series, wanted.instance)
        uids = (found.get("StudyInstanceUID"), found.get("SOPInstanceUID"))
    if uids != (wanted.study, wanted.instance):
        raise AnswerError(f"{shown(client.base_url)}: answers with another object than asked for")
    return found


@contextmanager
def _answering(client: DICOMwebClient) -> Iterator[None]:
    """Turn what goes wrong on the way into one line."""
    url = shown(client.base_url)
    try:
        with dicom.quiet():
            yield
    except requests.RequestException as error:
        if isinstance(error, requests.JSONDecodeError):
            raise AnswerError(f"{url}: {_FOREIGN} (not JSON)", _OK) from None
        status = 0 if error.response is None else error.response.status_code
        raise AnswerError(f"{url}: {_words(error)}", status) from None
    except RetryError as error:
        answer = error.last_attempt.value
        words = f"refuses ({answer.status_code} {answer.reason}), {TRIES} times in a row"
        raise AnswerError(f"{url}: {words}", answer.status_code) from None
    except (ValueError, LookupError, TypeError, InvalidDicomError, *dicom.DAMAGED) as error:
        kind = type(error).__name__
        raise AnswerError(f"{url}: {_FOREIGN} ({kind})", _OK) from None


def _words(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not one of --tls-ca's, or the system's"
    if isinstance(error, _TooMuchError):
        return f"answers with more than {MOST_BYTES >> 20:,} MB at once"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if error.response is None:
        return "cannot be reached; check that the archive runs and the address is right"
    code = error.response.status_code
    if code == _UNAUTHORIZED:
        return f"wants to know who asks (401); set {TOKEN}, or {USER} and {PASSWORD}"
    return f"refuses ({code} {error.response.reason})"


def store(paths: Sequence[Path], client: DICOMwebClient) -> Iterator[Sent]:
    """Send objects to an archive, as :func:`screener.pacs.sending.store` does by DIMSE."""
    for start in range(0, len(paths), AT_ONCE):
        yield from _store(paths[start : start + AT_ONCE], client)


def _store(paths: Sequence[Path], client: DICOMwebClient) -> Iterator[Sent]:
    read: dict[Path, Dataset] = {}
    for path in paths:
        try:
            with dicom.quiet():
                read[path] = dcmread(path)
                read[path].SOPInstanceUID  # noqa: B018 (none without)
        except (InvalidDicomError, AttributeError, *dicom.DAMAGED) as error:
            yield Sent(path, unsendable(path, error), lasting=True)
    if not read:
        return
    try:
        with _answering(client):
            failed = failures(client.store_instances(list(read.values())))
    except AnswerError as error:
        yield from _apart(read, client, str(error), lasting=error.status in _NEVER)
        return
    for path, sent in read.items():
        uid = str(sent.SOPInstanceUID)
        status = (failed[uid] or _UNSAID) if uid in failed else 0
        yield judged(path, shown(client.base_url), status)


def _apart(
    read: dict[Path, Dataset], client: DICOMwebClient, why: str, *, lasting: bool
) -> Iterator[Sent]:
    """What a whole request was refused for may be the fault of one of its objects."""
    if not lasting or len(read) == 1:
        yield from (Sent(path, why, lasting) for path in read)
        return
    for path in read:
        yield from _store([path], client)
