"""The loop through a real archive: modality, Orthanc, listener, and back into Orthanc's study.

Orthanc and its DICOMweb plug-in are Debian's packages ``orthanc`` and ``orthanc-dicomweb``; it runs
on loopback, in a folder of its own, and sends on every radiograph that it stores.
"""

import random
import threading
import time
from collections import deque
from contextlib import suppress

import pytest
from pydicom import dcmread

pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")

from sample_data import orthanc as archive_to_try
from screener.pacs import health
from screener.pacs.peer import Peer
from screener.pacs.sending import store
from screener.results.store import Store
from screener.results.worklist import Worklist
from tests.pacs.test_listening import FILM, Listener, changed, free_port, wait_until

pytestmark = [
    pytest.mark.skipif(
        not archive_to_try.INSTALLED,
        reason="not installed: Orthanc or its DICOMweb plug-in (orthanc, orthanc-dicomweb)",
    ),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
    ),
]


class Orthanc(archive_to_try.Orthanc):
    """An archive on ports of its own."""

    def __init__(self, folder, listener_port):
        super().__init__(folder, dimse := free_port(), free_port(), listener_port)
        self.peer = Peer("ORTHANC", "127.0.0.1", dimse)


@pytest.fixture
def loop(tmp_path):
    """An archive and a listener that know each other."""

    class To:
        peer = None

    port = free_port()
    archive = Orthanc(tmp_path / "orthanc", port)
    To.peer = archive.peer
    listener = Listener(tmp_path, To, port=port)
    yield archive, listener
    archive.kill()
    if listener.process.poll() is None:
        listener.process.kill()
        listener.process.wait()


def films(tmp_path, count):
    place = tmp_path / "films"
    place.mkdir()
    return {
        f"1.2.826.0.1.{n}": changed(
            place,
            StudyInstanceUID=f"1.2.826.0.1.{n}",
            SeriesInstanceUID=f"1.2.826.0.1.{n}.1",
            SOPInstanceUID=f"1.2.826.0.1.{n}.1.1",
        )
        for n in range(1, count + 1)
    }


def complete(archive, studies):
    return all({kind for kind, _ in archive.objects(one)} >= {"SR", "OT"} for one in studies)


def test_results_come_back_into_their_studies(loop, tmp_path):
    archive, listener = loop
    sent = films(tmp_path, 3)
    assert not any(one.failure for one in store(list(sent.values()), archive.peer, "XRAY"))
    wait_until(lambda: complete(archive, sent))
    wait_until(lambda: health.read(listener.spool).objects_uncommitted == 0)
    wait_until(lambda: not list((listener.spool / "outbox").iterdir()))
    assert "the archive keeps" in listener.said()  # Orthanc called back
    written = {dcmread(p).SOPInstanceUID: p for p in (listener.spool / "objects").rglob("*.dcm")}
    source = dcmread(FILM)
    for study in sent:
        found = archive.objects(study)
        assert sorted(kind for kind, _ in found) == sorted([source.Modality, "SR", "OT"])
        for kind, object_uid in found:
            if kind in ("SR", "OT"):
                there, ours = archive.file(object_uid), dcmread(written[object_uid])
                assert there.PatientID == source.PatientID
                assert there.get("ContentSequence") == ours.get("ContentSequence")
                if kind == "OT":
                    assert (there.pixel_array == ours.pixel_array).all()


STUDIES_SENT, SENDERS, KILLS = 200, 4, 10


def sending(waiting, to):
    """One modality: sends what is left until nothing is; what was not taken, again."""
    while waiting:
        with suppress(IndexError):
            film = waiting.popleft()
            while any(one.failure for one in store([film], to, "XRAY")):
                time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_nothing_is_lost_or_doubled_while_both_are_killed(loop, tmp_path):
    """Four senders at once; the archive is killed twice, the listener ten times, at any moment."""
    archive, listener = loop
    sent = films(tmp_path, STUDIES_SENT)
    waiting, rng = deque(sent.values()), random.Random(7)
    threads = [
        threading.Thread(target=sending, args=(waiting, archive.peer)) for _ in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for number in range(KILLS):
        time.sleep(rng.uniform(0.5, 5))
        listener.process.kill()
        listener.process.wait()
        if number in (3, 7):
            archive.kill()
            archive.start()
        listener.start()
    for thread in threads:
        thread.join()

    def come_back():
        for note in (listener.spool / "outbox").glob("*.json"):
            note.unlink(missing_ok=True)  # no pause, and no hour until a lost word counts as lost
        answered = {one for one in sent if "SR" in dict(archive.objects(one))}
        missing = [film for one, film in sent.items() if one not in answered]
        deque(store(missing, listener.peer, "XRAY"), 0)  # Orthanc passes on once: who misses, asks
        time.sleep(5)
        return not missing

    wait_until(come_back, patience=900)
    wait_until(lambda: complete(archive, sent), patience=300)
    for study in sent:
        kinds = sorted(kind for kind, _ in archive.objects(study))
        assert kinds == ["CR", "OT", "SR"] or kinds == ["DX", "OT", "SR"]
    with Store.reading(listener.spool.parent / "results") as results:
        assert Worklist(results).counts().studies == STUDIES_SENT
