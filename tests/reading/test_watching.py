"""What settles and when, by a clock of the test's own; and tells of the real file system."""

import time

import pytest

pytest.importorskip("watchdog", reason="the extra 'pacs' is not installed")

from sample_data.make_phantoms import STUDIES
from screener.reading import folder, watching
from screener.reading.watching import UNREADABLE_FOR, Settling, Watcher

FILM = STUDIES / "02-ground-glass" / "pa.dcm"


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def settling(clock):
    return Settling(5.0, clock=lambda: clock[0])


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "in" / "pa.dcm"
    path.parent.mkdir()
    path.write_bytes(FILM.read_bytes())
    return path


def after(settling, clock, seconds):
    clock[0] += seconds
    return settling.settled()


def test_a_file_is_taken_when_it_stands_still(settling, clock, film):
    settling.touch(film)
    assert after(settling, clock, 0) == []
    assert after(settling, clock, 4.9) == []
    assert settling.is_moving(film)
    assert after(settling, clock, 0.2) == [film]
    assert not settling.is_moving(film)
    assert after(settling, clock, 100) == []


def test_a_file_that_grows_is_waited_for(settling, clock, film):
    settling.touch(film)
    for _ in range(10):
        with film.open("ab") as stream:
            stream.write(b"more")
        assert after(settling, clock, 4) == []
    assert after(settling, clock, 4) == []
    assert after(settling, clock, 4) == [film]


def test_a_header_that_cannot_be_read_is_waited_for_and_then_taken(settling, clock, film):
    film.write_bytes(FILM.read_bytes()[:200])
    settling.touch(film)
    assert after(settling, clock, 0) == []
    assert after(settling, clock, 5 * UNREADABLE_FOR - 1) == []
    assert after(settling, clock, 2) == [film]


def test_the_rest_of_a_header_ends_the_waiting(settling, clock, film):
    film.write_bytes(FILM.read_bytes()[:200])
    settling.touch(film)
    assert after(settling, clock, 20) == []
    film.write_bytes(FILM.read_bytes())
    assert after(settling, clock, 1) == []
    assert after(settling, clock, 5) == [film]


def test_what_is_gone_has_settled(settling, clock, film):
    settling.touch(film)
    film.unlink()
    assert after(settling, clock, 0) == [film]


def test_a_walk_passes_over_what_is_still_written(settling, film):
    settling.touch(film)
    (found,) = folder.walk([film.parent], not_yet=settling.is_moving)
    assert found == folder.SkippedFile(film, "still being written")


@pytest.fixture(params=[None, 0.2], ids=["told", "polled"])
def watcher(request, tmp_path):
    (tmp_path / "in").mkdir(exist_ok=True)
    said = []
    watcher = Watcher(
        [tmp_path / "in"], tmp_path / "in" / "out", poll=request.param, say=said.append
    )
    yield watcher
    watcher.stop()
    assert not said


def heard(watcher, wanted):
    """What was told until all that is wanted was, or some seconds have passed."""
    found, until = set(), time.monotonic() + 10
    while not wanted <= found and time.monotonic() < until:
        found |= set(watcher.changed())
        time.sleep(0.05)
    return found


def test_new_changed_and_moved_files_are_told(watcher, tmp_path):
    place = tmp_path / "in" / "a" / "b"
    time.sleep(0.3)
    place.mkdir(parents=True)
    (place / "one").write_bytes(b"1")
    assert heard(watcher, {place / "one"}) >= {place / "one"}
    (place / "one").write_bytes(b"12")
    assert heard(watcher, {place / "one"}) == {place / "one"}
    (place / "one").rename(place / "two")
    assert heard(watcher, {place / "two"}) == {place / "one", place / "two"}
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "three").write_bytes(b"3")
    (tmp_path / "aside").rename(tmp_path / "in" / "aside")
    moved = tmp_path / "in" / "aside" / "three"
    assert moved in heard(watcher, {moved})


def test_results_and_readers_tell_nothing(watcher, tmp_path):
    own = tmp_path / "in" / "out"
    own.mkdir()
    (own / "screening.db").write_bytes(b"1")
    (tmp_path / "in" / "one").write_bytes(b"1")
    heard(watcher, {tmp_path / "in" / "one"})
    time.sleep(0.5)
    list(watcher.changed())
    (tmp_path / "in" / "one").read_bytes()
    list((tmp_path / "in").iterdir())
    time.sleep(0.5)
    assert list(watcher.changed()) == []


def test_a_folder_that_goes_and_comes_back_is_watched_anew(watcher, tmp_path):
    place = tmp_path / "in"
    place.rename(tmp_path / "away")
    assert watcher.missing() == place
    (tmp_path / "away").rename(place)
    assert watcher.missing() is None
    time.sleep(0.5)
    (place / "one").write_bytes(b"1")
    assert heard(watcher, {place / "one"}) == {place / "one"}


def test_shares_are_looked_at_instead(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    share = tmp_path / "the share"
    share.mkdir()
    escaped = str(share).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {escaped} nfs4 rw 0 0\n")
    monkeypatch.setattr(watching, "_MOUNTS", mounts)
    assert watching.is_share(share)
    assert not watching.is_share(tmp_path)
    said = []
    watcher = Watcher([share], tmp_path / "out", poll=None, say=said.append)
    watcher.stop()
    assert said == [f"{share}: a network share tells of no change; looked at every 10 s"]


def test_a_system_that_refuses_to_tell_is_looked_at(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.Observer.start", refuse)
    said = []
    watcher = Watcher([tmp_path], tmp_path / "out", poll=None, say=said.append)
    watcher.stop()
    assert said == ["no tells of changes (inotify watch limit reached); looked at every 10 s"]
