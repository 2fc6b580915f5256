"""Figures of what was not seen, on known numbers, and the command end to end."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from screener.card import load_card
from screener.errors import ConfigurationError
from trainer.cli.main import trainer
from trainer.judging.calibrate import Levels, calibrate
from trainer.judging.leave_out import Look, calibrated
from trainer.judging.unseen import (
    Fold,
    Scored,
    figures,
    folds_of,
    judged,
    read_scores,
    seen,
    thresholds,
    write_scores,
)
from trainer.manifest import Entry, read_manifest, write_manifest
from trainer.pages import card as model_card


def scored(label, score, number, fold="one", role="unseen", source="a"):
    rest = np.log((1 - score) / 3)
    logits = (rest, rest, rest, np.log(score))
    return Scored("soup", fold, role, source, label, f"{source}{number}", f"{number}.png", logits)


def ten():
    """Ten COVID-19 at 0.05 to 0.95, ten normals, of which two at 0.5 and the others at 0.01."""
    target = [scored("covid19", (2 * i + 1) / 20, i) for i in range(10)]
    return target + [scored("normal", 0.5 if i < 2 else 0.01, 10 + i) for i in range(10)]


def entry(source, label, split, number=0):
    return Entry(f"{source}{label}{number}.png", label, f"{source}{number}", split, source)


def test_thresholds_are_what_the_shares_of_unseen_covid_reach():
    found = thresholds(ten())
    assert found == {
        "PRIORITY": pytest.approx(0.25, abs=1e-5),
        "ELEVATED": pytest.approx(0.05, abs=1e-5),
    }


def test_figures_of_known_scores():
    found = figures("soup", ten())
    assert found.within["one"].value == found.pooled.value == pytest.approx(0.90)
    assert found.mean == pytest.approx(0.90)
    assert found.priority["all normal"].value == 0.2
    assert found.priority["all normal"].low < 0.2 < found.priority["all normal"].high
    assert found.priority["a covid19"].value == 0.8
    assert found.controlled == ()


def test_controls_stand_in_within_a_fold_and_nowhere_else():
    controls = [scored("normal", 0.99, 50 + i, "two", "control", "b") for i in range(5)]
    target = [scored("covid19", 0.6, 70 + i, "two", source="c") for i in range(5)]
    found = figures("soup", ten() + controls + target)
    assert found.within["two"].value == 0
    assert found.controlled == ("two",)
    assert found.pooled.n == 25
    assert "b normal" not in found.priority


def test_a_label_that_may_not_hold_sets_no_threshold_and_no_area():
    open_ = [scored("covid19", 0.001, 90 + i, role="open", source="d") for i in range(50)]
    found = figures("soup", ten() + open_)
    assert found.thresholds == figures("soup", ten()).thresholds
    assert found.pooled.n == 20
    assert found.priority["d covid19"].value == 0


def test_a_fold_is_judged_on_its_own_sources_and_never_on_the_test_split():
    entries = [
        entry("a", "covid19", "train"),
        entry("a", "covid19", "test", 1),
        entry("a", "covid19", "aux", 2),
        entry("b", "normal", "val"),
        entry("b", "normal", "train", 1),
        entry("b", "covid19", "val", 2),
    ]
    found = judged(entries, Fold("one", ("a",)), 10)
    assert [(e.patient_id, role) for e, role in found] == [
        ("a0", "unseen"),
        ("a2", "open"),
        ("b0", "control"),
    ]


def test_folds_are_named_groups_or_each_large_source():
    entries = [entry("a", "normal", "train", i) for i in range(40)]
    entries += [entry("b", "covid19", "val", i) for i in range(40)] + [entry("c", "flu", "aux")]
    entries += [entry("d", "covid19", "train")]
    assert folds_of(entries, ()) == [Fold("a", ("a",)), Fold("b", ("b",))]
    assert folds_of(entries, ("both=b,c",)) == [Fold("both", ("b", "c"))]
    with pytest.raises(ConfigurationError, match="no image is from z; sources are a, b, c, d"):
        folds_of(entries, ("z",))
    with pytest.raises(ConfigurationError, match="leaves no COVID-19 to learn from"):
        folds_of(entries, ("all=b,d",))
    with pytest.raises(ConfigurationError, match="no source left out shows COVID-19"):
        folds_of(entries, ("a",))


def test_scores_come_back_as_they_were_written(tmp_path):
    other = Scored("fit", *[f"{i}" for i in range(6)], (0.0, 1.0, 2.0, 3.0))
    write_scores(tmp_path / "scores.csv", [*ten(), other])
    assert read_scores(tmp_path / "scores.csv") == ten()
    assert read_scores(tmp_path / "scores.csv", "fit") == [other]
    with pytest.raises(ConfigurationError, match="make them with 'trainer unseen'"):
        read_scores(tmp_path / "nothing.csv")


def test_thresholds_of_a_card_can_come_from_sources_left_out(untrained, dataset, tmp_path):
    write_scores(tmp_path / "scores.csv", ten())
    plan = {"folds": {"one": ["a"]}, "facts": {"films": 16, "calibrated": True}}
    (tmp_path / "unseen.json").write_text(json.dumps(plan))
    folder = shutil.copytree(untrained, tmp_path / "weights")
    card = calibrate(folder, read_manifest(dataset), unseen=tmp_path)
    assert card.thresholds == thresholds(ten())
    assert "10 COVID-19 radiographs of sources left out" in card.threshold_source
    text = model_card.write(folder, []).read_text()
    assert text.index("hospital that was not seen") < text.index("## Network")
    assert "fitted once without each of one: a, with 16 films an epoch" in text
    assert "| a normal | 10 | 20.0 %" in text
    assert next(iter(load_card(tmp_path / "weights").metrics)) == "unseen"


def test_the_level_of_unseen_normals_is_the_mean_over_their_sources():
    def normals(source, logit, films):
        logits = (0.0, -100.0, -100.0, logit)
        return [Scored("fit", "f", "unseen", source, "normal", f"{source}{n}", f"{n}", logits)
                for n in range(films)]  # fmt: skip

    listed = [*normals("a", -1.0, 40), *normals("b", -3.0, 80), *normals("few", 5.0, 8)]
    assert Levels(listed, "", {}).normals_level() == pytest.approx(-2.0)
    assert Levels(listed[:20], "", {}).normals_level() is None


def test_folds_of_unlike_sharpness_have_one_scale():
    seen = [entry("b", label, "val", n) for n in range(50) for label in ("normal", "covid19")]
    look = Look([(entry("a", "covid19", "val"), "unseen")] * 2, seen)
    dice = np.random.default_rng(0)
    logits = dice.normal(size=(len(look.entries), 4))
    logits[2:, 3] += np.tile([-3.0, 3.0], 50)
    sharp = calibrated(look, 8 * logits)
    assert sharp == pytest.approx(calibrated(look, logits), abs=1e-3)
    assert np.abs(sharp).max() < np.abs(8 * logits[:2]).max() / 3
    assert calibrated(Look(look.judged, []), logits[:2]) == pytest.approx(logits[:2])


def test_a_fold_s_scale_comes_from_validation_of_sources_that_it_saw():
    entries = [entry("a", "normal", "val"), entry("b", "normal", "val"), entry("b", "tb", "val", 1)]
    entries += [entry("b", "covid19", "train"), entry("b", "normal", "test", 2)]
    assert [e.image for e in seen(entries, Fold("one", ("a",)), 9)] == ["bnormal0.png"]


def test_scores_of_an_older_version_are_not_taken_for_calibrated_ones(tmp_path):
    write_scores(tmp_path / "scores.csv", ten())
    (tmp_path / "unseen.json").write_text(json.dumps({"folds": {}, "facts": {"films": 16}}))
    with pytest.raises(ConfigurationError, match="calibrated"):
        Levels.read(tmp_path, {})


RECIPE = """
name = "broth"
network = "timm/test_resnet"
sampling = "group"
keep = "last"
[[stages]]
name = "whole"
image_size = 32
batch_size = 8
epochs = 1
lr = 1e-3
[soup]
members = [{name = "a", set = ["seed=4"]}, {name = "b", set = ["seed=5"]}]
"""


def test_the_command_fits_each_fold_and_judges_members_and_means(dataset, tmp_path, capsys):
    data = shutil.copytree(dataset, tmp_path / "data")
    entries = read_manifest(data)
    places = ("east", "west")  # of the four classes each
    moved = [replace(e, source=places[i // 16 % 2]) for i, e in enumerate(entries)]
    write_manifest(data / "manifest.csv", moved)
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    (tmp_path / "broth.toml").write_text(RECIPE)
    run = tmp_path / "run"
    plan = ["--leave-out", "west", "--films", "16", "--backbone-weights", "none"]
    where = ["--data", data, "--run", run]
    trainer([str(part) for part in ("unseen", tmp_path / "broth.toml", *where, *plan)],
            standalone_mode=False)  # fmt: skip
    content = json.loads((run / "unseen.json").read_text())
    first, *alone, greedy = content["variants"]
    assert [first, *alone] == ["all averaged", "a", "b"]
    assert greedy.startswith("greedy: ")
    with (run / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["source"] for row in rows if row["role"] == "unseen"} == {"west"}
    assert "In a hospital that was not seen" in (run / "index.html").read_text()
    assert "all averaged\t" in capsys.readouterr().out
    stamp = (run / "folds" / "west-0" / "members" / "a" / "log.csv").stat().st_mtime_ns
    trainer(["unseen", "--resume", str(run)], standalone_mode=False)
    torch.set_num_threads(torch_threads)
    log = run / "folds" / "west-0" / "members" / "a" / "log.csv"
    assert log.stat().st_mtime_ns == stamp
