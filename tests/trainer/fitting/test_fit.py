"""A tiny recipe end to end, in processes of its own, also when they are killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from screener.card import load_card
from screener.console import ExitCode
from screener.network.model import Network
from screener.network.weights import load_guard, load_network
from tests.conftest import posix_only
from trainer import recipe
from trainer.fitting.fit import ADAM, equidistant, halves, steps
from trainer.run import load_tensors

COMMAND = [sys.executable, "-m", "trainer.cli.main", "fit"]


def start(run, dataset, *more):
    arguments = ["tiny", "--data", dataset, "--run", run, "--backbone-weights", "none"]
    return [*COMMAND, *map(str, arguments), "--set", "stage1.batch_size=4", *more]


def resume(run, *more):
    return [*COMMAND, "--resume", str(run), *more]


def call(command):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def kill_after(command, batches_done, run):
    """Start a fit and kill it when its checkpoint has been written so many times."""
    code, _ = stop_after(command, batches_done, run, signal.SIGKILL)
    assert code == -signal.SIGKILL  # it was still running
    return load_tensors(run / "checkpoint.pt")


def stop_after(command, batches_done, run, number):
    """Send a fit a signal after so many checkpoints; gives its exit code and last line."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    written, last = 0, None
    while process.poll() is None and written < batches_done:
        try:
            stamp = (run / "checkpoint.pt").stat().st_mtime_ns
        except FileNotFoundError:
            stamp = None
        written, last = written + (stamp != last), stamp
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate()[1]
    assert "Traceback" not in said
    return process.returncode, said.splitlines()[-1] if said else ""


def left(run):
    """What a fit leaves: digest of its weights, bytes of its log and its curves."""
    files = [(run / name).read_bytes() for name in ("log.csv", "curves.png")]
    return [load_card(run / "weights").digest, *files]


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """The run folder of an uninterrupted fit."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    done = call(start(run, dataset))
    assert done.returncode == 0, done.stderr
    return run


def test_a_run_folder_holds_everything(finished):
    for name in (
        "recipe.toml", "run.json", "log.csv", "curves.png", "checkpoint.pt", "index.html",
        "evaluation/evaluation.html", "evaluation/evaluation.json",
        "weights/weights.safetensors", "weights/card.json", "weights/MODEL_CARD.md",
    ):  # fmt: skip
        assert (finished / name).is_file(), name


def test_a_run_remembers_how_its_rates_are_chosen(finished):
    assert json.loads((finished / "run.json").read_text())["lr"] == "paper"


def test_the_log_has_a_row_an_epoch(finished):
    with (finished / "log.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == ["stage1-head", "stage1-whole", "stage2-whole"]
    assert rows[2]["kept"]
    assert float(rows[2]["lr_first"]) == pytest.approx(1e-5)


def test_the_exported_card_fits_the_last_stage(finished):
    card, _ = load_network(finished / "weights")
    assert card.input_size == 48
    assert card.thresholds_for == card.digest
    assert card.metrics["epochs"] == 3


def test_a_killed_fit_goes_on_to_the_same_weights(finished, dataset, tmp_path):
    run = tmp_path / "killed"
    place = kill_after(start(run, dataset, "--checkpoint-minutes", "0"), 8, run)
    assert (place["step"], place["epoch"]) == (1, 0)
    assert place["batch"] > 0  # in the middle of a one-cycle epoch
    done = call(resume(run))
    assert done.returncode == 0, done.stderr
    assert left(run) == left(finished)


@posix_only
def test_a_fit_that_is_stopped_says_how_it_goes_on_and_does(finished, dataset, tmp_path):
    run = tmp_path / "a run"
    hint = f"; go on with 'trainer fit --resume '{run}''"
    often = ("--checkpoint-minutes", "0")
    stopped = stop_after(start(run, dataset, *often), 2, run, signal.SIGTERM)
    assert stopped == (ExitCode.TERMINATED, "terminated" + hint)
    stopped = stop_after(resume(run, *often), 4, run, signal.SIGINT)
    assert stopped == (ExitCode.INTERRUPTED, "interrupted" + hint)
    done = call(resume(run))
    assert done.returncode == 0, done.stderr
    assert left(run) == left(finished)


@pytest.mark.slow
def test_a_fit_killed_again_and_again_ends_with_the_same_weights(finished, dataset, tmp_path):
    run = tmp_path / "killed"
    kill_after(start(run, dataset, "--checkpoint-minutes", "0"), 2, run)
    draws = np.random.default_rng(0)
    for _ in range(4):
        kill_after(resume(run, "--checkpoint-minutes", "0"), draws.integers(2, 4), run)
    done = call(resume(run))
    assert done.returncode == 0, done.stderr
    assert left(run) == left(finished)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fit_killed_at_every_epoch_of_a_step_ends_with_the_same_weights(dataset, tmp_path):
    epochs = ("--set", "stage1.frozen_epochs=0", "--set", "stage1.epochs=3")
    run, whole = tmp_path / "killed", tmp_path / "whole"
    assert call(start(whole, dataset, *epochs)).returncode == 0
    places = [kill_after(start(run, dataset, *epochs), 1, run)]
    places += [kill_after(resume(run), 2, run) for _ in range(2)]  # the first write is the old one
    assert [(place["epoch"], place["batch"]) for place in places] == [(1, 0), (2, 0), (3, 0)]
    assert call(resume(run)).returncode == 0
    assert left(run) == left(whole)


def test_a_second_run_in_the_same_folder_is_refused(finished, dataset):
    done = call(start(finished, dataset))
    assert done.returncode == 2
    assert "--resume" in done.stderr


def test_layer_groups_hold_each_parameter_once_and_rates_are_equidistant():
    network = Network()
    groups = halves(network)
    assert sum(len(group) for group in groups) == len(list(network.parameters()))
    rates = equidistant((1e-6, 1e-4), len(groups) // 2)
    assert len(rates) == 18
    np.testing.assert_allclose(np.diff(rates), (1e-4 - 1e-6) / 17)


def test_the_published_recipe_has_five_steps():
    names = [step.name for step in steps(recipe.read(recipe.find("covid_resnet")))]
    assert names == ["stage1-head", "stage1-whole", "stage2-head", "stage2-whole", "stage3-whole"]


@pytest.mark.slow
def test_the_rate_finder_keeps_its_curve_and_choice(dataset, tmp_path):
    done = call(start(tmp_path / "run", dataset, "--lr", "auto"))
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "run").glob("lr-finder-*.png"))) == 3


def test_a_body_of_timm_is_fitted_and_exported_under_its_name(dataset, tmp_path):
    done = call(start(tmp_path / "run", dataset, "--set", "network=timm/test_efficientnet"))
    assert done.returncode == 0, done.stderr
    card, network = load_network(tmp_path / "run" / "weights")
    assert card.architecture == network.architecture == "timm/test_efficientnet"
    assert load_guard(tmp_path / "run" / "weights")["features.mean"].shape == (256,)


def test_first_weights_that_cannot_be_had_leave_no_run_behind(dataset, tmp_path):
    command = [*COMMAND, "tiny", "--data", str(dataset), "--run", str(tmp_path / "run")]
    done = call([*command, "--backbone-weights", str(dataset / "00.png")])
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert "a PNG picture, no weights" in done.stderr
    assert not (tmp_path / "run").exists()


def test_weight_decay_spares_norms_and_biases():
    layers = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    network = SimpleNamespace(modules=layers.modules, layer_groups=lambda: [[*layers.parameters()]])
    held, spared = halves(network)
    assert held == [layers[0].weight]
    assert spared == [layers[0].bias, layers[1].weight, layers[1].bias]


def test_the_optimizer_takes_the_steps_of_fastais_adam():
    """On known numbers, with decay on the first parameter only."""
    from fastai.optimizer import Adam

    ours, theirs = (
        [torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)]
        for _ in range(2)
    )
    groups = [{"params": [ours[0]], "weight_decay": 0.1}, {"params": [ours[1]], "weight_decay": 0}]
    mine = torch.optim.AdamW(groups, lr=0.01, fused=True, **ADAM)
    fastais = Adam(theirs, lr=0.01, wd=0.1)
    fastais.state[theirs[1]]["do_wd"] = False
    for gradients in ([[0.3, -1e-5], [2.0]], [[-0.1, 4.0], [1e-6]]):
        for parameters, optimizer in ((ours, mine), (theirs, fastais)):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = torch.tensor(gradient)
            optimizer.step()
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-6)
    assert ours[0][0].item() == pytest.approx(0.984002, abs=1e-6)  # by hand
