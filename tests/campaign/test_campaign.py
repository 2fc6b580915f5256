"""A short share of the campaign; ``make campaign`` is the whole."""

import gc
import shutil
import sys
import warnings

import pytest

from tests.campaign import hostile
from tests.campaign.scans import hostile_files, kills, smallest

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills process groups, makes pipes"),
    # sockets of broken answers and associations are left to the garbage collector by others
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def leave_nothing():
    """What was left to the garbage collector is not to be told in a later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def test_the_same_seed_means_the_same_harm():
    assert list(hostile.files(1, 50)) == list(hostile.files(1, 50))
    assert list(hostile.files(1, 50)) != list(hostile.files(2, 50))


def test_hostile_files_stand_in_one_place_each(tmp_path):
    row = hostile_files(1_000_000, 300, tmp_path / "all")
    assert not row.lost
    shutil.rmtree(tmp_path / "all")


def test_names_that_would_act_are_shown_and_do_not(tmp_path):
    from tests.campaign.injection import injection

    assert not injection(tmp_path / "injection").lost


def test_what_fails_is_kept_small():
    assert smallest(range(1000), lambda part: 618 in part) == range(618, 619)
    assert smallest([1, 2, 3, 4], lambda part: {1, 4} <= set(part)) == [1, 2, 3, 4]
    assert smallest(b"harmless!harmless", lambda part: b"!" in part) == b"!"


def test_kills_at_any_moment_lose_nothing(tmp_path):
    assert not kills(7, 5, tmp_path).lost


@pytest.mark.skipif(shutil.which("cc") is None, reason="builds a disk that is full")
def test_a_scan_goes_on_once_its_disk_and_its_database_are_well_again(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("preloads a library")
    from tests.campaign import disks

    some = (disks.cut,)
    assert not [row.lost for row in disks.disks(7, 2, tmp_path / "disks", some) if row.lost]


def test_broken_associations_end_no_listener(tmp_path):
    pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")
    if not sys.platform.startswith("linux"):
        pytest.skip("looks at handles and memory in /proc")
    from tests.campaign.network import associations

    assert not associations(7, 40, tmp_path / "network").lost


def test_scans_reports_and_reviews_at_once_lose_nothing(tmp_path):
    from tests.campaign.together import together

    assert not together(1, tmp_path / "together").lost


def test_no_answer_of_an_archive_is_more_than_a_line(tmp_path):
    pytest.importorskip("dicomweb_client", reason="the extra 'pacs' is not installed")
    from tests.campaign.archive import answers

    assert not answers(7, 300, tmp_path / "archive").lost


def test_a_served_review_goes_on_for_its_owner(tmp_path):
    pytest.importorskip("textual_serve", reason="the serve extra is not installed")
    if not sys.platform.startswith("linux"):
        pytest.skip("looks at handles and memory in /proc")
    from tests.campaign.pages import pages

    assert not pages(7, 300, tmp_path / "pages").lost
