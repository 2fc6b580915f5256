"""New, known and gone: what a scan found beside what its folder knew."""

from datetime import timedelta
from pathlib import Path

import pytest

from sample_data.results import NOW, PIPELINE, make_card
from screener.results.since import Compared, compared, latest, run_since
from screener.results.store import Store
from screener.results.worklist import Filter, Worklist
from screener.study import Outcome, Refusal

ROOT = Path("/films")


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "results") as store:
        store.add_weights(make_card())
        yield store


def scan(store: Store, *names: str, finished: bool = True, hours: int = 0, root: Path = ROOT):
    """A run that finds these files and refuses them."""
    began = NOW + timedelta(hours=hours)
    card = make_card()
    run = store.begin_run([root], card.digest, device="cpu", pipeline=PIPELINE, started_at=began)
    store.put_refusals(Refusal(root / name, Outcome.UNREADABLE, "cut", name) for name in names)
    store.close_walk(run.id)
    if finished:
        store.finish_run(run.id, began)
    return run.id


def test_a_first_scan_finds_only_new_files(store):
    scan(store, "a", "b")
    assert compared(store) == Compared(2, 0, 0)


def test_a_second_scan_tells_new_known_and_gone_apart(store):
    scan(store, "a", "b", "c")
    scan(store, "b", "c", "d")
    assert compared(store) == Compared(new=1, known=2, gone=1)


def test_what_is_gone_stays_gone_and_in_the_counts(store):
    scan(store, "a", "b")
    scan(store, "b")
    scan(store, "b")
    assert compared(store) == Compared(0, 1, 1)
    assert Worklist(store).counts().gone == 1
    assert [one.gone for one in Worklist(store).refusals()] == [True, False]


def test_other_folders_are_neither_known_nor_gone(store):
    scan(store, "a", root=Path("/elsewhere"))
    scan(store, "b")
    assert compared(store) == Compared(1, 0, 0)


def test_what_a_stopped_scan_had_found_is_still_new_to_the_one_that_goes_on(store):
    scan(store, "a")
    scan(store, "a", "b", finished=False)
    scan(store, "a", "b", "c")
    assert compared(store) == Compared(2, 1, 0)
    assert latest(store) == 2


@pytest.mark.parametrize(("hours", "run"), [(-1, 1), (0, 1), (1, 2), (5, 2), (6, 3)])
def test_since_a_time_is_the_first_run_from_then_on(store, hours, run):
    scan(store, "a")
    scan(store, "b", hours=5)
    assert run_since(store, NOW + timedelta(hours=hours)) == run


def test_refusals_and_counts_since_a_run_are_those_first_found_then(store):
    scan(store, "a", "b")
    second = scan(store, "a", "b", "c")
    assert [one.path.name for one in Worklist(store).refusals(since=second)] == ["c"]
    assert Worklist(store).counts(Filter(since=second)).found == 1
    assert Worklist(store).counts().found == 3
