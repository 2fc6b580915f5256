"""Evaluation end to end with untrained weights on synthetic images."""

import csv
import json
import math
import re
import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from PIL import Image

from screener.errors import ConfigurationError
from screener.program import run
from screener.reading.pixels import load, square
from screener.study import TARGET
from trainer.cli.main import trainer
from trainer.judging import evaluate, published, statistics
from trainer.judging.calibrate import calibrate
from trainer.judging.predict import predict
from trainer.manifest import Entry, read_manifest, select, write_manifest
from trainer.pages import evaluation as evaluation_page


@pytest.fixture(scope="module")
def scored(untrained, dataset):
    return evaluate.evaluate(untrained, read_manifest(dataset), "test")


@pytest.fixture(scope="module")
def written(untrained, dataset, tmp_path_factory):
    """What the command writes into its folder, and prints."""
    folder = tmp_path_factory.mktemp("evaluation")
    arguments = [str(untrained), "--data", str(dataset), "--also", str(untrained), "--json"]
    with redirect_stdout(StringIO()) as printed:
        assert run(trainer, "trainer", ["evaluate", *arguments, "-o", str(folder)]) == 0
    return folder, printed.getvalue()


def test_probabilities_do_not_depend_on_the_batch_size(untrained, dataset):
    entries = select(read_manifest(dataset), "test")[:3]
    one, many = (predict(untrained, entries, batch_size=size) for size in (1, 3))
    assert one.probabilities == pytest.approx(many.probabilities, abs=1e-5)
    assert one.probabilities.sum(axis=1) == pytest.approx(np.ones(3))


def test_a_change_is_made_to_each_square(untrained, dataset):
    entries = select(read_manifest(dataset), "test")[:2]
    black = predict(untrained, entries, change=np.zeros_like)
    assert black.logits[0] == pytest.approx(black.logits[1])


def test_an_unreadable_image_is_reported_and_counted(untrained, dataset, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    entries = [
        *select(read_manifest(dataset), "test")[:4],
        Entry(broken, "viral", "x", "test", "s"),
    ]
    evaluation, _ = evaluate.evaluate(untrained, entries, "test")
    assert (evaluation.listed, evaluation.used) == (5, 4)
    assert evaluation.refusals[0].startswith("broken.png: ")


def test_an_empty_split_is_an_error(untrained, dataset):
    entries = select(read_manifest(dataset), "train")
    with pytest.raises(ConfigurationError, match="there are train"):
        evaluate.evaluate(untrained, entries, "test")


def test_figures_come_from_one_confusion_table(scored):
    evaluation, predictions = scored
    hits = predictions.probabilities.argmax(axis=1) == [
        ("normal", "bacterial", "viral", "covid19").index(e.label) for e in predictions.entries
    ]
    assert evaluation.overall.accuracy.value == pytest.approx(np.mean(hits))
    assert evaluation.confusion.sum() == evaluation.used == len(predictions.entries)
    assert {group.name for group in evaluation.by_view} == {"AP", "PA"}
    assert sum(group.accuracy.n for group in evaluation.by_source) == evaluation.used
    assert (evaluation.epochs, evaluation.parameters) == (0, 25_616_448)


def test_shortcuts_find_the_source(dataset):
    comparison = evaluate.compare(read_manifest(dataset), "test")
    by_name = {model.name: model for model in comparison.shortcuts}
    assert by_name["source alone"].against_rest.value > 0.85
    assert comparison.published == ()


def test_published_figures_stand_beside_covidx_only(shared):
    test = select(read_manifest(shared / "covidx-v1"), "test")
    assert [p.accuracy.percent for p in published.comparable(test)] == [
        "96.2 % (94.5 to 97.5)",
        "83.5 % (80.4 to 86.2)",
    ]
    assert published.comparable(test[1:]) == ()


def test_published_counts_give_the_published_percentages():
    classes = published.PUBLISHED[1].classes.values()
    assert [round(100 * c.sensitivity.value, 1) for c in classes] == [73.9, 93.1, 81.9, 100.0]
    assert [round(100 * c.ppv.value, 1) for c in classes] == [95.1, 87.1, 67.0, 80.0]


def test_verdict_says_when_a_shortcut_does_as_well(scored, dataset):
    comparison = evaluate.compare(read_manifest(dataset), "test")
    assert "A shortcut does as well" in evaluation_page.verdict(scored[0], comparison)
    alone = evaluate.Comparison()
    assert "shortcut" not in evaluation_page.verdict(scored[0], alone)


def test_json_holds_no_nan(scored, tmp_path):
    nothing = replace(scored[0].overall, balanced=math.nan)
    evaluation = replace(scored[0], overall=nothing)
    evaluate.write_json(tmp_path / "e.json", [evaluation], evaluate.Comparison())
    content = json.loads((tmp_path / "e.json").read_text())
    assert content["evaluations"][0]["overall"]["balanced"] is None
    assert content["schema"] == evaluate.SCHEMA


def test_command_writes_every_file(written):
    folder, _ = written
    assert sorted(path.name for path in folder.iterdir()) == [
        "calibration.png",
        "classes.csv",
        "confusion.png",
        "evaluation.html",
        "evaluation.json",
        "failures.html",
        "precision-recall.png",
        "predictions.csv",
        "roc.png",
    ]


def test_tables_have_a_row_for_each_image_and_figure(written):
    folder, _ = written
    rows = list(csv.DictReader((folder / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 12
    classes = csv.DictReader((folder / "classes.csv").read_text().splitlines())
    assert {row["figure"] for row in classes} == {"accuracy", "sensitivity", "ppv", "f1", "auc"}


def test_json_is_printed_alone_and_names_both_weights(written):
    _, printed = written
    content = json.loads(printed)
    assert [e["weights"] for e in content["evaluations"]] == ["untrained 0", "untrained 0"]
    assert content["shortcuts"][0]["name"] == "source alone"


def test_page_is_self_contained_and_shows_no_patient(written):
    folder, _ = written
    html = (folder / "evaluation.html").read_text()
    assert "<script" not in html
    assert not re.search(r'src="(?!data:)', html)
    assert re.findall(r'href="([^"]*)"', html) == ["failures.html"]
    assert html.count("<img") == 4
    assert "taken for" in (folder / "failures.html").read_text()


def test_images_that_cannot_be_read_show_in_the_exit_code(untrained, tmp_path, capsys):
    Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"broken")
    rows = "a.png,normal,1,test,s\nb.png,viral,2,test,s\n"
    (tmp_path / "manifest.csv").write_text("image,label,patient_id,split,source\n" + rows)
    arguments = [str(untrained), "--data", str(tmp_path), "-o", str(tmp_path / "out")]
    assert run(trainer, "trainer", ["evaluate", *arguments]) == 3
    assert "1 of 2 images could not be read" in capsys.readouterr().err


def test_pixels_are_the_screeners(untrained, dataset):
    entry = select(read_manifest(dataset), "test")[0]
    seen = []
    predict(untrained, [entry], change=lambda shown: seen.append(shown) or shown)
    assert (seen[0] == square(load(entry.image), 32)).all()


def test_each_set_has_its_own_shortcuts(dataset):
    entries = read_manifest(dataset)
    elsewhere = [replace(entry, manifest=entry.manifest / "other") for entry in entries[::2]]
    comparison = evaluate.compare([*entries, *elsewhere], "test")
    names = [judged.name for judged in comparison.shortcuts_by_manifest]
    assert len(names) == 6
    assert "other: source alone" in names
    assert evaluate.compare(entries, "test").shortcuts_by_manifest == ()


def labelled(dataset, name, changed):
    kept = [
        replace(entry, label=changed.get(entry.label, entry.label)) if n % 2 else entry
        for n, entry in enumerate(read_manifest(dataset))
    ]
    write_manifest(dataset / name, kept)
    return str(dataset / name)


def test_an_accuracy_names_the_images_that_it_is_of(untrained, dataset, tmp_path, capsys):
    """Labels of less detail have no class to be right or wrong about."""
    data = labelled(dataset, "less.csv", {"bacterial": "abnormal", "covid19": "covid19"})
    arguments = [str(untrained), "--data", data, "-o", str(tmp_path / "out")]
    assert run(trainer, "trainer", ["evaluate", *arguments]) == 0
    said = capsys.readouterr().out
    assert "over 9 images. 3 more name no class of the network" in said


def test_a_split_without_any_class_has_its_page(untrained, dataset, tmp_path, capsys):
    entries = [replace(entry, label="not-covid") for entry in read_manifest(dataset)]
    write_manifest(dataset / "none.csv", entries)
    data = str(dataset / "none.csv")
    arguments = [str(untrained), "--data", data, "-o", str(tmp_path / "out")]
    assert run(trainer, "trainer", ["evaluate", *arguments]) == 0
    assert "Accuracy – over 0 images. 12 more" in capsys.readouterr().out
    assert "nan" not in (tmp_path / "out" / "evaluation.html").read_text().partition("<img")[0]


def test_reliability_of_the_images_that_gave_the_temperature_is_told_by_halves(
    untrained, dataset, tmp_path
):
    folder = tmp_path / "weights"
    shutil.copytree(untrained, folder)
    entries = read_manifest(dataset)
    card = calibrate(folder, entries)
    own, _ = evaluate.evaluate(folder, entries, "val")
    told = card.metrics["validation"]["calibration"]["ece"]
    assert own.calibration.error == pytest.approx(told, abs=1e-6)
    other, predictions = evaluate.evaluate(folder, entries, "test")
    shown = evaluate.truth(predictions.entries) == TARGET
    plainly = statistics.calibration(shown, predictions.probabilities[:, TARGET])
    assert other.calibration.error == plainly.error
    _, seen = evaluate.evaluate(folder, entries, "val")
    shown = evaluate.truth(seen.entries) == TARGET
    plainly = statistics.calibration(shown, seen.probabilities[:, TARGET])
    assert own.calibration.error != pytest.approx(plainly.error, abs=1e-5)
