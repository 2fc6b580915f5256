"""Films of an S3 bucket, asked of a server on this machine, are scored as the same files here."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

pytest.importorskip("s3fs", reason="the extra 'cluster' is not installed")
pytest.importorskip("moto", reason="the extra 'dev' is not installed")

import fsspec

from screener import remote
from screener.cli.main import screener
from screener.console import ExitCode
from screener.network.weights import find
from screener.plan import Settings
from screener.program import run
from screener.reading import folder
from screener.results.reader import results
from screener.scan import scan
from screener.study import GONE, Maps
from screener.tui.picture.read import read_picture

BUCKET = "s3://archive/chest films"


@pytest.fixture(scope="module")
def server():
    """The address of an S3 server that lives as long as these tests."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(server, phantoms):
    """The phantoms in a bucket; the environment has what lets us in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server)
        patch.setenv("AWS_ACCESS_KEY_ID", "screener")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        system = fsspec.filesystem("s3", use_listings_cache=False)
        system.mkdir("archive")
        system.put(f"{phantoms}/", f"{BUCKET}/", recursive=True)
        yield remote.place(BUCKET)


def settings(films, to, **more):
    return Settings((films,), to, find("covid-lite", "cpu"), "cpu", maps=Maps.NONE, **more)


def below(path, root):
    return os.fspath(path).removeprefix(os.fspath(root))


def ended(films, to):
    """Scores and refusals by the path below the root."""
    with results(to) as found:
        scores = {below(one.path, films): one.probabilities for one in found.radiographs()}
        return scores, {below(one.path, films): one.reason for one in found.refusals()}


def test_a_bucket_has_the_scores_of_a_folder(bucket, phantoms, tmp_path):
    *_, end = scan(settings(bucket, tmp_path / "far"), bool)
    list(scan(settings(phantoms, tmp_path / "near"), bool))
    assert (end.found, end.scored) == (17, 14)
    assert ended(bucket, tmp_path / "far") == ended(phantoms, tmp_path / "near")
    worklist = (tmp_path / "far" / "worklist.csv").exists()
    assert not worklist  # who scans writes no list


def call(*arguments) -> int:
    return run(screener, "screener", [str(argument) for argument in arguments])


def pictures(to):
    """Of the films in a report."""
    return [image.data for page in PdfReader(to / "report.pdf").pages for image in page.images]


def test_scan_explain_and_report_read_a_bucket(bucket, phantoms, tmp_path, capfd):
    to = tmp_path / "results"
    options = ("--weights", "covid-lite", "--device", "cpu")
    assert call("scan", f"{bucket}/", "-o", to, *options, "--maps", "none") == ExitCode.REFUSALS
    worklist = (to / "worklist.csv").read_text()
    assert f"{BUCKET}/02-ground-glass/pa.dcm" in worklist
    call("scan", phantoms, "-o", tmp_path / "near", *options, "--maps", "none")
    assert pictures(to) == pictures(tmp_path / "near")
    assert pictures(to)
    capfd.readouterr()
    assert call("explain", "--top", 1, "--results", to, *options) == ExitCode.DONE
    assert "the score goes from" in capfd.readouterr().out
    assert call("scan", bucket, "-o", to, *options, "--no-report") == ExitCode.REFUSALS
    assert "0 files new, 17 known, 0 gone" in capfd.readouterr().out


def test_the_review_shows_a_film_of_a_bucket(bucket):
    picture = read_picture(bucket / "01-clear" / "pa.dcm")
    assert picture.ndim == 2


def test_an_object_that_is_deleted_is_gone_and_stays_listed(bucket, phantoms, tmp_path):
    system = fsspec.filesystem("s3", use_listings_cache=False)
    system.put(f"{phantoms}/01-clear/", "archive/few/01-clear/", recursive=True)
    few = remote.place("s3://archive/few")
    list(scan(settings(few, tmp_path / "results"), bool))
    system.rm("archive/few/01-clear/pa.dcm")
    system.pipe("archive/few/notes.txt", b"not a film")
    list(scan(settings(few, tmp_path / "results"), bool))
    with results(tmp_path / "results") as found:
        reasons = {below(one.path, few): one.reason for one in found.refusals()}
    assert reasons == {
        "/01-clear/pa.dcm": GONE,
        "/notes.txt": "not a DICOM, PNG or JPEG file",
    }


def test_what_no_path_can_name_is_told(bucket, tmp_path):
    import boto3

    client = boto3.client("s3")
    client.put_object(Bucket="archive", Key="odd/", Body=b"")  # as consoles mark a folder
    client.put_object(Bucket="archive", Key="odd//film.dcm", Body=b"hidden")
    client.put_object(Bucket="archive", Key="odd/notes.txt", Body=b"seen")
    odd = remote.place("s3://archive/odd")
    found = {(one.path, one.reason) for one in folder.walk([odd])}
    assert {path for path, _ in found} == {odd, odd / "notes.txt"}
    assert "'//' in their keys" in dict(found)[odd]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://archive/nothing-here", "FileNotFoundError|not exist|No such|nothing-here"),
        ("s3://no-such-bucket/films", "not exist|No such|no-such-bucket"),
        ("s3://me:word@archive/films", "must not name a password"),
        ("foo://archive/films", "Protocol not known: foo"),
        ("gs://archive/films", "needs one more package .*gcsfs.*"),
    ],
)
def test_an_address_that_cannot_be_read_is_one_line(bucket, tmp_path, capfd, address, told):
    assert call("scan", address, "-o", tmp_path / "results") == ExitCode.USAGE
    said = capfd.readouterr().err
    assert re.search(told, said)
    assert "Traceback" not in said
    assert "word@" not in said
    assert not (tmp_path / "results").exists()


def test_without_credentials_it_says_so(bucket, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "HOME": str(tmp_path)}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-m", "screener.cli.main", "scan", BUCKET, "-o", tmp_path / "r"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == ExitCode.USAGE
    assert "credentials" in ended.stderr.lower()


def test_a_file_is_taken_for_changed_when_its_object_is(bucket):
    system = fsspec.filesystem("s3", use_listings_cache=False)
    film = remote.place("s3://archive/changing/film.png")
    system.pipe("archive/changing/film.png", b"one")
    first = film.stat()
    system.pipe("archive/changing/film.png", b"more")
    assert film.stat() != first


def test_the_time_of_a_change_is_read_however_it_is_told():
    moment = 1_600_000_000_500_000_000
    aware = datetime.fromtimestamp(1_600_000_000.5, UTC)
    for told in (
        {"LastModified": aware},
        {"updated": aware.isoformat()},
        {"mtime": 1_600_000_000.5},
        {"last_modified": aware.replace(tzinfo=None)},
    ):
        assert remote._changed(told) == moment
    assert remote._changed({"ETag": "a"}) != remote._changed({"ETag": "b"})
