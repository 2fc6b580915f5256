"""What ``trainer fit`` refuses in its first second, before a folder is made."""

import json

import pytest

from screener.program import run
from trainer.cli.main import trainer
from trainer.manifest import read_manifest, write_manifest
from trainer.run import Run


def call(*arguments):
    return run(trainer, "trainer", list(map(str, arguments)))


@pytest.fixture
def offline(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    for word in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(word, "http://127.0.0.1:9")  # the discard port: refused at once


@pytest.fixture
def begun(dataset, tmp_path):
    """The folder of a run that was stopped before its first batch."""
    from trainer import recipe

    kept = Run(tmp_path / "begun")
    facts = {"manifests": [str(dataset)], "backbone": "none", "lr": "paper"}
    kept.start(recipe.read(recipe.find("tiny")), facts)
    return kept.folder


@pytest.mark.usefixtures("offline")
def test_first_weights_that_cannot_be_fetched_leave_no_folder(dataset, tmp_path, capsys):
    assert call("fit", "tiny", "--data", dataset, "--run", tmp_path / "run") == 4
    assert "--backbone-weights none" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("offline")
def test_a_rate_is_not_looked_for_without_first_weights(dataset, tmp_path):
    assert call("lr-find", "tiny", "--data", dataset, "-o", tmp_path / "out") == 4
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["tiny"], "[RECIPE]"),
        (["--backbone-weights", "none"], "--backbone-weights"),
        (["--set", "seed=3"], "--set"),
        (["--lr", "auto"], "--lr"),
        (["--run", "elsewhere"], "--run"),
    ],
)
def test_a_resume_refuses_what_it_cannot_honour(begun, arguments, named, capsys):
    assert call("fit", "--resume", begun, *arguments) == 2
    assert f"leave out {named} or" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--films", "9"], ["--rounds", "2"], ["--leave-out", "a=b"]])
def test_so_does_a_resume_of_what_is_left_out(begun, option, capsys):
    assert call("unseen", "--resume", begun, *option) == 2
    assert f"leave out {option[0]} or" in capsys.readouterr().err


def test_a_resume_names_all_it_cannot_honour(begun, dataset, capsys):
    assert call("fit", "--resume", begun, "--data", dataset, "--set", "seed=3") == 2
    assert "leave out --data, --set or" in capsys.readouterr().err


def test_damaged_facts_are_told_in_one_line(begun, capsys):
    (begun / "run.json").write_text("{")
    assert call("fit", "--resume", begun) == 2
    assert "run.json: not a run's facts" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_told_in_one_line(begun, capsys):
    (begun / "checkpoint.pt").write_bytes(b"PK\3\4cut")
    assert call("fit", "--resume", begun, "--device", "cpu") == 2
    assert "checkpoint.pt: damaged" in capsys.readouterr().err


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("command", ["fit", "validate"])
def test_a_split_without_covid19_is_told_at_once(dataset, tmp_path, split, command, capsys):
    kept = [e for e in read_manifest(dataset) if (e.split, e.label) != (split, "covid19")]
    manifest = dataset / f"no-{split}.csv"
    write_manifest(manifest, kept)
    more = ["--run", tmp_path / "run", "--backbone-weights", "none"] if command == "fit" else []
    assert call(command, "tiny", "--data", manifest, *more) == 2
    word = {"train": "training", "val": "validation"}[split]
    assert f"no {word} image is labelled covid19" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_recipe_overrides_and_manifest_are_told_wrong_together(dataset, tmp_path, capsys):
    (tmp_path / "manifest.csv").write_text("image,label\n")
    wrong = ["--set", "seed=a", "--set", "nothing.seed=1"]
    assert call("fit", "tiny", "--data", tmp_path, "--run", tmp_path / "run", *wrong) == 2
    said = capsys.readouterr().err
    for word in ("seed must be", "nothing.seed", "lacks the columns"):
        assert word in said


def test_a_folder_that_cannot_be_made_is_told_in_one_line(dataset, tmp_path, capsys):
    (tmp_path / "file").touch()
    wanted = tmp_path / "file" / "run"
    given = ["--data", dataset, "--run", wanted, "--backbone-weights", "none"]
    assert call("fit", "tiny", *given) == 2
    assert "give another --run" in capsys.readouterr().err


def test_facts_are_replaced_whole(begun):
    """A kill leaves the old file or the new one, and a rest that the next write takes."""
    (begun / "run.json.unfinished").write_text("{")
    kept = Run(begun)
    kept.write_facts(kept.facts() | {"lr": "auto"})
    assert json.loads((begun / "run.json").read_text())["lr"] == "auto"
    assert not (begun / "run.json.unfinished").exists()
