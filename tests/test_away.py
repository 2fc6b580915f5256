"""A share that is away for a while costs no film; one that stays away, none for the next scan."""

import shutil
import threading

import pytest

from screener import remote
from screener.events import BatchScored, Remarked, ScanFinished
from screener.plan import Settings
from screener.reading import away
from screener.reading.away import folder_away
from screener.results.reader import results
from screener.scan import scan
from screener.study import Maps


@pytest.fixture
def share(phantoms, tmp_path):
    return shutil.copytree(phantoms, tmp_path / "share")


def settings(share, weights):
    options = {"batch_size": 1, "workers": 1, "maps": Maps.NONE, "guarded": False}
    return Settings((share,), share.parent / "results", weights, "cpu", **options)


def scanned(settings, leaves, returns=None):
    """Events of a scan whose folder goes when the first film is scored, and comes back."""
    gone = leaves.with_name("elsewhere")
    events = []
    for event in scan(settings, bool):
        events.append(event)
        if isinstance(event, BatchScored) and event.radiographs == 1 and not gone.exists():
            leaves.rename(gone)
            leaves.mkdir()  # where it was mounted
            if returns is not None:
                threading.Timer(returns, lambda: gone.rename(leaves)).start()
    return events


def test_a_share_that_comes_back_has_lost_nothing(share, weights, monkeypatch):
    monkeypatch.setattr(away, "BETWEEN", 0.1)
    events = scanned(settings(share, weights), share, returns=1.5)
    (end,) = (one for one in events if isinstance(one, ScanFinished))
    assert (end.found, end.scored, end.unreadable) == (17, 14, 1)  # one is damaged
    words = {one.words for one in events if isinstance(one, Remarked)}
    assert words == {f"{share} is away; waiting until it is back"}
    done = [one.radiographs for one in events if isinstance(one, BatchScored)]
    assert done == sorted(done)
    assert done[-1] == 15


def test_what_stays_away_is_waited_for_once_and_scored_by_the_next_scan(
    share, weights, monkeypatch
):
    monkeypatch.setattr(away, "BETWEEN", 0.05)
    monkeypatch.setattr(away, "LONGEST", 0.2)
    events = scanned(settings(share, weights), share)
    (end,) = (one for one in events if isinstance(one, ScanFinished))
    assert end.found == 17
    assert end.unreadable >= 10
    assert sum(isinstance(one, Remarked) for one in events) == 1
    share.rmdir()
    share.with_name("elsewhere").rename(share)
    *_, end = scan(settings(share, weights), bool)
    assert end.scored == 14
    with results(share.parent / "results") as found:
        assert sum(1 for _ in found.radiographs()) == 14


def test_a_scan_that_waits_can_be_stopped(share, weights, monkeypatch):
    monkeypatch.setattr(away, "BETWEEN", 0.05)
    stopping = threading.Event()
    for event in scan(settings(share, weights), stopping.is_set):
        if isinstance(event, BatchScored) and event.radiographs == 1:
            share.rename(share.with_name("elsewhere"))
        if isinstance(event, Remarked):
            threading.Timer(0.3, stopping.set).start()
    assert event.interrupted


def test_a_folder_is_away_where_it_is_gone_empty_or_silent(tmp_path):
    film = tmp_path / "films" / "a.dcm"
    roots = [tmp_path / "films"]
    assert folder_away(film, roots) == roots[0]
    roots[0].mkdir()
    assert folder_away(film, roots) == roots[0]
    (roots[0] / "b.dcm").touch()
    assert folder_away(film, roots) is None  # this film alone is not there
    assert folder_away(film, [film]) is None  # a scan of a single file looks at its folder
    far = remote.place("memory://away")
    assert folder_away(far / "a.dcm", [far]) == far
