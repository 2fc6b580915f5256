"""A short share of the campaign; ``make campaign`` is the whole."""

import shutil
import sys

import pytest

from tests.campaign import hostile
from tests.campaign.scans import hostile_files, kills

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills process groups, makes pipes")


def test_the_same_seed_means_the_same_harm():
    assert list(hostile.files(1, 50)) == list(hostile.files(1, 50))
    assert list(hostile.files(1, 50)) != list(hostile.files(2, 50))


def test_hostile_files_stand_in_one_place_each(tmp_path):
    row = hostile_files(1_000_000, 300, tmp_path / "all")
    assert not row.lost
    shutil.rmtree(tmp_path / "all")


def test_kills_at_any_moment_lose_nothing(tmp_path):
    assert not kills(7, 5, tmp_path).lost


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broken_associations_end_no_listener(tmp_path):
    pytest.importorskip("pynetdicom", reason="the extra 'pacs' is not installed")
    if not sys.platform.startswith("linux"):
        pytest.skip("looks at handles and memory in /proc")
    from tests.campaign.network import associations

    assert not associations(7, 100, tmp_path / "network").lost
