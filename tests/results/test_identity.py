import pytest

from screener.results.identity import file_of


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("films~0123456789/ward/one.png", "ward/one.png"),
        ("films~0123456789/one.png", "films/one.png"),
        ("films~0123456789/ward", "films/ward"),
        ("films~0123456789/a/b/c/one P-2.png", "c/one P-2.png"),
        ("films~0123456789/one.dcm P-ABCDEFGHIJ", ""),
        ("S-ABCDEFGHIJKLMNOP", ""),
    ],
)
def test_a_study_without_a_patient_is_named_by_its_file(key, shown):
    assert file_of(key) == shown
