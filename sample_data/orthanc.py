"""An archive to try things with: Orthanc and its DICOMweb plug-in, on loopback, in its own folder.

Debian's packages ``orthanc`` and ``orthanc-dicomweb``. Sends on every radiograph that it stores to
``screener listen``, and takes results back.

    python -m sample_data.orthanc FOLDER
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

PROGRAM = shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
INSTALLED = bool(PROGRAM) and DICOMWEB.exists()

TITLE, DIMSE, WEB, LISTENER = "ORTHANC", 14242, 18042, 11112
"""What the archive to try is called; its ports, which no service of Debian has; the listener's."""
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
"""Straight, whatever proxy stands in the environment."""
PATIENCE = 90.0
"""Seconds until it must answer."""

ROUTING = """
function OnStoredInstance(instance, tags, metadata, origin)
   if tags['Modality'] == 'CR' or tags['Modality'] == 'DX' then
      SendToModality(instance, 'SCREENER')
   end
end
"""


class Orthanc:
    """A running archive; keeps what it has over a restart.

    Args:
        folder: made anew.
        dimse: its port for associations.
        web: its port for DICOMweb and its own pages.
        listener: the port of ``screener listen``; None to send nothing on.
    """

    def __init__(self, folder: Path, dimse: int, web: int, listener: int | None) -> None:
        self.folder, self.web = folder, web
        self.dicomweb = f"http://127.0.0.1:{web}/dicom-web"
        folder.mkdir(parents=True)
        (folder / "routing.lua").write_text(ROUTING)
        settings = {
            "Name": "covid-resnet-screener, to try",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "index"),
            "Plugins": [str(DICOMWEB)],
            "LuaScripts": [str(folder / "routing.lua")] if listener else [],
            "DicomAet": TITLE,
            "DicomPort": dimse,
            "DicomCheckCalledAet": True,
            "DicomModalities": {"SCREENER": ["SCREENER", "127.0.0.1", listener or LISTENER]},
            "HttpPort": web,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "OverwriteInstances": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "said.txt").open("a") as said:
            command = [str(PROGRAM), str(self.folder / "orthanc.json")]
            self.process = subprocess.Popen(command, stdout=said, stderr=said)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError((self.folder / "said.txt").read_text())
            time.sleep(0.2)

    def _answers(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError):
            self.get("/system")
            return True
        return False

    def kill(self) -> None:
        """End at once, as by a lost current."""
        self.process.kill()
        self.process.wait()

    def get(self, path: str, content: bytes | None = None) -> Any:  # noqa: ANN401 (JSON)
        """What its own interface answers."""
        with _OPEN(f"http://127.0.0.1:{self.web}{path}", content, 30) as answer:
            return json.load(answer)

    def objects(self, study: str) -> list[tuple[str, str]]:
        """Modality and SOPInstanceUID of every object of a study, by DICOMweb."""
        found = self.get(f"/dicom-web/studies/{study}/instances?includefield=00080060")
        return [(one["00080060"]["Value"][0], one["00080018"]["Value"][0]) for one in found]

    def file(self, object_uid: str) -> Dataset:
        """An object as it lies in the archive."""
        (found,) = self.get("/tools/lookup", object_uid.encode())
        url = f"http://127.0.0.1:{self.web}/instances/{found['ID']}/file"
        with _OPEN(url, timeout=30) as answer:
            return dcmread(BytesIO(answer.read()))


def main(folder: Path) -> None:
    """Run the archive and the listener until Ctrl-C."""
    if not INSTALLED:
        sys.exit("not installed: apt-get install orthanc orthanc-dicomweb")
    archive = Orthanc(folder / "orthanc", DIMSE, WEB, LISTENER)
    results, spool = folder / "screening", folder / "spool"
    print(
        f"""
Archive:   {TITLE}@127.0.0.1:{DIMSE}, {archive.dicomweb}
Pages:     http://127.0.0.1:{WEB}/app/explorer.html
Send it a phantom, and look into its study some seconds later:
    screener send sample_data/studies/02-ground-glass --to {TITLE}@127.0.0.1:{DIMSE}
Scan it:   screener scan --dicomweb {archive.dicomweb} -o fetched
Results:   screener review {results}
Ctrl-C ends both.
""",
        flush=True,
    )
    listen = [
        sys.executable, "-m", "screener.cli.main", "listen", str(spool), "-o", str(results),
        "--port", str(LISTENER), "--send", f"{TITLE}@127.0.0.1:{DIMSE}", "--quiet", "5",
    ]  # fmt: skip
    try:
        with suppress(KeyboardInterrupt):
            subprocess.run(listen, check=False)
    finally:
        archive.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
