"""What a walk finds is held on disk without a name, and given back study by study."""

from pathlib import Path

import pytest

from screener.errors import ConfigurationError
from screener.reading import gathered as module
from screener.reading.gathered import Gathered, Packed
from screener.reading.grouping import GroupBy, in_clear
from screener.study import Outcome, Refusal
from tests.conftest import posix_only
from tests.reading.test_grouping import film

MANY = 2000


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    """For 2,000 films of some hundred bytes."""
    monkeypatch.setattr(module, "CACHE", 100)


def fill(gathered):
    for one in range(MANY):
        gathered.add(Packed.of(film(f"1.2.{one}", str(one), "DOE^JANE")))


def temporary_files():
    """That this process has open; SQLite gives them this beginning."""
    held = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return [one for one in held if "etilqs_" in one]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_it_is_on_the_disk_in_a_file_without_a_name():
    gathered = Gathered()
    fill(gathered)
    (held,) = temporary_files()
    assert held.endswith(" (deleted)")
    gathered.close()
    assert temporary_files() == []


def test_studies_come_in_the_order_in_which_they_were_found():
    gathered = Gathered()
    fill(gathered)
    gathered.make_studies(GroupBy.AUTO, in_clear)
    assert gathered.number_of_studies == MANY
    assert [one.path.name for one in gathered.radiographs] == [str(one) for one in range(MANY)]


@posix_only
def test_no_room_is_told_with_what_to_do(little_room):
    gathered = Gathered()
    with (
        little_room(100_000),
        pytest.raises(ConfigurationError, match=r"no room for temporary files .*TMPDIR"),
    ):
        fill(gathered)


def test_studies_that_cannot_be_kept_are_refusals_from_then_on():
    gathered = Gathered()
    refusal = Refusal(Path("/c"), Outcome.UNSUITABLE, "lateral", "1.2.3")
    for one in (film("1.2.3", "a", "A"), film("1.2.4", "b", "B"), refusal):
        gathered.add(Packed.of(one))
    gathered.make_studies(GroupBy.AUTO, lambda uid, _: uid)
    gathered.refuse({"1.2.3": "too large"})
    assert [study.key for study in gathered.studies] == ["1.2.4"]
    told = {(one.path.name, one.reason, one.study_key) for one in gathered.refusals}
    assert told == {("a", "too large", ""), ("c", "lateral", "")}
    assert (gathered.found, gathered.number_of_radiographs, gathered.refused) == (3, 1, 2)


def test_what_was_put_off_comes_again_with_its_refusals():
    gathered = Gathered()
    refusal = Refusal(Path("/c"), Outcome.UNSUITABLE, "lateral", "1.2.4")
    for one in (film("1.2.3", "a", "A"), film("1.2.4", "b", "A"), refusal):
        gathered.add(Packed.of(one))
    gathered.make_studies(GroupBy.AUTO, in_clear)
    numbers = [member.number for member in gathered.members()]
    gathered.put_off(numbers[1:])
    (member,) = gathered.members(pending=True)
    assert member.study.radiographs[0].path.name == "b"
    assert [one.path.name for one in member.refusals] == ["c"]
