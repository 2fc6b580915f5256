"""The loop through a real archive: modality, Orthanc, listener, and back into Orthanc's study.

Orthanc and its DICOMweb plug-in are Debian's packages ``orthanc`` and ``orthanc-dicomweb``; it runs
on loopback, in a folder of its own, and sends on every radiograph that it stores.
"""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections import deque
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")

from screener.pacs import health
from screener.pacs.peer import Peer
from screener.pacs.sending import store
from tests.pacs.test_listening import FILM, Listener, changed, free_port, wait_until

ORTHANC = shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

INSTALLED = bool(ORTHANC) and DICOMWEB.exists()

pytestmark = [
    pytest.mark.skipif(
        not INSTALLED,
        reason="not installed: Orthanc or its DICOMweb plug-in (orthanc, orthanc-dicomweb)",
    ),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"
    ),
]

ROUTING = """
function OnStoredInstance(instance, tags, metadata, origin)
   if tags['Modality'] == 'CR' or tags['Modality'] == 'DX' then
      SendToModality(instance, 'SCREENER')
   end
end
"""


class Orthanc:
    """An archive of its own in a folder; keeps what it has over a restart."""

    def __init__(self, folder, listener_port):
        self.folder, self.web = folder, free_port()
        self.peer = Peer("ORTHANC", "127.0.0.1", free_port())
        self.dicomweb = f"http://127.0.0.1:{self.web}/dicom-web"
        folder.mkdir()
        (folder / "routing.lua").write_text(ROUTING)
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "Plugins": [str(DICOMWEB)],
            "LuaScripts": [str(folder / "routing.lua")] if listener_port else [],
            "DicomAet": self.peer.title,
            "DicomPort": self.peer.port,
            "DicomCheckCalledAet": True,
            "DicomModalities": {"SCREENER": ["SCREENER", "127.0.0.1", listener_port or 104]},
            "HttpPort": self.web,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "OverwriteInstances": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.start()

    def start(self):
        with (self.folder / "said.txt").open("a") as said:
            command = [ORTHANC, str(self.folder / "orthanc.json")]
            self.process = subprocess.Popen(command, stdout=said, stderr=said)
        wait_until(lambda: self._answers())

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "said.txt").read_text()
        try:
            self.get("/system")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def kill(self):
        self.process.kill()
        self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=30) as answer:
            return json.load(answer)

    def objects(self, study):
        """Modality and SOPInstanceUID of every object of a study, by DICOMweb."""
        found = self.get(f"/dicom-web/studies/{study}/instances?includefield=00080060")
        return [(one["00080060"]["Value"][0], one["00080018"]["Value"][0]) for one in found]

    def file(self, object_uid):
        """An object as it lies in the archive."""
        (instance,) = self._lookup(object_uid)
        url = f"http://127.0.0.1:{self.web}/instances/{instance}/file"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return dcmread(BytesIO(answer.read()))

    def _lookup(self, object_uid):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web}/tools/lookup", object_uid.encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return [one["ID"] for one in json.load(answer)]


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


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_while_both_are_killed(loop, tmp_path):
    archive, listener = loop
    sent = films(tmp_path, 4)
    for number, film in enumerate(sent.values()):
        assert [one.failure for one in store([film], archive.peer, "XRAY")] == [""]
        time.sleep(1.5 + 0.7 * number)
        if number == 1:
            archive.kill()
            time.sleep(2)
            archive.start()
        elif number == 2:
            listener.process.kill()
            listener.process.wait()
            listener.start()

    def come_back():
        for note in (listener.spool / "outbox").glob("*.json"):
            note.unlink(missing_ok=True)  # no pause
        for study, film in sent.items():  # Orthanc passes on once: whom it did not reach, asks
            if "SR" not in {kind for kind, _ in archive.objects(study)}:
                deque(store([film], listener.peer, "XRAY"), 0)
        return complete(archive, sent)

    wait_until(come_back)
    wait_until(lambda: not list((listener.spool / "outbox").iterdir()))
    for study in sent:
        assert len(archive.objects(study)) == 3
