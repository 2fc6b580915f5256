"""Whole exports, judged by other people's tools: dciodvfy, dcmtk and highdicom's own readers."""

import shutil
import subprocess
from collections import deque
from datetime import UTC, datetime

import numpy as np
import pydicom
import pytest
from highdicom.sr import ComprehensiveSR
from pydicom import uid

from screener.contours import SCALE
from screener.pacs import objects
from screener.pacs.objects import write_objects
from screener.plan import Settings
from screener.reading import pixels
from screener.results.store import Store
from screener.results.worklist import Worklist
from screener.scan import scan
from screener.study import RESEARCH_ONLY, Band, Review, Verdict
from tests import dicoms
from tests.pacs.conftest import NAMES


@pytest.fixture(scope="module")
def written(results, tmp_path_factory):
    """Where the objects of the whole scan are, and what became of each study."""
    folder = tmp_path_factory.mktemp("objects")
    with Store.reading(results) as store:
        return folder, list(write_objects(Worklist(store), folder))


def of(folder, kind):
    return [pydicom.dcmread(path) for path in sorted(folder.rglob(f"{kind}-*.dcm"))]


def texts(node):
    """Every text of a report, at any depth."""
    for item in node.get("ContentSequence", ()):
        if "TextValue" in item:
            yield item.TextValue
        yield from texts(item)


def numbers(node):
    """Every measurement with its name."""
    for item in node.get("ContentSequence", ()):
        if item.ValueType == "NUM":
            name = item.ConceptNameCodeSequence[0].CodeMeaning
            yield name, float(item.MeasuredValueSequence[0].NumericValue)
        yield from numbers(item)


def copy_of_results(results, tmp_path):
    return shutil.copytree(results, tmp_path / "results")


def test_every_study_has_its_objects_or_a_reason(written, worklist):
    folder, studies = written
    counts = worklist.counts()
    assert len(studies) == counts.studies - counts.by_band[Band.OTHER]
    left = [one.left_out for one in studies if one.left_out]
    assert len(left) == 2
    assert all("film.png: not a DICOM file" in words for words in left)
    pictures = sum(len(worklist.radiographs(row.key)) for row in worklist.rows()) - 2
    assert len(of(folder, "SC")) == pictures
    assert len(of(folder, "SR")) == sum(bool(one.files) for one in studies)
    assert not list(folder.rglob("*.unfinished"))


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_dciodvfy_finds_no_error(written):
    folder, _ = written
    for path in sorted(folder.rglob("*.dcm")):
        run = subprocess.run(["dciodvfy", path], capture_output=True, text=True)
        assert "Error" not in run.stdout + run.stderr, path.name


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dcmtk is not installed")
def test_dcmtk_reads_every_report(written):
    folder, _ = written
    for path in sorted(folder.rglob("SR-*.dcm")):
        run = subprocess.run(["dsrdump", path], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert "Comprehensive SR Document" in run.stdout
        assert "UNVERIFIED" in run.stdout


def test_a_report_says_what_the_worklist_says(written, worklist):
    folder, _ = written
    for row in worklist.rows():
        for file in sorted((folder / objects.folder_of(row.key)).glob("SR-*.dcm")):
            report = ComprehensiveSR.from_dataset(pydicom.dcmread(file))
            groups = report.content.get_image_measurement_groups()
            detail = worklist.study(row.key)
            assert len(groups) == len(detail.radiographs) + len(detail.refusals)
            said = list(numbers(report))
            scores = [value for name, value in said if name == "Suspicion score for COVID-19"]
            assert max(scores, default=None) == (row.score and pytest.approx(row.score, abs=1e-6))
            words = list(texts(report))
            assert RESEARCH_ONLY in words
            assert set(row.marks) <= set(words)
            assert {f"Not scored: {one.reason}" for one in detail.refusals} <= set(words)
            assert report.CompletionFlag == "COMPLETE"
            assert report.PreliminaryFlag == "PRELIMINARY"


def test_a_refused_film_has_its_reason_in_the_report_of_its_study(written):
    folder, _ = written
    (report,) = (one for one in of(folder, "SR") if one.StudyInstanceUID.endswith(".1000.2.5"))
    assert any("a lateral view" in words for words in texts(report))


def test_objects_lie_in_the_study_of_their_source(written, worklist):
    folder, _ = written
    for row in worklist.rows():
        for path in sorted((folder / objects.folder_of(row.key)).glob("*.dcm")):
            made = pydicom.dcmread(path)
            source = (
                pydicom.dcmread(worklist.study(row.key).deciding.path, force=True)
                if (worklist.radiographs(row.key))
                else None
            )
            if source is None:
                continue
            for word in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber"):
                assert str(made.get(word, "")) == str(source.get(word, "")), word
            assert made.SeriesInstanceUID != source.get("SeriesInstanceUID")
            assert made.ContributingEquipmentSequence[0].SoftwareVersions


@pytest.mark.parametrize("name", NAMES)
def test_names_survive_in_every_character_set(written, name):
    folder, _ = written
    number = list(NAMES).index(name)
    mine = [one for kind in ("SR", "SC") for one in of(folder, kind)
            if one.PatientID == f"NAME-{number}"]  # fmt: skip
    assert len(mine) == 2
    for made in mine:
        assert made.SpecificCharacterSet == "ISO_IR 192"
        assert str(made.PatientName) == NAMES[name][1]


def test_a_picture_warns_and_says_what_it_is(written):
    folder, _ = written
    for made in of(folder, "SC"):
        assert made.SOPClassUID == uid.SecondaryCaptureImageStorage
        assert made.Modality == "OT", "so that no scan takes it for a radiograph"
        assert made.BurnedInAnnotation == "YES"
        assert made.RecognizableVisualFeatures == "NO"
        assert "not for diagnosis" in made.DerivationDescription
        assert len(made.SourceImageSequence) == 1


def test_a_picture_has_lines_only_where_a_map_is_drawn(written, worklist):
    folder, _ = written
    bright = np.array(SCALE[max(SCALE)])
    for key, film in worklist.files():
        place = folder / objects.folder_of(key)
        digest = {str(pydicom.dcmread(p).SourceImageSequence[0].ReferencedSOPInstanceUID): p
                  for p in sorted(place.glob("SC-*.dcm"))}  # fmt: skip
        if not digest:
            continue
        source = str(pydicom.dcmread(film.path, force=True).SOPInstanceUID)
        shown = pydicom.dcmread(digest[source]).pixel_array[36 : 36 + 600]
        lined = bool((shown == bright).all(axis=2).any())
        assert lined == bool(film.activation and film.activation.drawn)


def test_the_same_results_give_the_same_bytes(written, results, tmp_path):
    folder, _ = written
    with Store.reading(results) as store:
        deque(write_objects(Worklist(store), tmp_path), 0)
    first = {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*.dcm"))}
    again = {p.relative_to(tmp_path): p.read_bytes() for p in sorted(tmp_path.rglob("*.dcm"))}
    assert first == again


def test_what_is_there_is_left_alone(written, results):
    folder, _ = written
    with Store.reading(results) as store:
        assert sum(one.new for one in write_objects(Worklist(store), folder)) == 0


def test_a_later_report_names_the_earlier(results, tmp_path):
    mine, folder = copy_of_results(results, tmp_path), tmp_path / "objects"
    with Store.open(mine) as store:
        worklist = Worklist(store)
        key = next(iter(worklist.rows())).key
        deque(write_objects(worklist, folder), 0)
        (first,) = of(folder / objects.folder_of(key), "SR")
        assert "PredecessorDocumentsSequence" not in first
        when = datetime(2100, 1, 1, tzinfo=UTC)
        store.add_review(Review(key, "A. Reader", Verdict.DISAGREE, "normal", True, "", when))
        assert sum(one.new for one in write_objects(worklist, folder)) == 1
    reports = of(folder / objects.folder_of(key), "SR")
    (second,) = (one for one in reports if one.SOPInstanceUID != first.SOPInstanceUID)
    (named,) = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence  # fmt: skip  # noqa: E501
    assert named.ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert any("A. Reader" in words and "disagree" in words for words in texts(second))
    assert second.VerificationFlag == "UNVERIFIED"


def test_other_weights_give_other_uids(films, results, written, weights, tmp_path):
    folder, _ = written
    deque(scan(Settings((films / "names",), tmp_path / "results", weights, guarded=False), bool), 0)
    with Store.reading(tmp_path / "results") as store:
        deque(write_objects(Worklist(store), tmp_path / "objects"), 0)

    def uids(place):
        return {
            str(made[word].value)
            for kind in ("SR", "SC")
            for made in of(place, kind)
            for word in ("SOPInstanceUID", "SeriesInstanceUID")
        }

    assert uids(tmp_path / "objects")
    assert not uids(tmp_path / "objects") & uids(folder)


def gray():
    return dicoms.ramp(300, 300)


@pytest.fixture
def one(tmp_path, weights):
    """Makes the objects of films that one function writes, and another spoils after the scan."""

    def of_films(make, spoil=lambda folder: None):
        (tmp_path / "in").mkdir()
        make(tmp_path / "in")
        deque(scan(Settings((tmp_path / "in",), tmp_path / "out", weights, guarded=False), bool), 0)
        spoil(tmp_path / "in")
        with Store.reading(tmp_path / "out") as store:
            return list(write_objects(Worklist(store), tmp_path / "objects"))

    return of_films


FILM = {"SeriesInstanceUID": "1.2.3.4.6", "bits": 12}


def test_a_film_that_has_changed_is_left_out(one):
    def spoil(folder):
        (folder / "a.dcm").write_bytes((folder / "a.dcm").read_bytes() + b"\0\0")

    (told,) = one(lambda folder: dicoms.write(folder / "a.dcm", gray(), **FILM), spoil)
    assert told.files == ()
    assert "a.dcm: has changed since it was looked at; scan it again" in told.left_out


def test_a_film_that_is_gone_is_left_out(one):
    (told,) = one(
        lambda folder: dicoms.write(folder / "a.dcm", gray(), **FILM),
        lambda folder: (folder / "a.dcm").unlink(),
    )
    assert "a.dcm: the file is no longer there" in told.left_out


@pytest.mark.parametrize("word", ["SeriesInstanceUID", "SOPInstanceUID", "StudyInstanceUID"])
def test_a_film_without_a_uid_is_left_out(one, word):
    (told,) = one(lambda folder: dicoms.write(folder / "a.dcm", gray(), **{**FILM, word: None}))
    assert f"a.dcm: has no {word}" in told.left_out


def test_a_film_of_which_only_the_uids_are_known_has_objects(one):
    bare = {"PatientName": None, "PatientID": None, "StudyDate": None, "PatientSex": "unknown"}
    (told,) = one(lambda folder: dicoms.write(folder / "a.dcm", gray(), **FILM, **bare))
    assert not told.left_out
    made = [pydicom.dcmread(path) for path in told.files]
    assert [one.PatientSex for one in made] == ["O", "O"]
    assert [one.PatientID for one in made] == ["", ""] or [one.PatientID for one in made] == [
        None
    ] * 2


def test_no_name_is_burned_in(results, films, worklist):
    """The pictures of two patients with the same pixels are the same, header apart."""
    from screener.pacs.picture import picture

    alike = [
        picture(film, worklist.study(key).row)
        for key, film in worklist.files()
        if film.path.parent.name == "names"
    ]
    assert len(alike) == len(NAMES)
    assert all(np.array_equal(alike[0], other) for other in alike)


def test_a_folder_never_leaves_the_one_it_is_in():
    assert objects.folder_of("../../etc/passwd") == "_.._etc_passwd"
    assert objects.folder_of("..") == "study"


def test_pictures_are_of_the_film(written, worklist):
    """The film stands in the middle of its picture, as it is displayed."""
    folder, _ = written
    row = next(
        row
        for row in worklist.rows()
        if row.radiographs == 1 and (folder / objects.folder_of(row.key)).exists()
    )
    film = worklist.study(row.key).deciding
    (made,) = of(folder / objects.folder_of(row.key), "SC")
    width = made.Columns
    shown = made.pixel_array[36 : 36 + width * film.rows // film.columns, :, 0].astype(float)
    wanted = pixels.square(pixels.load(film.path), width).astype(float)
    assert shown.shape == wanted.shape, "phantoms are square"
    assert np.corrcoef(shown.ravel(), wanted.ravel())[0, 1] > 0.9


@pytest.mark.slow
def test_dicom_validator_finds_no_error(written):
    """It works by a copy of the standard that it has fetched once; offline and without one, not."""
    program = shutil.which("validate_iods")
    if not program:
        pytest.skip("dicom-validator is not installed")
    folder, _ = written
    run = subprocess.run(
        [program, "--edition", "local", str(folder)], capture_output=True, text=True, check=False
    )
    said = run.stdout + run.stderr
    if "aborting" in said:
        pytest.skip("dicom-validator has no copy of the standard")
    assert run.returncode == 0, said
