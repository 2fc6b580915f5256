"""DICOMweb as a real archive speaks it: stored, searched, fetched, scanned; and what goes wrong."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydicom import dcmread

pytest.importorskip("dicomweb_client", reason="the extra 'pacs' is not installed")

from sample_data.orthanc import INSTALLED
from screener.errors import ConfigurationError
from screener.pacs import fetching, web
from screener.pacs.sending import Sent, store
from tests.conftest import REPOSITORY
from tests.pacs.test_listening import FILM, changed
from tests.pacs.test_orthanc import Orthanc, films


def never():
    return False


# Addresses, secrets and queries


@pytest.mark.parametrize("url", ["archive:104", "ftp://archive/x", "https://", "/studies"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ConfigurationError, match="not an address of DICOMweb"):
        web.connected(url)


def test_secrets_are_never_on_the_command_line():
    with pytest.raises(ConfigurationError, match="no name or password") as refused:
        web.connected("https://eve:secret@archive/dicom-web")
    assert "secret" not in str(refused.value).replace("a secret", "")
    assert "eve" not in str(refused.value)


def test_secrets_go_encrypted_or_to_this_machine(monkeypatch):
    monkeypatch.setenv(web.TOKEN, "abc")
    with pytest.raises(ConfigurationError, match="https alone"):
        web.connected("http://archive/dicom-web")
    for url in ("https://archive/dicom-web", "http://127.0.0.1:8042/dicom-web"):
        session = web.connected(url)._session
        assert session.headers["Authorization"] == "Bearer abc"


def test_a_password_comes_from_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring", reason="keyring is not installed")
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return {("covid-resnet-screener", "eve"): "s3cret"}.get((service, username))

        set_password = delete_password = None

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        monkeypatch.setenv(web.USER, "eve")
        assert web.connected("https://archive/x")._session.auth == ("eve", "s3cret")
        monkeypatch.setenv(web.USER, "bob")
        with pytest.raises(ConfigurationError, match="without a password"):
            web.connected("https://archive/x")
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize("query", ["2020", "StudyDat=2020", "StudyDate=", "PatientName", "=x"])
def test_what_is_no_query_is_refused(query):
    with pytest.raises(ConfigurationError, match="--query"):
        web.parsed_query(query)


def test_a_query_is_read_as_typed():
    query = "StudyDate=20200301-20200331&ModalitiesInStudy=DX&00100040=F"
    assert web.parsed_query(query) == {
        "StudyDate": "20200301-20200331",
        "ModalitiesInStudy": "DX",
        "00100040": "F",
    }


# An archive that answers wrongly


@contextmanager
def answering(answer):
    """A server whose every answer is ``answer(path, count)``: status, type, content."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, kind, content = answer(self.path, len(asked))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dicom-web", asked
    finally:
        server.shutdown()
        server.server_close()


def found(*studies):
    return json.dumps([{"0020000D": {"vr": "UI", "Value": [one]}} for one in studies]).encode()


@pytest.mark.parametrize(
    ("status", "kind", "content", "words"),
    [
        (200, "application/dicom+json", b"{", "not DICOMweb's"),
        (200, "application/dicom+json", b'[{"0020000D": {}}]', "not DICOMweb's"),
        (200, "text/html", b"<html>", "not DICOMweb's"),
        (401, "text/plain", b"", "wants to know who asks"),
        (403, "text/plain", b"", "refuses (403 Forbidden)"),
        (500, "text/plain", b"", "refuses (500 Internal Server Error)"),
    ],
)
def test_answers_that_are_none_are_told_in_a_line(status, kind, content, words):
    with answering(lambda *_: (status, kind, content)) as (url, _):
        client = web.connected(url)
        with pytest.raises(web.AnswerError) as refused:
            web.studies(client, {"PatientName": "KOWALSKA^ZOFIA"})
    assert words in str(refused.value)
    assert "KOWALSKA" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_archive_that_stays_overloaded_is_told_in_a_line():
    with answering(lambda *_: (503, "text/plain", b"")) as (url, asked):
        client = web.connected(url)
        client.set_http_retry_params(max_attempts=2, wait_exponential_multiplier=1)
        with pytest.raises(
            web.AnswerError, match=r"refuses \(503 Service Unavailable\)"
        ) as refused:
            web.studies(client, {})
    assert refused.value.status == 503
    assert len(asked) == 2


def test_an_answer_to_what_was_stored_that_is_none_stores_nothing():
    odd = b'{"00081198": {"vr": "SQ", "Value": ["text"]}}'
    with answering(lambda *_: (200, "application/dicom+json", odd)) as (url, _):
        (sent,) = web.store([FILM], web.connected(url))
    assert "not DICOMweb's" in sent.failure
    assert not sent.lasting


def test_nobody_there_is_told():
    with pytest.raises(web.AnswerError, match="cannot be reached"):
        web.studies(web.connected("http://127.0.0.1:9/dicom-web"), {})


def test_a_server_that_ignores_offsets_ends_no_later(monkeypatch):
    monkeypatch.setattr(web, "PAGE", 2)
    with answering(lambda *_: (200, "application/dicom+json", found("1.2", "1.3"))) as (url, asked):
        assert web.studies(web.connected(url), {}) == ["1.2", "1.3"]
    assert len(asked) == 2


def test_an_answer_without_end_is_broken_off(monkeypatch):
    monkeypatch.setattr(web, "MOST_BYTES", 2 << 20)
    endless = (200, "application/dicom+json", b" " * (5 << 20))
    words = "answers with more than 2 MB at once"
    with answering(lambda *_: endless) as (url, _), pytest.raises(web.AnswerError, match=words):
        web.studies(web.connected(url), {})


def test_another_object_than_asked_for_is_refused():
    content = FILM.read_bytes()
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--x--"
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    with answering(lambda *_: (200, kind, body)) as (url, _):
        client = web.connected(url)
        with pytest.raises(web.AnswerError, match="another object"):
            web.retrieved(client, web.Found("1.2", "1.3", "1.4"))
        film = dcmread(FILM)
        uids = (film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID)
        assert web.retrieved(client, web.Found(*uids)).PixelData == film.PixelData


def test_a_refused_request_is_tried_object_by_object(tmp_path):
    with answering(lambda *_: (409, "text/plain", b"")) as (url, asked):
        sent = list(web.store([FILM, changed(tmp_path, StudyID="2")], web.connected(url)))
    assert [one.lasting for one in sent] == [True, True]
    assert "refuses (409 Conflict)" in sent[0].failure
    assert len(asked) == 3


def test_what_is_no_dicom_is_not_sent(tmp_path):
    (tmp_path / "x.dcm").write_bytes(b"nothing")
    with answering(lambda *_: (200, "text/plain", b"")) as (url, asked):
        (sent,) = web.store([tmp_path / "x.dcm"], web.connected(url))
    assert sent.lasting
    assert "not a DICOM file" in sent.failure
    assert not asked


# The cache


def object_of(study, number):
    return web.Found(study, f"{study}.1", f"{study}.1.{number}")


def test_what_was_fetched_once_is_not_fetched_again(tmp_path):
    cache = fetching.Cache(tmp_path, most=10)
    cache.spool._least_free = 0
    one, two = object_of("1.2", 1), object_of("1.2", 2)
    assert cache.missing("1.2", [one, two]) == [one, two]
    cache.keep(b"0123456789", one)
    assert cache.missing("1.2", [one, two]) == [two]
    assert not cache.is_full()
    cache.keep(b"0123456789", two)
    assert cache.is_full()
    assert cache.make_room([cache.spool.place("1.2")]) == 1
    assert cache.size() == 0
    assert not list(cache.spool.studies.rglob("*.dcm"))
    assert cache.missing("1.2", [one, two]) == []
    more = object_of("1.2", 3)
    assert cache.missing("1.2", [one, two, more]) == [one, two, more]  # whole, to be scored whole


def test_only_what_was_fetched_is_ever_removed(tmp_path):
    """The results may hold folders of the user's own: their films are nobody's cache."""
    own = tmp_path / "own" / "study"
    own.mkdir(parents=True)
    (own / "pa.dcm").write_bytes(FILM.read_bytes())
    cache = fetching.Cache(tmp_path / "x" / ".." / "cache", most=10)
    cache.spool._least_free = 0
    cache.keep(b"0123456789ABCDEF", object_of("1.2", 1))
    assert cache.make_room([own, tmp_path, cache.spool.place("1.2")]) == 1
    assert (own / "pa.dcm").read_bytes() == FILM.read_bytes()
    assert [path.name for path in own.iterdir()] == ["pa.dcm"]
    assert cache.size() == 0


# A real archive

orthanc = pytest.mark.skipif(not INSTALLED, reason="not installed: orthanc, orthanc-dicomweb")


@pytest.fixture
def archive(tmp_path):
    archive = Orthanc(tmp_path / "orthanc", None)
    yield archive
    archive.kill()


def scan(*arguments, **environment):
    command = [sys.executable, "-m", "screener.cli.main", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        check=False,
    )


@orthanc
def test_an_archives_films_are_stored_fetched_in_rounds_and_scored(archive, tmp_path):
    sent = films(tmp_path, 3)
    client = web.connected(archive.dicomweb)
    assert list(web.store(list(sent.values()), client)) == [Sent(path) for path in sent.values()]
    assert sorted(web.studies(client, {})) == sorted(sent)
    results = tmp_path / "out"
    arguments = (
        "scan", "--dicomweb", archive.dicomweb, "--query", "ModalitiesInStudy=DX,CR",
        "-o", results, "--no-report", "--maps", "none",
    )  # fmt: skip
    wanted = ("scan", "--dicomweb", archive.dicomweb, "--query", "PatientID=nobody", "-o", results)
    nobody = scan(*wanted)
    assert nobody.returncode == 2
    assert "no radiograph answers the query" in nobody.stderr
    away = scan("scan", "--dicomweb", "http://127.0.0.1:9/dicom-web", "-o", tmp_path / "away")
    assert away.returncode == 2
    assert not (tmp_path / "away").exists()
    ran = scan(*arguments, "--cache-size", 1)
    assert ran.returncode == 0, ran.stderr
    assert "the cache is full" in ran.stderr
    listed = json.loads(scan("list", results, "--json").stdout)
    assert [one["score"] is not None for one in listed["studies"]] == [True] * 3
    again = scan(*arguments)
    assert again.returncode == 0, again.stderr
    assert json.loads(scan("list", results, "--json").stdout) == listed


@orthanc
def test_a_scan_of_the_same_files_says_the_same(archive, tmp_path):
    sent = films(tmp_path, 2)
    assert not any(one.failure for one in store(list(sent.values()), archive.peer, "XRAY"))
    results = {}
    for name, source in {
        "web": ("--dicomweb", archive.dicomweb),
        "folder": (tmp_path / "films",),
    }.items():
        ran = scan("scan", *source, "-o", tmp_path / name, "--no-report", "--maps", "none")
        assert ran.returncode == 0, ran.stderr
        listed = json.loads(scan("list", tmp_path / name, "--json").stdout)
        results[name] = sorted((one["study"], one["score"]) for one in listed["studies"])
    assert results["web"] == results["folder"]


@orthanc
def test_results_are_sent_to_an_address(archive, tmp_path):
    sent = films(tmp_path, 1)
    assert scan("send", *sent.values(), "--to", archive.dicomweb).returncode == 0
    assert len(archive.objects(next(iter(sent)))) == 1
    refused = scan("send", *sent.values(), "--to", archive.dicomweb.replace("dicom-web", "none"))
    assert refused.returncode == 3
    assert "refuses (404 Not Found)" in refused.stderr
