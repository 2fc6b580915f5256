"""A listener as a modality and an archive meet it: real associations on loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from io import BytesIO
from types import SimpleNamespace

import pytest
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")

from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from sample_data.make_phantoms import STUDIES
from screener.errors import ConfigurationError
from screener.pacs import commitment, health, listening, peer
from screener.pacs.commitment import Report
from screener.pacs.outbox import COMMITTED_WITHIN, FIRST_PAUSE, MOST_ASKED, Outbox
from screener.pacs.sending import Sent, store
from screener.pacs.spool import Spool
from tests.conftest import REPOSITORY, free_port

# pynetdicom leaves sockets of associations that failed to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
)

FILM = STUDIES / "02-ground-glass" / "pa.dcm"
PATIENCE = 90.0


@pytest.fixture
def said():
    return []


@contextmanager
def door(spool, said, **more):
    server = listening.opened(listening.Door("SCREENER", port=0, **more), spool, said.append)
    try:
        yield peer.Peer("SCREENER", "127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", least_free=0)


def send(to, *paths, calling="XRAY"):
    return list(store(paths, to, calling))


def kept(spool):
    return sorted(spool.studies.rglob("*.dcm"))


def changed(tmp_path, **elements):
    film = dcmread(FILM)
    for word, value in elements.items():
        setattr(film, word, value)
        if word == "SOPInstanceUID":
            film.file_meta.MediaStorageSOPInstanceUID = value
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.dcm"
    film.save_as(path)
    return path


def test_an_echo_is_answered(spool, said):
    with door(spool, said) as to:
        entity = AE("XRAY")
        entity.add_requested_context(Verification)
        association = entity.associate(to.host, to.port, ae_title=to.title)
        assert association.send_c_echo().Status == 0
        association.release()


def test_a_film_is_kept_as_it_was_sent_and_once(spool, said):
    with door(spool, said) as to:
        assert send(to, FILM) == send(to, FILM) == [Sent(FILM)]
    (path,) = kept(spool)
    assert dcmread(path).PixelData == dcmread(FILM).PixelData
    assert spool.waiting() == 1
    assert "PHANTOM" not in str(path.relative_to(spool.studies)).upper()
    assert dcmread(FILM).StudyInstanceUID not in str(path)


def test_another_content_under_the_same_uid_is_kept_beside(spool, said, tmp_path):
    with door(spool, said) as to:
        send(to, FILM, changed(tmp_path, StudyDescription="another"))
    assert len(kept(spool)) == 2


@pytest.mark.parametrize("name", ["..", "../../x", "a\nb", "[red]x", "^^^=\x1b[31m"])
def test_names_lead_nowhere(spool, said, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if path.parent == tmp_path}
    path = changed(tmp_path, PatientName=name, PatientID=name)
    with door(spool, said) as to:
        send(to, path)
    assert len(kept(spool)) == 1
    assert {path.parent for path in tmp_path.rglob("*")} & before <= {tmp_path, *tmp_path.iterdir()}
    assert not any(name in line for line in said)


def test_what_is_no_radiograph_is_not_taken(spool, said):
    with door(spool, said) as to:
        (sent,) = send(to, STUDIES / "13-ct" / "slice.dcm")
    assert "takes no CT Image Storage" in sent.failure
    assert not kept(spool)


def test_captures_are_taken_only_if_told(spool, said, tmp_path):
    film = dcmread(FILM)
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    film.save_as(path := tmp_path / "sc.dcm")
    with door(spool, said) as to:
        assert send(to, path)[0].failure
    with door(spool, said, captures=True) as to:
        assert send(to, path) == [Sent(path)]


def test_unknown_callers_and_wrong_titles_are_refused(spool, said):
    with door(spool, said, callers=["XRAY"]) as to:
        assert "check both AE titles" in send(to, FILM, calling="OTHER")[0].failure
        wrong = peer.Peer("WRONG", to.host, to.port)
        assert "check both AE titles" in send(wrong, FILM)[0].failure
        assert send(to, FILM) == [Sent(FILM)]
    assert any("unknown AE title" in line for line in said)


def test_unknown_addresses_are_not_heard(spool, said):
    with door(spool, said, addresses=["192.0.2.1"]) as to:
        assert send(to, FILM)[0].failure
    assert said[0] == "127.0.0.1: not among the addresses that may connect (--peer)"
    assert not kept(spool)


def test_an_object_that_is_not_the_announced_one_is_refused(spool, said):
    film = dcmread(FILM)
    request = SimpleNamespace(
        AffectedSOPInstanceUID="1.2.3.4", AffectedSOPClassUID=film.SOPClassUID
    )
    caller = SimpleNamespace(requestor=SimpleNamespace(address="10.0.0.7"))
    event = SimpleNamespace(request=request, assoc=caller, encoded_dataset=FILM.read_bytes)
    assert listening._store(event, spool, said.append) == listening.DOES_NOT_MATCH
    assert said == ["10.0.0.7: an object that is not the one that was announced is refused"]
    assert not kept(spool)


def test_a_full_disk_is_said_with_its_status(tmp_path, said):
    full = Spool(tmp_path / "spool", least_free=1 << 60)
    with door(full, said) as to:
        (sent,) = send(to, FILM)
    assert "status A700" in sent.failure
    assert not sent.lasting
    assert "the disk of the spool is full" in said[-1]
    assert not kept(full)


def test_a_study_takes_no_more_than_its_share(spool, said, tmp_path, monkeypatch):
    monkeypatch.setattr("screener.pacs.spool.MOST_OBJECTS", 2)
    paths = [changed(tmp_path, SOPInstanceUID=f"1.2.3.{n}") for n in range(4)]
    with door(spool, said) as to:
        assert [bool(sent.failure) for sent in send(to, *paths)] == [False, False, True, True]
    assert len(kept(spool)) == 2


def test_an_object_without_a_study_is_refused(spool, said, tmp_path):
    path = changed(tmp_path, StudyInstanceUID="")
    with door(spool, said) as to:
        assert "status A900" in send(to, path)[0].failure
    assert not kept(spool)


@pytest.mark.filterwarnings(  # pynetdicom's thread may end in a state that it does not know
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
@pytest.mark.parametrize("cut", [3, 100, 5000])
def test_a_connection_cut_in_the_middle_leaves_nothing(spool, said, cut):
    """The bytes of a real association, of which the end is missing."""
    with door(spool, said) as to, recorded(to) as (proxy, sent):
        send(proxy, FILM)
    whole = bytes(sent)
    for path in kept(spool):
        path.unlink()
    with door(spool, said) as to, socket.create_connection((to.host, to.port)) as line:
        line.sendall(whole[: len(whole) - cut])
    time.sleep(0.5)
    assert not kept(spool)
    assert not list(spool.studies.rglob("*.unfinished"))


@contextmanager
def recorded(to):
    """A proxy that keeps what passes from the caller to the listener."""
    sent = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pass_on():
            caller, _ = server.accept()
            with caller, socket.create_connection((to.host, to.port)) as inner:
                back = threading.Thread(target=pump, args=(inner, caller, bytearray()))
                back.start()
                pump(caller, inner, sent)
                back.join(10)

        thread = threading.Thread(target=pass_on)
        thread.start()
        yield peer.Peer(to.title, "127.0.0.1", server.getsockname()[1]), sent
        thread.join(10)


def pump(source, target, into):
    try:
        while part := source.recv(65536):
            into += part
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_noise_ends_no_listener(spool, said):
    with door(spool, said) as to:
        for noise in (
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            os.urandom(4096),
            b"\x01\x00\xff\xff\xff\xff",
        ):
            with socket.create_connection((to.host, to.port)) as line:
                line.sendall(noise)
        assert send(to, FILM) == [Sent(FILM)]


# The outbox


@pytest.fixture
def outbox(tmp_path):
    now = [1000.0]
    box = Outbox(tmp_path / "spool", clock=lambda: now[0])
    box.put("one", FILM)
    return box, now


def failing(failure, *, lasting=False):
    return lambda paths: (Sent(path, failure, lasting) for path in paths)


def arriving(paths):
    return map(Sent, paths)


def test_pauses_grow_until_the_archive_answers(outbox):
    box, now = outbox
    for count in range(4):
        assert [one.failure for one in box.deliver(failing("away"))] == ["away"]
        assert box.deliver(arriving) == []  # not due yet
        now[0] += FIRST_PAUSE * 2**count
    assert len(box.deliver(arriving)) == 1
    assert not box.waiting()


def test_what_was_sent_is_not_queued_again(outbox, tmp_path):
    box, _ = outbox
    assert not box.put("one", FILM)
    box.deliver(arriving)
    assert not box.put("one", FILM)
    again = Outbox(tmp_path / "spool")  # another process
    assert not again.put("one", FILM)
    assert not again.waiting()


def test_what_the_archive_never_takes_stays_and_is_not_tried_again(outbox):
    box, now = outbox
    box.deliver(failing("takes no such thing", lasting=True))
    now[0] += 1e6
    assert box.deliver(arriving) == []
    ((_, tries),) = box.waiting().items()
    assert tries.failure == "takes no such thing"


def asked(transaction="1.2.3"):
    return lambda paths: (Sent(path, instance="1.9", transaction=transaction) for path in paths)


def test_an_object_stays_until_the_archive_commits_itself(outbox):
    box, now = outbox
    box.deliver(asked())
    assert box.deliver(asked()) == []  # its word is waited for
    assert box.reported(Report("1.2.4", frozenset({"1.9"}), {})) == (0, 0)  # another's
    assert box.reported(Report("1.2.3", frozenset({"1.8"}), {})) == (0, 0)
    assert len(box.waiting()) == 1
    assert box.reported(Report("1.2.3", frozenset({"1.9"}), {})) == (1, 0)
    assert not box.waiting()
    assert not box.put("one", FILM)
    now[0] += COMMITTED_WITHIN
    assert box.deliver(asked()) == []


def test_what_the_archive_does_not_keep_is_sent_again(outbox):
    box, now = outbox
    box.deliver(asked())
    assert box.reported(Report("1.2.3", frozenset(), {"1.9": 0x0112})) == (0, 1)
    ((_, tries),) = box.waiting().items()
    assert "0112" in tries.failure
    now[0] += FIRST_PAUSE * 2
    assert len(box.deliver(arriving)) == 1
    assert not box.waiting()


def test_an_archive_that_never_commits_itself_is_believed_in_the_end(outbox):
    box, now = outbox
    for _ in range(MOST_ASKED):
        assert len(box.waiting()) == 1
        assert len(box.deliver(asked())) == 1
        now[0] += COMMITTED_WITHIN
    assert not box.waiting()


def test_a_report_is_read_as_the_standard_has_it():
    information, kept, failed = Dataset(), Dataset(), Dataset()
    information.TransactionUID = "1.2.3"
    kept.ReferencedSOPInstanceUID = "1.9"
    failed.ReferencedSOPInstanceUID, failed.FailureReason = "1.8", 0x0112
    information.ReferencedSOPSequence, information.FailedSOPSequence = [kept], [failed]
    assert commitment.read(information) == Report("1.2.3", frozenset({"1.9"}), {"1.8": 0x0112})
    assert commitment.read(Dataset()).kept == frozenset()


def test_a_damaged_note_costs_no_object(outbox, tmp_path):
    box, _ = outbox
    (tmp_path / "spool" / "outbox" / "one.json").write_text("{")
    assert len(box.deliver(arriving)) == 1


@pytest.mark.parametrize("text", ["", "A@b", "A@b:0", "A@b:99999", "@b:104", "A b", "A\\@b:104"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigurationError):
        peer.parsed(text)


def test_an_address_is_read_as_it_is_written():
    for text in ("PACS@10.0.0.7:104", "MY PACS@archive.local:11112", "A@[::1]:104"):
        assert str(peer.parsed(text)) == text


# The whole station, as a process


class Archive:
    """An archive that keeps what it is sent, or refuses all."""

    def __init__(self):
        self.kept, self.status = {}, 0x0000
        entity = AE("ARCHIVE")
        for sop_class in (uid.ComprehensiveSRStorage, uid.SecondaryCaptureImageStorage):
            entity.add_supported_context(sop_class)
        handlers = [(evt.EVT_C_STORE, self._store)]
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.peer = peer.Peer("ARCHIVE", *self.server.server_address[:2])

    def _store(self, event):
        if self.status == 0:
            found = dcmread(BytesIO(event.encoded_dataset()))
            self.kept.setdefault(found.SOPInstanceUID, []).append(found)
        return self.status


@pytest.fixture
def archive():
    found = Archive()
    yield found
    found.server.shutdown()
    found.server.server_close()


class Listener:
    """``screener listen`` as a process."""

    def __init__(self, folder, archive, *more, port=0):
        self.spool, self.port = folder / "spool", port or free_port()
        self.peer = peer.Peer("SCREENER", "127.0.0.1", self.port)
        self.command = [
            sys.executable, "-m", "screener.cli.main", "listen", str(self.spool), "-o",
            str(folder / "results"), "--port", str(self.port), "--send", str(archive.peer),
            "--quiet", "1", "--least-free", "1", *more,
        ]  # fmt: skip
        self._said = folder / "said.txt"
        self.start()

    def start(self):
        with self._said.open("w") as said:
            self.process = subprocess.Popen(self.command, stderr=said)
        wait_until(lambda: "listening as" in self._said.read_text())

    def said(self):
        return self._said.read_text()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def wait_until(true, patience=PATIENCE):
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture
def listener(tmp_path, archive):
    found = Listener(tmp_path, archive)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def test_from_modality_to_archive(listener, archive):
    send(listener.peer, FILM)
    wait_until(lambda: len(archive.kept) == 2)
    source = dcmread(FILM)
    kinds = {found[0].Modality for found in archive.kept.values()}
    assert kinds == {"SR", "OT"}
    for (found,) in archive.kept.values():
        assert found.StudyInstanceUID == source.StudyInstanceUID
        assert found.PatientID == source.PatientID
    wait_until(lambda: health.read(listener.spool).objects_waiting == 0)
    status = [sys.executable, "-m", "screener.cli.main", "status", str(listener.spool), "--json"]
    done = subprocess.run(status, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["works"] is True
    assert listener.end() == 0
    listed = [sys.executable, "-m", "screener.cli.main", "list", "--results"]
    done = subprocess.run(
        [*listed, str(listener.spool.parent / "results"), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["counts"]["scored"] == 1


def test_what_came_is_scored_and_sent_before_it_ends(listener, archive, tmp_path):
    send(listener.peer, *(changed(tmp_path, SOPInstanceUID=f"1.2.3.{n}") for n in range(3)))
    assert listener.end() == 0
    assert len(archive.kept) == 4  # a report and three pictures


@pytest.mark.slow
def test_kills_lose_nothing_and_double_nothing(listener, archive, tmp_path):
    films = [
        changed(tmp_path, SOPInstanceUID=f"1.2.3.{n}", StudyInstanceUID=f"1.2.3.{n}.1")
        for n in range(6)
    ]
    archive.status = 0xA700
    acknowledged = []
    for number, film in enumerate(films):
        acknowledged += send(listener.peer, film)
        time.sleep(0.4 * number)
        listener.process.kill()
        listener.process.wait()
        listener.start()
    assert [sent.failure for sent in acknowledged] == [""] * len(films)
    archive.status = 0
    for note in (listener.spool / "outbox").glob("*.json"):
        note.unlink()  # no pause
    wait_until(lambda: len(archive.kept) >= 2 * len(films))
    assert listener.end() == 0
    studies = [found.StudyInstanceUID for (found, *_) in archive.kept.values()]
    assert sorted(studies) == sorted(2 * [f"1.2.3.{n}.1" for n in range(6)])


@pytest.mark.skipif(not shutil.which("storescu"), reason="dcmtk is not installed")
def test_another_makers_modality(spool, said):
    with door(spool, said) as to:
        subprocess.run(
            ["storescu", "-aet", "XRAY", "-aec", "SCREENER", to.host, str(to.port), str(FILM)],
            check=True, capture_output=True,
        )  # fmt: skip
    assert len(kept(spool)) == 1


def test_send_says_what_the_archive_does_not_take(archive, tmp_path):
    shutil.copy(FILM, tmp_path / "film.dcm")
    (tmp_path / "none.dcm").write_text("nothing")
    command = [sys.executable, "-m", "screener.cli.main", "send", str(tmp_path), "--to"]
    done = subprocess.run(
        [*command, str(archive.peer)], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 3
    assert "none.dcm: not a DICOM file" in done.stderr
    assert "0 objects sent, 2 not" in done.stderr
