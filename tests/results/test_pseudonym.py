import re
import stat
import sys

import pytest

from screener.errors import ConfigurationError
from screener.results import pseudonym

KEY = bytes(32)


def test_it_has_ten_base32_characters():
    assert re.fullmatch("P-[A-Z2-7]{10}", pseudonym.pseudonym("ID7", KEY))


def test_it_depends_on_the_key():
    assert pseudonym.pseudonym("ID7", KEY) != pseudonym.pseudonym("ID7", bytes(31) + b"1")


def test_the_key_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SCREENER_DATA_DIR", str(tmp_path / "data"))
    assert pseudonym.load_key() == pseudonym.load_key()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_only_its_owner_can_read_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("SCREENER_DATA_DIR", str(tmp_path))
    pseudonym.load_key()
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_key_is_refused_rather_than_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("SCREENER_DATA_DIR", str(tmp_path))
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="not a key"):
        pseudonym.load_key()


def test_a_study_key_shows_neither_its_uid_nor_its_patient():
    made = pseudonym.study_key("1.2.19550412", "ID7", KEY)
    assert re.fullmatch("S-[A-Z2-7]{16}", made)
    assert made != pseudonym.study_key("1.2.19550412", "ID7", bytes(31) + b"1")


def test_a_study_key_tells_patients_apart_and_studies():
    pairs = (("1.2", "A"), ("1.2", "B"), ("1.3", "A"), ("1.2", ""))
    assert len({pseudonym.study_key(*pair, KEY) for pair in pairs}) == 4


def test_a_path_stays_a_path():
    assert pseudonym.study_key("root/a.png", "", KEY) == "root/a.png"
    assert "ID7" not in pseudonym.study_key("root/a.dcm", "ID7", KEY)
