"""How the trainer's commands end, against the table in ``screener.console``, and what they leave.

One line on stderr where something is wrong, no traceback, no folder that was not there before.
"""

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from screener.console import ExitCode
from screener.program import run
from trainer.cli.main import COMMANDS, trainer
from trainer.manifest import read_manifest, write_manifest
from trainer.run import load_tensors, save_tensors

DONE, FAILED, USAGE, REFUSALS, UNUSABLE = (
    ExitCode.DONE, ExitCode.FAILED, ExitCode.USAGE, ExitCode.REFUSALS, ExitCode.UNUSABLE
)  # fmt: skip
RECIPE = """
name = "small"
network = "timm/test_resnet"
[[stages]]
name = "stage1"
image_size = 32
batch_size = 8
epochs = 1
lr = 1e-3
"""
LONG = "9" * 5000


def call(line):
    """Run one command line in this process; gives its exit code."""
    return run(trainer, "trainer", line.split() if isinstance(line, str) else line)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def made(dataset, tmp_path_factory):
    """A folder with a recipe, films, a run that is over and an evaluation of its weights."""
    place = tmp_path_factory.mktemp("made")
    (place / "small.toml").write_text(RECIPE)
    shutil.copytree(dataset, place / "films")
    (place / "sorted" / "normal").mkdir(parents=True)
    Image.effect_noise((80, 80), 50).save(place / "sorted" / "normal" / "0.png")
    before = Path.cwd()
    os.chdir(place)
    try:
        assert call("fit small.toml --data films --run run --backbone-weights none") == DONE
        assert call("evaluate run/weights --data films -o evaluation --device cpu") == DONE
    finally:
        os.chdir(before)
    return place


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of it that may be spoilt, as the working folder."""
    shutil.copytree(made, tmp_path / "work")
    place = tmp_path / "work"
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (place / "empty").mkdir()
    (place / "file").write_text("x")
    return place


def content(place):
    """Everything below a folder, by its name."""
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def refused(line, code, words, capfd, place):
    """The command ends with a code and one line, and leaves nothing behind."""
    before = content(place)
    capfd.readouterr()
    assert call(line) == code
    out, err = capfd.readouterr()
    assert err.count("\n") == 1, err
    assert err.startswith("error: ")
    assert words in err
    assert "Traceback" not in err
    assert "error: unexpected" not in err
    assert "Exception occured" not in err
    assert out == ""
    assert content(place) == before


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("fit nothing --data films --run new", USAGE, "no such recipe"),
        ("fit small.toml --run new", USAGE, "give --data MANIFEST"),
        ("fit small.toml --data films", USAGE, "give --data MANIFEST and --run"),
        ("fit small.toml --data nowhere --run new", USAGE, "'nowhere' does not exist"),
        ("fit small.toml --data empty --run new", USAGE, "not a readable manifest"),
        ("fit small.toml --data films --run run", USAGE, "holds a run already"),
        ("fit small.toml --data films --run file/x --backbone-weights none", USAGE, "file"),
        ("fit small.toml --data films --run file --backbone-weights none", USAGE, "file"),
        ("fit small.toml --data films --run new --backbone-weights file", UNUSABLE, "no weights"),
        ("fit small.toml --data films --run new --backbone-weights x", UNUSABLE, "no such file"),
        ("fit small.toml --data films --run new --backbone-weights empty", UNUSABLE, "a folder"),
        ("fit small.toml --data films --run new --checkpoint-minutes nan", USAGE, "no number"),
        ("fit small.toml --data films --run new --checkpoint-minutes inf", USAGE, "range"),
        ("fit small.toml --data films --run new --set seed=-1", USAGE, "cannot be negative"),
        (f"fit small.toml --data films --run new --set seed={LONG}", USAGE, "whole number"),
        ("fit small.toml --data films --run new --device gpu", USAGE, "'gpu' is not one of"),
        ("fit --resume nowhere", USAGE, "no run here"),
        ("fit --resume empty", USAGE, "no run here"),
        ("fit --resume file", USAGE, "is a file"),
        ("unseen small.toml --data films", USAGE, "give --data MANIFEST and --run"),
        ("unseen small.toml --data films --run new --leave-out x=y", USAGE, "no image is from y"),
        ("unseen small.toml --data films --run new --leave-out a=collection", USAGE, "no COVID-19"),
        ("unseen small.toml --data films --run new --most 1", USAGE, "--most"),
        (f"unseen small.toml --data films --run new --most {LONG}", USAGE, "--most"),
        ("unseen small.toml --data films --run new --rounds 99999999999999", USAGE, "--rounds"),
        ("unseen small.toml --data films --run new --films -1", USAGE, "--films"),
        ("unseen --resume run --device cpu", USAGE, "a run of 'trainer fit'"),
        ("unseen --resume empty", USAGE, "no run here"),
        ("lr-find small.toml -o new", USAGE, "give --data"),
        ("lr-find small.toml --data films --step x -o new", USAGE, "one of stage1-whole"),
        ("lr-find small.toml --data films -o file", USAGE, "file"),
        ("lr-find small.toml --data films -o file/x --backbone-weights none", USAGE, "a file"),
        ("lr-find small.toml --data films -o new --backbone-weights file", UNUSABLE, "no weights"),
        ("recipes nothing", USAGE, "no such recipe"),
        ("recipes file", USAGE, "not a readable recipe"),
        ("recipes empty", USAGE, "no such recipe"),
        ("validate nothing", USAGE, "no such recipe"),
        ("validate file", USAGE, "not a readable recipe"),
        ("validate empty", USAGE, "no such recipe"),
        ("validate small.toml --data empty", USAGE, "not a readable manifest"),
        ("validate small.toml --data file", USAGE, "lacks the columns"),
        ("validate small.toml --data films/00.png", USAGE, "not a readable manifest"),
        ("validate small.toml --set stages=5", USAGE, "stages"),
        ("prepare folders empty -o new", USAGE, "no class folder"),
        ("prepare folders nowhere -o new", USAGE, "does not exist"),
        ("prepare folders sorted -o films", USAGE, "already there"),
        ("prepare folders sorted -o file/x", USAGE, "a file"),
        ("prepare folders sorted --patient ( -o new", USAGE, "--patient"),
        ("prepare folders sorted --patient x -o new", USAGE, "--patient"),
        ("prepare cohen empty -o new", USAGE, "metadata.csv"),
        ("prepare kermany empty -o new", USAGE, "not there"),
        (
            "prepare covidx-v1 --kermany empty --cohen empty --lists empty -o new",
            USAGE,
            "not there",
        ),
        ("prepare nothing", USAGE, "No such command"),
        ("export nowhere", USAGE, "no run here"),
        ("export empty", USAGE, "no run here"),
        ("export run -o file", USAGE, "is a file"),
        ("export run -o file/x", USAGE, "a file"),
        ("calibrate nowhere --data films", USAGE, "does not exist"),
        ("calibrate empty --data films", UNUSABLE, "no weights card"),
        ("calibrate run/weights --data empty", USAGE, "not a readable manifest"),
        ("calibrate run/weights", USAGE, "--data"),
        ("calibrate run/weights --data films --fraction nan", USAGE, "nan is no number"),
        ("calibrate run/weights --data films --fraction -1", USAGE, "--fraction"),
        ("calibrate run/weights --data films --seed -1", USAGE, "--seed"),
        ("calibrate run/weights --data films --shows x", USAGE, "--shows"),
        ("calibrate run/weights --data films --unseen empty", USAGE, "no scores of unseen"),
        ("evaluate nowhere --data films", USAGE, "does not exist"),
        ("evaluate empty --data films -o new", UNUSABLE, "no weights card"),
        ("evaluate file --data films -o new", UNUSABLE, "card.json"),
        ("evaluate run/weights --data empty -o new", USAGE, "not a readable manifest"),
        ("evaluate run/weights --data films -o file", USAGE, "file"),
        ("evaluate run/weights --data films -o file/x", USAGE, "a file"),
        ("evaluate run/weights --data films -o new --fraction nan", USAGE, "nan is no number"),
        ("evaluate run/weights --data films -o new --fraction inf", USAGE, "--fraction"),
        ("evaluate run/weights --data films -o new --seed -1", USAGE, "--seed"),
        (f"evaluate run/weights --data films -o new --seed {LONG}", USAGE, "--seed"),
        ("evaluate run/weights --data films -o new --also empty", UNUSABLE, "no weights card"),
        ("evaluate run/weights --data films -o new --split aux", USAGE, "'aux' is not one of"),
        ("audit --data empty -o new", USAGE, "not a readable manifest"),
        ("audit --data films -o file/x", USAGE, "a file"),
        ("audit --data films -o new --fraction nan", USAGE, "nan is no number"),
        ("audit --data films -o new --seed -1", USAGE, "--seed"),
        ("audit --data films -o new --weights empty", UNUSABLE, "no weights card"),
        ("card nowhere", USAGE, "does not exist"),
        ("card empty", UNUSABLE, "no weights card"),
        ("card run/weights file", USAGE, "not an evaluation"),
        ("card run/weights films/00.png", USAGE, "not an evaluation"),
        ("card run/weights nowhere", USAGE, "does not exist"),
        ("card run/weights empty", USAGE, "is a directory"),
        ("compare", USAGE, "Missing argument"),
        ("compare nowhere", USAGE, "does not exist"),
        ("compare file", USAGE, "is a file"),
        ("compare run empty", USAGE, "no run here"),
        ("compare run -o file/x", USAGE, "Not a directory"),
        ("compare run -o empty", USAGE, "is a directory"),
        ("nothing", USAGE, "No such command"),
        ("evalaute", USAGE, "did you mean 'evaluate'?"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else None,
)
def test_each_command_refuses_as_the_table_says(here, capfd, line, code, words):
    refused(line, code, words, capfd, here)


def test_every_command_is_in_that_table():
    marks = test_each_command_refuses_as_the_table_says.pytestmark
    lines = next(mark.args[1] for mark in marks if mark.name == "parametrize")
    assert set(COMMANDS) <= {line.split()[0] for line, *_ in lines}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "line",
    [
        "recipes",
        "validate small.toml --data films",
        "fit --resume run",
        "export run -o new",
        "card run/weights evaluation/evaluation.json",
        "audit --data films -o new --device cpu",
    ],
)
def test_what_is_asked_rightly_is_done(capfd, line):
    assert call(line) == DONE
    assert "error" not in capfd.readouterr().err


FACTS = [
    "[]", "3", "null", "{", "", '{"manifests": 5}', '{"manifests": []}', '{"manifests": [5]}',
    '{"backbone": 5}', '{"lr": "quick"}', '{"lr": 1}', '{"rates": []}',
    '{"rates": {"stage1-whole": 1}}', '{"rates": {"stage1-whole": []}}',
    '{"rates": {"stage1-whole": [NaN]}}', '{"manifest_digest": 5}', '{"versions": []}',
    '{"teachers": ["a"]}', '{"left_out": "a"}', '{"left_out": [1]}', '{"groups": 7}',
    '{"films": -1}', '{"films": {"train": 1}}', '{"rounds": 0}',
]  # fmt: skip


@pytest.mark.parametrize("wrong", FACTS)
@pytest.mark.parametrize("line", ["fit --resume run --device cpu", "export run"])
def test_facts_of_a_wrong_kind_are_told(here, capfd, line, wrong):
    file = here / "run" / "run.json"
    facts = json.loads(file.read_text())
    try:
        changed = json.loads(wrong)
    except ValueError:
        changed = None
    merged = facts | changed if isinstance(changed, dict) else None
    file.write_text(json.dumps(merged) if merged else wrong)
    refused(line, USAGE, "run.json: ", capfd, here)


@pytest.mark.parametrize("lacking", ["manifests", "backbone", "manifest_digest"])
def test_facts_that_lack_one_are_told(here, capfd, lacking):
    file = here / "run" / "run.json"
    facts = json.loads(file.read_text())
    del facts[lacking]
    file.write_text(json.dumps(facts))
    refused("export run", USAGE, f"run.json: lacks '{lacking}'", capfd, here)


@pytest.mark.parametrize("name", ["run.json", "recipe.toml", "log.csv"])
@pytest.mark.parametrize("line", ["fit --resume run --device cpu", "export run"])
def test_a_text_of_a_run_that_is_none_is_told(here, capfd, line, name):
    (here / "run" / name).write_bytes(b"\xff\xfe\x00step")
    refused(line, USAGE, f"{name}: ", capfd, here)


@pytest.mark.parametrize(
    "text",
    [
        "step,epoch\nstage1-whole,x\n",
        "step,epoch\nstage1-whole\n",
        "step,epoch\na,1,2,3\n",
        "epoch\n1\n",
        "step,epoch,valid_loss\na,1,much\n",
        '"step,epoch\n',
    ],
)
def test_a_log_that_no_run_wrote_is_told(here, capfd, text):
    (here / "run" / "log.csv").write_text(text)
    refused("fit --resume run --device cpu", USAGE, "log.csv: ", capfd, here)


def test_a_log_without_epochs_that_the_checkpoint_knows_is_told(here, capfd):
    (here / "run" / "log.csv").unlink()
    refused("fit --resume run --device cpu", USAGE, "log.csv: lacks epochs", capfd, here)


def test_kept_weights_that_are_gone_are_told(here, capfd):
    (here / "run" / "best.pt").unlink()
    refused("fit --resume run --device cpu", USAGE, "best.pt: the weights kept", capfd, here)
    refused("export run", USAGE, "no epoch is finished yet", capfd, here)


def cut(file):
    file.write_bytes(file.read_bytes()[:-100])


def flipped(file):
    """One bit of a tensor, which torch itself reads without a word."""
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)


def of_a_list(file):
    torch.save([1, 2], file)


def empty(file):
    save_tensors(file, {})


def of_another_network(file):
    content = load_tensors(file)
    save_tensors(file, content | {"network": {"weight": torch.zeros(3)}})


def of_no_tensors(file):
    save_tensors(file, load_tensors(file) | {"network": {"a": 1}})


def of_another_shape(file):
    content = load_tensors(file)
    network = {name: tensor.unsqueeze(0) for name, tensor in content["network"].items()}
    save_tensors(file, content | {"network": network})


def without_an_optimizer(file):
    save_tensors(file, load_tensors(file) | {"optimizer": {"state": {}, "param_groups": []}})


def of_words(file):
    save_tensors(file, load_tensors(file) | {"epoch": "one"})


DAMAGES = [cut, flipped, of_a_list, empty, of_another_network, of_no_tensors, of_another_shape]


@pytest.mark.parametrize("damage", [*DAMAGES, without_an_optimizer, of_words])
def test_a_checkpoint_that_is_not_the_runs_is_told(here, capfd, damage):
    damage(here / "run" / "checkpoint.pt")
    refused("fit --resume run --device cpu", USAGE, "checkpoint.pt: ", capfd, here)


@pytest.mark.parametrize("damage", DAMAGES)
def test_kept_weights_that_are_not_the_runs_are_told(here, capfd, damage):
    damage(here / "run" / "best.pt")
    refused("export run", USAGE, "best.pt: ", capfd, here)


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_weights_that_no_scan_would_load_are_not_written(here, capfd, value):
    """Of a fit that diverged; or too great for the sixteen bits that they are stored in."""
    best = load_tensors(here / "run" / "best.pt")
    name = next(name for name, tensor in best["network"].items() if tensor.is_floating_point())
    best["network"][name] = torch.full_like(best["network"][name], value)
    save_tensors(here / "run" / "best.pt", best)
    refused("export run -o new", UNUSABLE, f"{name} would hold what is no number", capfd, here)


@pytest.mark.parametrize("damage", [cut, flipped, Path.unlink])
@pytest.mark.parametrize(
    "line",
    [
        "card run/weights evaluation/evaluation.json",
        "card run/weights",
        "calibrate run/weights --data films",
        "evaluate run/weights --data films -o new --device cpu",
        "audit --data films -o new --weights run/weights --device cpu",
    ],
)
def test_damaged_weights_are_unusable_to_each_command(here, capfd, line, damage):
    damage(here / "run" / "weights" / "weights.safetensors")
    refused(line, UNUSABLE, "weights.safetensors: ", capfd, here)


LINES_WITH_WEIGHTS = (
    "card run/weights",
    "calibrate run/weights --data films",
    "evaluate run/weights --data films -o new --device cpu",
)


def test_a_kill_between_weights_and_card_is_told_and_an_export_mends_it(here, capfd):
    card = here / "run" / "weights" / "card.json"
    calibrated = card.read_bytes()
    assert call("export run") == DONE
    card.rename(card.with_name("card.json.unfinished"))
    card.write_bytes(calibrated)
    for line in LINES_WITH_WEIGHTS:
        refused(line, UNUSABLE, "newer than card.json", capfd, here)
    assert call("export run") == DONE
    for line in LINES_WITH_WEIGHTS:
        assert call(line) == DONE
    assert not card.with_name("card.json.unfinished").exists()


def test_a_model_card_of_other_weights_is_not_left(here):
    """Its figures would be read as those of the new ones."""
    told = [here / "run" / "weights" / f"MODEL_CARD.{kind}" for kind in ("md", "json")]
    assert all(file.is_file() for file in told)
    assert call("export run") == DONE
    assert not any(file.is_file() for file in told)


@pytest.mark.parametrize(
    "change",
    [
        {"overall": 5},
        {"overall": {"accuracy": {}}},
        {"classes": []},
        {"data": 5},
        {"used": None, "by_source": [3]},
        {"by_view": "x"},
        {"manifest_digest": None, "split": None, "classes": {"normal": None}},
    ],
)
def test_an_evaluation_of_odd_types_is_told_and_leaves_the_card(here, capfd, change):
    file = here / "evaluation" / "evaluation.json"
    content = json.loads(file.read_text())
    content["evaluations"][0] |= change
    file.write_text(json.dumps(content))
    card = here / "run" / "weights" / "card.json"
    before = card.read_bytes()
    refused(f"card run/weights {file}", USAGE, "not an evaluation", capfd, here)
    assert card.read_bytes() == before


def test_an_evaluation_with_what_is_no_number_is_told(here, capfd):
    file = here / "evaluation" / "evaluation.json"
    file.write_text(file.read_text().replace('"value": ', '"value": NaN, "was": ', 1))
    refused(f"card run/weights {file}", USAGE, "not an evaluation", capfd, here)


def test_images_that_cannot_be_read_have_their_code(here, capfd):
    """Not the first of its kind: the figures are of the rest."""
    test = [entry for entry in read_manifest(here / "films") if entry.split == "test"]
    cut(test[0].image)
    assert call("evaluate run/weights --data films -o new --device cpu") == REFUSALS
    assert "1 of 12 images could not be read" in capfd.readouterr().err


def test_images_that_cannot_be_read_are_told_before_a_fit_begins(here, capfd):
    for number in (0, 1):
        cut(here / "films" / f"{number:02}.png")
    line = "fit small.toml --data films --run new --backbone-weights none --device cpu"
    assert call(line) == USAGE
    err = capfd.readouterr().err
    assert err.count("take it out of the manifest") == err.count("error: ") == 2


@pytest.fixture
def little(here):
    """A manifest of eight pictures, two of each label, without a validation split."""
    entries = [entry for entry in read_manifest(here / "films") if entry.split == "train"][:8]
    write_manifest(here / "films" / "little.csv", entries)
    return here


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("evaluate run/weights --data films/little.csv -o new", "no image has split 'test'"),
        ("audit --data films/little.csv -o new", "no image has split 'test'"),
        ("evaluate run/weights --data films/little.csv --split val --fraction 0 -o new", "'val'"),
        ("calibrate run/weights --data films/little.csv --fraction 0", "no validation image"),
        ("validate small.toml --data films/little.csv --data films/little.csv", "more than one"),
    ],
)
def test_a_split_that_is_empty_is_told(little, capfd, line, words):
    refused(line, USAGE, words, capfd, little)


def test_no_place_is_told_before_the_work(here, capfd, monkeypatch):
    """Not after it, when the hours are gone."""
    monkeypatch.setattr("trainer.judging.predict.load_network", pytest.fail)
    refused("evaluate run/weights --data films -o file/x", USAGE, "a file", capfd, here)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("line", ["export run -o locked/new", "audit --data films -o locked/new"])
def test_a_folder_that_may_not_be_written_to_is_told(here, capfd, line):
    (here / "locked").mkdir(mode=0o500)
    refused(line, USAGE, "may not be written to", capfd, here)


def test_a_file_in_the_way_of_what_is_written_is_told_in_one_line(here, capfd):
    """Where nothing can look before: a folder under the name that a file should get."""
    (here / "new").mkdir()
    (here / "new" / "audit.json").mkdir()
    (here / "new" / "audit.json" / "x").touch()
    assert call("audit --data films -o new --device cpu") == USAGE
    err = capfd.readouterr().err
    assert "Is a directory; name another place" in err
    assert (err.count("error: "), err.count("\n")) == (1, 1)


def test_a_full_disk_is_told_in_one_line_and_leaves_the_weights(here, capfd, little_room):
    card = (here / "run" / "weights" / "card.json").read_bytes()
    with little_room(2000):
        refused("export run", FAILED, "make room", capfd, here)
    assert (here / "run" / "weights" / "card.json").read_bytes() == card


def test_manifests_that_changed_since_are_told(here, capfd):
    """The digest of what a run learns from holds it to that."""
    facts = json.loads((here / "run" / "run.json").read_text())
    facts["manifests"] = [str(here / "films")]
    (here / "run" / "run.json").write_text(json.dumps(facts))
    entries = [entry for entry in read_manifest(here / "films") if entry.split != "test"]
    write_manifest(here / "films" / "manifest.csv", entries[1:])
    refused("fit --resume run --device cpu", USAGE, "changed since the run began", capfd, here)


def test_a_run_of_unseen_is_not_gone_on_with_as_a_fit(here, capfd):
    facts = json.loads((here / "run" / "run.json").read_text())
    (here / "run" / "run.json").write_text(json.dumps(facts | {"groups": []}))
    words = "a run of 'trainer unseen'; go on with 'trainer unseen --resume run'"
    refused("fit --resume run", USAGE, words, capfd, here)


@pytest.mark.parametrize("content", [b"", b"PNG", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_folder_of_pictures_that_are_none_prepares_nothing(tmp_path, capfd, content):
    (tmp_path / "films" / "normal").mkdir(parents=True)
    (tmp_path / "films" / "normal" / "0.png").write_bytes(content)
    line = ["prepare", "folders", str(tmp_path / "films"), "-o", str(tmp_path / "new")]
    refused(line, USAGE, "no class folder", capfd, tmp_path)


def test_prepared_films_that_cross_splits_have_their_code(tmp_path, capfd):
    dice = np.random.default_rng(0)
    for split in ("train", "test"):
        folder = tmp_path / "films" / split / "normal"
        folder.mkdir(parents=True)
        Image.fromarray(dice.integers(0, 256, (80, 80), np.uint8)).save(folder / "p1.png")
    line = ["prepare", "folders", str(tmp_path / "films"), "-o", str(tmp_path / "new")]
    assert call([*line, "--patient", "(p[0-9])"]) == REFUSALS
    assert "in more than one split" in capfd.readouterr().err
