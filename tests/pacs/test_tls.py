"""Encrypted associations with certificates of both sides, made by openssl for the test."""

import gc
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")

from screener.errors import ConfigurationError
from screener.pacs import peer, tls
from screener.pacs.sending import Sent, store
from screener.pacs.spool import Spool
from tests.conftest import REPOSITORY
from tests.pacs.test_listening import FILM, door, kept

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected():
    """Sockets of handshakes that failed, which pynetdicom leaves to the garbage collector."""
    yield
    gc.collect()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate and key each for a server, a known client and a stranger."""
    place = tmp_path_factory.mktemp("tls")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")

    def authority(name):
        openssl(
            "req", "-x509", *curve, "-subj", f"/CN={name}", "-keyout", place / f"{name}.key",
            "-out", place / f"{name}.pem", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def signed(name, by):
        request, names = place / f"{name}.csr", place / f"{name}.ext"
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
        openssl(
            "req", *curve[:-2], "-subj", f"/CN={name}", "-keyout", place / f"{name}.key",
            "-out", request,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", request, "-CA", place / f"{by}.pem", "-CAkey",
            place / f"{by}.key", "-CAcreateserial", "-days", "2", "-extfile", names,
            "-out", place / f"{name}.pem",
        )  # fmt: skip

    for name in ("house", "elsewhere"):
        authority(name)
    signed("server", "house")
    signed("modality", "house")
    signed("stranger", "elsewhere")

    def of(name, ca="house"):
        return place / f"{ca}.pem", place / f"{name}.pem", place / f"{name}.key"

    return of


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", least_free=0)


@pytest.fixture
def encrypted(spool, certificates):
    with door(spool, [], tls=tls.server(*certificates("server"))) as to:
        yield to


def test_who_has_a_certificate_of_the_house_is_let_in(encrypted, spool, certificates):
    context = tls.client(*certificates("modality"))
    assert list(store([FILM], encrypted, "XRAY", context)) == [Sent(FILM)]
    assert len(kept(spool)) == 1


def test_strangers_and_plain_callers_are_not(encrypted, spool, certificates):
    stranger = tls.client(certificates("stranger")[0], *certificates("stranger")[1:])
    nobody = tls.client(certificates("server")[0], None, None)
    for context in (stranger, nobody, None):
        (sent,) = store([FILM], encrypted, "XRAY", context)
        assert sent.failure
        assert not sent.lasting
    assert not kept(spool)


def test_a_listener_of_another_house_is_not_spoken_to(encrypted, spool, certificates):
    context = tls.client(*certificates("modality", ca="elsewhere"))
    (sent,) = store([FILM], encrypted, "XRAY", context)
    assert sent.failure
    assert not kept(spool)


def test_the_command_sends_encrypted(encrypted, spool, certificates):
    ca, cert, key = certificates("modality")
    command = [
        sys.executable, "-m", "screener.cli.main", "send", FILM, "--to",
        peer.Peer("SCREENER", "127.0.0.1", encrypted.port), "--tls-ca", ca, "--tls-cert", cert,
        "--tls-key", key,
    ]  # fmt: skip
    run = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 0, run.stderr
    assert len(kept(spool)) == 1


def test_files_that_are_no_certificates_are_told(tmp_path, certificates):
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    ca, cert, key = certificates("server")
    with pytest.raises(ConfigurationError, match="not a usable certificate"):
        tls.server(ca, nothing, key)
    with pytest.raises(ConfigurationError, match="not a usable certificate"):
        tls.client(ca, cert, certificates("modality")[2])  # another's key
    with pytest.raises(ConfigurationError, match="a certificate of its own"):
        tls.server(ca, None, None)
    with pytest.raises(ConfigurationError, match="give its certificate"):
        tls.client(ca, None, key)
