import platformdirs
import pytest

from screener import locations


@pytest.mark.parametrize("home", ["", "/elsewhere"])
def test_directories_are_where_the_system_has_them(monkeypatch, home):
    for variable in ("SCREENER_CONFIG_DIR", "SCREENER_DATA_DIR"):
        monkeypatch.delenv(variable)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, home)
    assert locations.config_dir() == platformdirs.user_config_path("screener", appauthor=False)
    assert locations.data_dir() == platformdirs.user_data_path("screener", appauthor=False)


def test_the_environment_replaces_them(monkeypatch, tmp_path):
    monkeypatch.setenv("SCREENER_DATA_DIR", str(tmp_path))
    assert locations.data_dir() == tmp_path
