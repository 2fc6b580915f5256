"""How the commands end, against the table in ``screener.console``, and what they leave behind."""

import io
import shutil
import signal

import click
import numpy as np
import pytest
from PIL import Image

from sample_data.results import build_results
from screener.cli import stop as stopping
from screener.cli.main import screener
from screener.console import MEANINGS, ExitCode
from screener.network import lungs
from screener.program import run
from screener.results.lock import held


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Three films."""
    folder = tmp_path_factory.mktemp("films") / "films"
    folder.mkdir()
    dice = np.random.default_rng(0)
    for number in range(3):
        noise = dice.integers(0, 256, (128, 128), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def scan(films, weights, tmp_path, monkeypatch, capfd):
    """Scan into ``out``; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def scanned(*options, folder=films, weights=weights, out="out"):
        where = [str(folder), "-o", out, "--weights", str(weights)]
        code = run(screener, "screener", ["scan", *where, "--no-guard", "--no-report", *options])
        return code, *capfd.readouterr()

    return scanned


def test_every_code_has_its_meaning():
    assert set(MEANINGS) == set(ExitCode)
    assert all(code.value in range(256) for code in ExitCode)


def test_a_scan_of_films_is_done_and_so_is_the_same_again(scan):
    for _ in range(2):
        code, out, _ = scan()
        assert code == ExitCode.DONE
        assert out.endswith("Results in out; 'screener review out' goes through them.\n")


def test_a_refused_file_has_its_code_each_time(scan, films, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(films, mixed)
    (mixed / "cut.png").write_bytes((films / "0.png").read_bytes()[:500])
    assert [scan(folder=mixed)[0] for _ in range(2)] == [ExitCode.REFUSALS] * 2


def test_a_hint_quotes_a_folder_that_needs_it(scan):
    _, out, _ = scan(out="my results")
    assert "'screener review 'my results'' goes" in out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--device", "cuda"], ExitCode.UNUSABLE),
        (["--device", "gpu"], ExitCode.USAGE),
        (["--timeout", "0"], ExitCode.USAGE),
    ],
)
def test_a_scan_that_fails_leaves_nothing_behind(scan, tmp_path, monkeypatch, options, code):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    found, out, err = scan(*options)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert not (tmp_path / "out").exists()


def test_damaged_weights_leave_nothing_behind(scan, weights, tmp_path):
    shutil.copytree(weights, tmp_path / "bad")
    with (tmp_path / "bad" / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    code, out, err = scan(weights=tmp_path / "bad")
    assert (code, out, err.count("\n")) == (ExitCode.UNUSABLE, "", 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_a_folder_without_any_file_is_the_wrong_folder(scan, tmp_path, option):
    (tmp_path / "empty").mkdir()
    code, out, err = scan(*option, folder=tmp_path / "empty")
    assert (code, out, err.count("\n")) == (ExitCode.USAGE, "", 1)
    assert "no radiographs here" in err
    assert not (tmp_path / "out").exists()


def test_what_was_in_the_folder_before_stays(scan, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.pdf").write_bytes(b"mine")
    scan(folder=tmp_path / "empty")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.pdf"]


def test_earlier_results_outlive_a_scan_that_fails(scan, tmp_path, weights):
    scan()
    (tmp_path / "empty").mkdir()
    assert scan(folder=tmp_path / "empty")[0] == ExitCode.USAGE
    assert run(screener, "screener", ["list", "out"]) == ExitCode.DONE


def test_a_second_scan_at_once_fails_and_takes_nothing_away(scan, tmp_path):
    scan()
    with held(tmp_path / "out"):
        code, _, err = scan()
    assert (code, err.count("\n")) == (ExitCode.FAILED, 1)
    assert (tmp_path / "out" / "screening.db").exists()


@pytest.mark.parametrize("variable", ["DEVICE=gpu", "WORKERS=-1", "SECONDS=nan", "MAX_PIXELS=0"])
@pytest.mark.parametrize("command", ["config", "list"])
def test_a_setting_that_no_command_takes_is_told_by_all(monkeypatch, capsys, command, variable):
    name, _, value = variable.partition("=")
    monkeypatch.setenv(f"SCREENER_{name}", value)
    assert run(screener, "screener", [command]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert f"SCREENER_{name}: {name.lower()} is '{value}'; it must be" in err


@pytest.mark.parametrize(
    ("arguments", "beginning"),
    [
        (["export", "--format", "csv"], b"kind,rank,"),
        (["export", "--format", "json"], b'{"schema"'),
        (["export", "--format", "jsonl"], b'{"type"'),
        (["export", "--format", "html"], b"<!DOCTYPE html>"),
        (["report"], b"%PDF-"),
    ],
)
def test_a_dash_is_stdout_and_no_file(tmp_path, monkeypatch, capfdbinary, arguments, beginning):
    monkeypatch.chdir(tmp_path)
    build_results(tmp_path / "results", studies=3)
    assert run(screener, "screener", [*arguments, "results", "-o", "-"]) == ExitCode.DONE
    out, err = capfdbinary.readouterr()
    assert out.startswith(beginning)
    assert err == b""
    assert not out.endswith(b"-\n")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_the_list_names_the_folder_it_is_of(tmp_path, capsys):
    build_results(tmp_path / "results", studies=60)
    run(screener, "screener", ["list", str(tmp_path / "results")])
    assert f"'screener list --all {tmp_path / 'results'}'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "code", "breaks"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED, KeyboardInterrupt),
        (signal.SIGTERM, ExitCode.TERMINATED, stopping.Terminated),
    ],
)
def test_the_first_signal_asks_and_the_second_breaks_off(number, code, breaks):
    with stopping.stoppable() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.code == code
        with pytest.raises(breaks):
            signal.raise_signal(number)


def test_a_scan_that_nobody_follows_any_more_is_interrupted(monkeypatch):
    from screener.cli import progress
    from screener.events import FilesFound

    def broken(_line):
        raise BrokenPipeError

    monkeypatch.setattr("screener.console.say", broken)
    with pytest.raises(click.exceptions.Exit) as raised:
        progress._print_json(FilesFound(1, 0, 1, 1, complete=True))
    assert raised.value.exit_code == ExitCode.INTERRUPTED


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of three studies in ``results``, and what stands beside them."""
    monkeypatch.chdir(tmp_path)
    build_results(tmp_path / "results", studies=3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    return tmp_path / "results"


USAGE, UNUSABLE, DONE = ExitCode.USAGE, ExitCode.UNUSABLE, ExitCode.DONE
LONG = "9" * 5000


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("show 1 results", DONE, ""),
        ("show 0 results", USAGE, "'0': no such study"),
        ("show 4 results", USAGE, "'4': no such study"),
        (f"show {LONG} results", USAGE, "no such study"),
        ("show results", USAGE, "screening: no results here"),
        ("show --review results", DONE, ""),
        ("show --review empty", USAGE, "empty: no results here"),
        ("forget 4 results --yes", USAGE, "no such study"),
        ("forget --yes", USAGE, "Give either a STUDY or --all"),
        ("forget 1 results", USAGE, "stdin holds no answer"),
        ("forget 1 results --yes", DONE, "1 removed"),
        ("explain", USAGE, "Give a STUDY, --band or --top"),
        ("explain 1 --top 1 --results results", USAGE, "Give either a STUDY or"),
        (f"explain --top {LONG} --results results", USAGE, "--top"),
        ("explain 1 --results results --weights nowhere", UNUSABLE, "no such weights"),
        ("explain 1 --results empty", USAGE, "no results here"),
        ("info --weights nowhere", UNUSABLE, "no such weights"),
        ("info --weights empty", UNUSABLE, "no weights card"),
        ("info --batch-size 99999999999999999999", USAGE, "--batch-size"),
        ("info --workers 99999999999999999999", USAGE, "--workers"),
        ("weights list empty", UNUSABLE, "no weights card"),
        ("weights show --weights file", UNUSABLE, "no such weights"),
        ("weights verify --weights lungs", UNUSABLE, "no such weights"),
        ("assess draw empty", USAGE, "no results here"),
        ("assess draw results --more ROUTINE=0", USAGE, "must be BAND=N"),
        (f"assess draw results --more ROUTINE={LONG}", USAGE, "must be BAND=N"),
        ("assess draw results --seed 99999999999999999999", USAGE, "--seed"),
        ("assess review results", USAGE, "nothing is drawn yet"),
        ("assess report results", USAGE, "nothing is drawn yet"),
        ("assess report results -o -", USAGE, "-o names the page"),
        ("assess adopt results --elevated nan", USAGE, "nan is no number"),
        ("assess adopt results --undo", USAGE, "nothing is adopted"),
        ("export results -o file/x", USAGE, "file/x: Not a directory"),
        ("report results -o file/x", USAGE, "file/x: Not a directory"),
        ("scan empty --timeout nan", USAGE, "nan is no number"),
        ("scan empty --timeout inf", USAGE, "--timeout"),
        ("scan empty --tta 99999999999999999999", USAGE, "--tta"),
        (f"scan empty --max-pixels {LONG}", USAGE, "--max-pixels"),
        ("completion tcsh", USAGE, "is not one of"),
        ("config nothing", USAGE, "No such command"),
        ("nothing", USAGE, "No such command"),
        ("lsit", USAGE, "No such command 'lsit'; did you mean 'list'?"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else None,
)
@pytest.mark.usefixtures("results")
def test_each_command_ends_as_the_table_says(capfd, monkeypatch, line, code, words):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(screener, "screener", line.split()) == code
    out, err = capfd.readouterr()
    assert words in err
    assert "unexpected" not in err
    assert err.count("error: ") == (code != DONE)
    assert bool(out) == (code == DONE and not words)


def test_a_file_without_a_name_cannot_be_written(results, capfd):
    assert run(screener, "screener", ["export", str(results), "-o", ""]) == USAGE
    assert "no name" in capfd.readouterr().err


def test_info_says_what_a_scan_would_say_of_damaged_weights(weights, tmp_path, capfd):
    shutil.copytree(weights, tmp_path / "bad")
    with (tmp_path / "bad" / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    assert run(screener, "screener", ["info", "--weights", str(tmp_path / "bad")]) == UNUSABLE
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    "content", [f"workers = {'9' * 400}", f"workers = {LONG}", f"a = {'[' * 9000}"]
)
def test_settings_that_no_machine_can_hold_are_refused(tmp_path, monkeypatch, capsys, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "screener.toml").write_text(content)
    assert run(screener, "screener", ["config"]) == USAGE
    assert capsys.readouterr().err.startswith("error: screener.toml: ")


@pytest.fixture
def damaged_lungs(tmp_path, monkeypatch):
    """The lungs' weights with a byte too many."""
    shutil.copytree(lungs.bundled(), tmp_path / "lungs")
    with (tmp_path / "lungs" / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    monkeypatch.setattr(lungs, "bundled", lambda: tmp_path / "lungs")
    lungs.ready.cache_clear()
    yield
    lungs.ready.cache_clear()


@pytest.mark.usefixtures("damaged_lungs")
def test_damaged_weights_of_the_lungs_end_a_scan_before_it_reads(scan, weights, tmp_path, capfd):
    code, out, err = scan()
    assert (code, out, err.count("\n")) == (UNUSABLE, "", 1)
    assert "lungs" in err
    assert not (tmp_path / "out").exists()
    assert scan("--maps", "none")[0] == DONE
    for line in (["weights", "verify"], ["info"], ["explain", "1", "--results", "out"]):
        assert run(screener, "screener", [*line, "--weights", str(weights)]) == UNUSABLE
        out, err = capfd.readouterr()
        assert (out, err.count("\n")) == ("", 1)
