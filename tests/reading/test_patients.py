"""Two patients are told apart within a study, and one is not parted by what a header leaves out."""

import pytest

from screener.reading.patients import persons
from screener.study import Patient

ANNA, BERT = "ALPHA^ANNA", "BETA^BERT"


def parts(*patients):
    """Which files are of one person, as letters in the order of the files."""
    told = persons(patients)
    return "".join("abcdef"[list(dict.fromkeys(told)).index(one)] for one in told)


@pytest.mark.parametrize(
    ("patients", "expected"),
    [
        ([Patient("1"), Patient("2")], "ab"),
        ([Patient("1"), Patient("1")], "aa"),
        ([Patient("1", "A"), Patient("1", "B")], "ab"),
        ([Patient("1", "A"), Patient("1")], "aa"),
        ([Patient("1", "A"), Patient("1", "B"), Patient("1")], "abc"),
        ([Patient("1"), Patient()], "aa"),
        ([Patient("1"), Patient("2"), Patient()], "abc"),
        ([Patient(name=ANNA), Patient(name=BERT)], "ab"),
        ([Patient(name=ANNA), Patient()], "aa"),
        ([Patient("1", name=ANNA), Patient(name=BERT)], "ab"),
        ([Patient("1", name=ANNA), Patient(name="Anna Alpha")], "aa"),
        ([Patient("0", name=ANNA), Patient("0", name=BERT)], "ab"),
        ([Patient("1", name=ANNA), Patient("1", name="Alpha^Anna^Maria")], "aa"),
        ([Patient("1", name="Yamada^Tarou=山田^太郎"), Patient("1", name="山田^太郎")], "aa"),
        ([Patient(), Patient()], "aa"),
    ],
)
def test_who_is_one(patients, expected):
    assert parts(*patients) == expected
    swapped = parts(*reversed(patients))
    assert len(set(swapped)) == len(set(expected))


def test_a_person_is_called_the_same_whoever_else_is_in_the_study():
    alone = persons([Patient("1", "A", ANNA)])
    assert persons([Patient("2"), Patient("1", "A", ANNA)])[1:] == alone
