import pytest

from screener import config
from screener.errors import ConfigurationError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty working directory and an empty user directory."""
    (tmp_path / "work").mkdir()
    (tmp_path / "user").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("SCREENER_CONFIG_DIR", str(tmp_path / "user"))
    return tmp_path


def write(project, where, text):
    path = project / where / "screener.toml"
    path.write_text(text)
    return path


def test_a_default_says_so(project):
    assert config.load().values["device"] == config.Value("auto", "default")
    assert config.load().chosen() == {}


def test_the_nearer_source_wins(project, monkeypatch):
    write(project, "user", 'device = "cuda"\nreviewer = "anna"\nbatch_size = 4')
    write(project, "work", 'device = "mps"\nbatch_size = 8')
    monkeypatch.setenv("SCREENER_BATCH_SIZE", "16")
    values = config.load().values
    assert values["batch_size"] == config.Value(16, "SCREENER_BATCH_SIZE")
    assert values["device"] == config.Value("mps", "screener.toml")
    assert values["reviewer"].origin == str(project / "user" / "screener.toml")


def test_keymaps_are_joined(project):
    write(project, "user", '[keymap]\nreview.next = "n"\n"review.previous" = "p"')
    write(project, "work", '[keymap]\nreview.next = "l"')
    assert config.load().keymap == {"review.next": "l", "review.previous": "p"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("devise = 1", "unknown key 'devise'; did you mean 'device'?"),
        ('identify = "all"', "identify is 'all'; it must be none or id or full"),
        ('batch_size = "many"', "it must be a whole number"),
        ("batch_size = true", "it must be a whole number"),
        ("reviewer = 7", "it must be text"),
        ("keymap = 7", "must hold keys"),
        ("= 7", "not TOML"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_file(project, text, message):
    write(project, "work", text)
    with pytest.raises(ConfigurationError, match=f"^screener.toml: .*{message}"):
        config.load()


def test_a_variable_of_the_wrong_kind_is_refused_by_name(project, monkeypatch):
    monkeypatch.setenv("SCREENER_WORKERS", "two")
    with pytest.raises(ConfigurationError, match="SCREENER_WORKERS: workers is 'two'"):
        config.load()
