import pytest

from sample_data.results import NOW, PIPELINE, build_results, make_card
from screener.errors import StoreError
from screener.results.finding import find
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import Outcome, Projection, Radiograph, Refusal, Study

ROOT = "films~0123456789"


def film(folder, name):
    """A study that is one PNG file, as the walk makes it."""
    key = f"{ROOT}/ward/{name}"
    radiograph = Radiograph(
        folder / "films" / "ward" / name, key, "", "", "", None, None, "",
        Projection.UNKNOWN, "L", "png", 10, 10, 8, 100, 1,
    )  # fmt: skip
    return Study(key, "", "", "", None, (radiograph,))


@pytest.fixture
def store(tmp_path):
    """Results of three PNG films beside DICOM studies."""
    with Store.open(build_results(tmp_path / "results", studies=20, seed=3)) as store:
        digest = make_card().digest
        store.begin_run([tmp_path], digest, device="cpu", pipeline=PIPELINE, started_at=NOW)
        names = ("0001_pa.png", "0002_pa.png", "00023.png")
        store.put_studies(film(tmp_path, name) for name in names)
        yield store


@pytest.mark.parametrize(
    "typed",
    ["0001_pa.png", "0001", "0001_pa", "ward/0001", "WARD/0001_PA.PNG", f"{ROOT}/ward/0001"],
)
def test_a_file_is_found_by_its_name_or_its_beginning(store, typed):
    assert find(store, typed) == f"{ROOT}/ward/0001_pa.png"


def test_a_file_is_found_by_its_path(store, tmp_path):
    path = tmp_path / "films" / ".." / "films" / "ward" / "00023.png"
    assert find(store, str(path)) == f"{ROOT}/ward/00023.png"


def test_what_several_files_begin_with_is_not_guessed(store):
    with pytest.raises(StoreError, match="more than one study, among them"):
        find(store, "0002")


def test_a_pseudonym_is_found_by_its_beginning_in_any_case(store):
    rows = list(Worklist(store).rows())
    row = next(r for r in rows if sum(o.pseudonym == r.pseudonym for o in rows) == 1)
    assert find(store, row.pseudonym[:8].lower()) == row.key


def test_a_mistyped_study_is_answered_with_what_may_have_been_meant(store):
    with pytest.raises(StoreError, match=r"no such study; did you mean '0001_pa.png'"):
        find(store, "0001_ap.png")
    with pytest.raises(StoreError, match="no such study; give a rank"):
        find(store, "?")


def test_a_refused_file_leads_to_its_study(store, tmp_path):
    lateral = tmp_path / "films" / "ward" / "side.png"
    refusal = Refusal(lateral, Outcome.UNSUITABLE, "lateral view", f"{ROOT}/ward/0001_pa.png")
    store.put_refusals([refusal])
    assert find(store, "side") == f"{ROOT}/ward/0001_pa.png"


def test_films_without_a_patient_are_shown_and_sorted_by_their_files(store):
    rows = list(Worklist(store).rows(Filter(sort="patient")))
    files = [row.patient for row in rows if "/" in row.key]
    assert files == ["ward/0001_pa.png", "ward/00023.png", "ward/0002_pa.png"]
