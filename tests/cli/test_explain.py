"""``screener explain`` as a user runs it."""

import json
import shutil

import pytest

from screener.cli.main import screener
from screener.console import ExitCode
from screener.program import run

FILMS = ("01-clear", "02-ground-glass", "03-lobar")


@pytest.fixture
def scanned(tmp_path, phantoms, weights):
    """Some phantoms scored without maps, copied so that a test may change them."""
    for name in FILMS:
        shutil.copytree(phantoms / name, tmp_path / "films" / name)
    options = ("--weights", weights, "--no-guard", "--no-report", "--maps", "none")
    code = call("scan", tmp_path / "films", "-o", tmp_path / "out", "--device", "cpu", *options)
    assert code == ExitCode.DONE
    return tmp_path / "out"


def call(*arguments) -> int:
    return run(screener, "screener", [str(argument) for argument in arguments])


def maps(capfd, results, of="map") -> list[dict | None]:
    capfd.readouterr()
    assert call("list", results, "--json", "--maps") == ExitCode.DONE
    studies = json.loads(capfd.readouterr().out)["studies"]
    return [film[of] for study in studies for film in study["radiographs"]]


def test_maps_are_made_and_proven_on_demand_and_only_once(capfd, scanned, weights):
    assert maps(capfd, scanned) == [None] * 3
    wanted = ("explain", "--top", 2, "--results", scanned, "--weights", weights)
    assert call(*wanted) == ExitCode.DONE
    said = capfd.readouterr().out
    assert said.count("with the marked tenth hidden the score goes from") == 2
    made = maps(capfd, scanned)
    assert [found is None for found in made] == [False, False, True]
    assert all(set(found["proof"]) == {"whole", "hidden", "moved", "holds"} for found in made[:2])
    assert call(*wanted) == ExitCode.DONE
    assert capfd.readouterr().out == said
    lungs = maps(capfd, scanned, of="lungs")
    assert [found and len(found["outline"]) for found in lungs] == [2, 2, None]
    for outline, proven in zip(lungs[:2], made[:2], strict=True):
        if proven["proof"]["holds"]:
            assert 0 <= outline["map_inside"] <= 1
        else:
            assert outline["map_inside"] is None, "of a map that is not drawn nothing is said"


def test_a_file_that_changed_since_is_named_and_gets_no_map(capfd, scanned, weights):
    film = next((scanned.parent / "films" / FILMS[0]).iterdir())
    film.write_bytes(film.read_bytes() + b"\0")
    options = ("--results", scanned, "--weights", weights)
    assert call("explain", "--top", 3, *options) == ExitCode.REFUSALS
    assert f"{film}: the file has changed since it was scored" in capfd.readouterr().out


def test_other_weights_than_the_scans_are_refused(capfd, scanned):
    assert call("explain", "--top", 1, "--results", scanned, "--device", "cpu") == ExitCode.UNUSABLE
    assert "used other weights" in capfd.readouterr().err


def test_nothing_asked_for_is_a_question_of_usage(capfd, scanned):
    assert call("explain", "--results", scanned) == ExitCode.USAGE
