"""Runs beside each other, made by hand as a fit leaves them."""

import json
import shutil

import pytest
from click.testing import CliRunner

from screener.errors import ConfigurationError
from trainer import recipe
from trainer.cli.main import trainer
from trainer.pages import compare
from trainer.run import Run

ESTIMATE = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 120}
OVERALL = {"accuracy": ESTIMATE, "against_rest": ESTIMATE, "against_normal": {"value": None}}
EPOCH = {"step": "stage1-head", "epoch": "1", "valid_loss": "1.2"}


def make_run(folder, *overrides, digest="sha256:00"):
    run = Run(folder)
    run.start(recipe.read(recipe.find("tiny"), overrides), {})
    run.write_log([EPOCH])
    run.write_time("stage1-head", 1, 5400, 100)
    run.evaluation.mkdir()
    found = {"used": 120, "overall": OVERALL, "manifest_digest": digest}
    (run.evaluation / "evaluation.json").write_text(json.dumps({"evaluations": [found]}))
    return run


@pytest.fixture
def runs(tmp_path):
    return [make_run(tmp_path / "one"), make_run(tmp_path / "two", "seed=5")]


def test_what_they_reached_and_how_long_it_took(runs, tmp_path):
    html = compare.write(runs, tmp_path / "runs.html").read_text()
    assert html.count("80.0 % (70.0 to 90.0)") == 2
    assert html.count("0.800 (0.700 to 0.900)") == 2
    assert html.count("1 h 30 min") == 2
    assert html.count("<img") == 1


def test_only_what_differs_is_listed(runs, tmp_path):
    html = compare.write(runs, tmp_path / "runs.html").read_text()
    settings = html[html.index("In what their recipes differ") :]
    assert settings.count("<tr>") == 2
    assert '<th scope="row">seed</th>' in settings
    assert '<td data-title="two">5</td>' in settings


def test_settings_that_one_recipe_lacks_are_told():
    found = list(compare.differences({"a": {"x": "1", "y": "2"}, "b": {"x": "1"}}))
    assert found == [("y", "2", "–")]


def test_two_runs_of_one_name_are_told_apart(tmp_path):
    runs = [make_run(tmp_path / "a" / "run"), make_run(tmp_path / "b" / "run")]
    html = compare.write(runs, tmp_path / "runs.html").read_text()
    assert str(tmp_path / "a" / "run") in html
    assert "In nothing." in html


def test_a_run_that_is_not_finished_is_refused(runs, tmp_path):
    shutil.rmtree(runs[1].evaluation)
    with pytest.raises(ConfigurationError, match="two: not finished; go on with 'trainer fit"):
        compare.write(runs, tmp_path / "runs.html")


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"evaluations": []}', '{"evaluations": [{}]}', '{"evaluations": [5]}', "[" * 9999],
)
def test_what_is_no_evaluation_is_refused_in_one_line(runs, tmp_path, content):
    (runs[1].evaluation / "evaluation.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"^[^\n]*not an evaluation[^\n]*$"):
        compare.write(runs, tmp_path / "runs.html")


def test_figures_of_other_images_are_not_set_beside_each_other(runs, tmp_path):
    other = make_run(tmp_path / "three", digest="sha256:11")
    with pytest.raises(ConfigurationError, match="three: judged on other images than one"):
        compare.write([*runs, other], tmp_path / "runs.html")


def test_the_command_names_its_page(runs, tmp_path):
    out = tmp_path / "page.html"
    words = ["compare", *(str(run.folder) for run in runs), "-o", str(out)]
    done = CliRunner().invoke(trainer, words)
    assert (done.exit_code, done.stderr) == (0, f"{out}: all of them on one page\n")
    assert out.is_file()
