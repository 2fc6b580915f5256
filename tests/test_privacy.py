"""What names a patient is in no output, unless it was asked for."""

import os
import shutil
import stat
import subprocess
import sys

import pydicom
import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pypdf import PdfReader

PROGRAM = "from screener.cli.main import main; main()"
NAME = "Kowalska^Zofia"
NUMBER = "ZK-19550412"
KEPT = {
    "Modality", "BodyPartExamined", "StudyInstanceUID", "PhotometricInterpretation",
    "SpecificCharacterSet",
}  # fmt: skip


def plant(source, target):
    """Put a name into every PN element and a number into every LO and SH element there is."""
    dataset = pydicom.dcmread(source)
    for tag, (vr, _, _, is_retired, _) in DicomDictionary.items():
        word = keyword_for_tag(tag)
        if vr not in ("PN", "LO", "SH") or is_retired or not word or word in KEPT:
            continue
        if tag >> 16 in (0x0000, 0x0002) or word.startswith(("PatientSpecies", "PatientBreed")):
            continue
        setattr(dataset, word, NAME if vr == "PN" else NUMBER)
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target)


@pytest.fixture(scope="module")
def studies(phantoms, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    for name in ("01-clear/pa.dcm", "05-two-views/lateral.dcm", "07-deflated/pa.dcm"):
        plant(phantoms / name, folder / name)
    damaged = folder / "07-deflated" / "pa.dcm"
    damaged.write_bytes(damaged.read_bytes()[:-20_000])
    return folder


def outputs(studies, weights, results, *options):
    """Everything that a scan, a second one as JSON and the list put out, as bytes by name."""
    texts = {}
    scan = ["scan", studies, "--output", results, "--weights", weights, "--no-guard", *options]
    for number, command in enumerate((scan, [*scan, "--json"], ["list", results, "--all"])):
        done = subprocess.run([sys.executable, "-c", PROGRAM, *command], capture_output=True)
        texts |= {f"stdout {number}": done.stdout, f"stderr {number}": done.stderr}
    for path in results.iterdir():
        texts[path.name] = path.read_bytes()
    pages = PdfReader(results / "report.pdf").pages
    texts["report's text"] = "\n".join(page.extract_text() for page in pages).encode()
    return texts


def holders(texts, secret):
    """Names of the outputs that hold a part of a secret, whatever its case."""
    parts = [part.lower().encode() for part in secret.split("^")]
    return {name for name, text in texts.items() if any(part in text.lower() for part in parts)}


def test_by_default_no_output_names_the_patient(studies, weights, tmp_path):
    texts = outputs(studies, weights, tmp_path)
    assert {"screening.db", "worklist.csv", "worklist.json", "audit.jsonl"} <= set(texts)
    assert holders(texts, NAME) == holders(texts, NUMBER) == set()


CODED = ("StudyInstanceUID", "Modality", "BodyPartExamined", "PhotometricInterpretation")


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("planted", ["ZOFIA KOWALSKA", "1.2.19550412"])
def test_no_output_names_whom_a_coded_element_names(phantoms, weights, tmp_path, planted):
    """Also where nobody should be named, and in the key of the study."""
    folder = tmp_path / "studies"
    folder.mkdir()
    for word in CODED:
        dataset = pydicom.dcmread(phantoms / "01-clear" / "pa.dcm")
        setattr(dataset, word, planted)
        dataset.PatientBirthDate, dataset.PatientAge = "19550412", ""
        dataset.save_as(folder / f"{word}.dcm")
    texts = outputs(folder, weights, tmp_path / "results")
    for secret in (*planted.lower().split(), "19550412"):
        assert holders(texts, secret) == set()


def test_what_was_asked_for_is_shown(studies, weights, tmp_path):
    """So the test above can find what it looks for."""
    texts = outputs(studies, weights, tmp_path, "--identify", "full")
    assert {"screening.db", "worklist.json", "report's text"} <= holders(texts, NAME)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize(("access", "closed"), [("", 0o077), ("group", 0o007)])
def test_what_is_made_is_for_its_owner_unless_the_group_may(
    phantoms, weights, tmp_path, access, closed
):
    """Also where the user's own umask lets everybody read."""
    made = tmp_path / "made"
    made.mkdir()
    film, results = phantoms / "01-clear", made / "results"
    environment = os.environ | {"SCREENER_ACCESS": access, "SCREENER_DATA_DIR": str(made / "data")}
    for command in (
        ["scan", film, "--output", results, "--weights", weights, "--no-guard"],
        ["export", results, "--format", "html", "-o", made / "page.html"],
    ):
        line = [sys.executable, "-c", PROGRAM, *command]
        subprocess.run(line, env=environment, umask=0o022, check=True, capture_output=True)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*")}
    assert {"screening.db", "report.pdf", "audit.jsonl", "page.html"} <= {p.name for p in found}
    del found[made / "data"]  # of the key, which stays its owner's
    for path, mode in found.items():
        key = path.parent.name == "data"
        whole = 0o777 if path.is_dir() else 0o600 if key else 0o666
        assert mode == whole & ~closed, path


HOSTILE = "a\x1b]0;t\x07\x9b31m\u202eb.png"


def test_no_output_steers_who_looks_at_it(phantoms, weights, tmp_path):
    folder = tmp_path / "studies"
    folder.mkdir()
    shutil.copy(phantoms / "14-png-eight-bit" / "film.png", folder / HOSTILE)
    (folder / HOSTILE.replace("a", "damaged")).write_bytes(b"\x89PNG\r\n")
    texts = outputs(folder, weights, tmp_path / "results")
    for kind in ("csv", "json", "jsonl", "html"):
        command = ["export", tmp_path / "results", "--format", kind, "-o", "-"]
        done = subprocess.run([sys.executable, "-c", PROGRAM, *command], capture_output=True)
        texts[kind] = done.stdout
    shown = {name: text for name, text in texts.items() if not name.endswith((".db", ".pdf"))}
    assert {"csv", "jsonl", "html", "audit.jsonl", "worklist.csv", "stdout 2"} <= set(shown)
    for name, text in shown.items():
        assert not set(text.decode()) & {"\x1b", "\x07", "\x9b", "\u202e"}, name
