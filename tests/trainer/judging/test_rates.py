"""Rates of unseen films, on known numbers, and read back from the card as a reader sees them."""

import json
import shutil

import numpy as np
import pytest

from screener.card import WeightsCard, load_card
from screener.errors import ConfigurationError
from screener.rates import Shown, alike
from screener.rates import rates as of_card
from trainer.cli.main import trainer
from trainer.judging.rates import rates, scored_like, shown_by
from trainer.judging.unseen import Scored, write_scores
from trainer.pages import card as model_card


def scored(label, score, number, source="a", role="unseen", fold="one", person=None):
    rest = np.log((1 - score) / 3)
    logits = (rest, rest, rest, np.log(score))
    who = person or f"{source}{label}{number}"
    return Scored("fit", fold, role, source, label, who, f"{label}{number}.png", logits)


def films():
    """100 COVID-19 at 0.005 to 0.995, 50 clear at 0.1, 20 pneumonias and 10 tuberculoses at 0.5."""
    return [
        *(scored("covid19", (2 * i + 1) / 200, i) for i in range(100)),
        *(scored("normal", 0.1, i) for i in range(50)),
        *(scored("viral" if i % 2 else "pneumonia", 0.5, i) for i in range(20)),
        *(scored("other", 0.5, i, "b") for i in range(10)),
        *(scored("other", 0.5, i) for i in range(30)),
        *(scored("covid19", 0.5, i, "c", role="open") for i in range(30)),
        *(scored("normal", 0.99, i, "d", role="control") for i in range(30)),
    ]


TB = {"b other": Shown.TUBERCULOSIS}


def test_rates_of_each_kind_are_what_reaches_the_thresholds_that_unseen_covid_sets():
    found = rates(films(), TB)
    assert list(found) == ["COVID-19", "other pneumonia", "tuberculosis", "clear"]
    first = {kind: own["PRIORITY"]["value"] for kind, own in found.items()}
    both = {kind: own["ELEVATED or higher"]["value"] for kind, own in found.items()}
    assert first == {"COVID-19": 0.8, "other pneumonia": 1, "tuberculosis": 1, "clear": 0}
    assert both == {"COVID-19": 0.95, "other pneumonia": 1, "tuberculosis": 1, "clear": 1}
    assert [own["PRIORITY"]["n"] for own in found.values()] == [100, 20, 10, 50]
    assert all(own["PRIORITY"]["low"] is not None for own in list(found.values())[1:])


def test_the_share_that_the_threshold_was_chosen_for_has_no_interval():
    for band in rates(films(), TB)["COVID-19"].values():
        assert (band["low"], band["high"]) == (None, None)


def test_what_leaves_it_open_and_what_was_seen_are_in_no_rate():
    assert Shown.TUBERCULOSIS not in rates(films(), {})
    assert "other pneumonia" not in rates(
        films(), {"a viral": None, "a pneumonia": None}
    )  # fmt: skip


def test_ranges_of_the_score_hold_all_films_once_and_count_the_covid_among_them():
    found = scored_like(films(), TB)
    assert sum(own["films"] for own in found) == 180
    assert sum(own["covid19"] for own in found) == 100
    assert min(own["films"] for own in found) >= 40
    assert [found[0]["from"], found[-1]["to"]] == [0, 1]
    assert [own["to"] for own in found[:-1]] == [own["from"] for own in found[1:]]
    last = found[-1]
    assert last["covid19"] == last["films"] == last["n"]
    assert last["value"] == last["high"] == 1
    assert 0.85 < last["low"] < 1


def test_films_of_one_patient_say_little_more_than_one():
    alone = scored_like(films(), TB)[-1]
    of_one = [scored("covid19", (2 * i + 1) / 200, i, person=f"p{i // 10}") for i in range(100)]
    assert scored_like([*of_one, *films()[100:]], TB)[-1]["low"] < alone["low"] - 0.1


def test_a_film_that_two_fits_scored_counts_once():
    twice = [scored("normal", 0.9, i, fold="two") for i in range(50)]
    assert scored_like([*films(), *twice], TB) == scored_like(films(), TB)
    assert rates([*films(), *twice], TB)["clear"]["PRIORITY"]["n"] == 50


def test_a_label_is_explained_as_source_label_kind():
    assert shown_by(["b-1 other thing=tuberculosis", "a pneumonia=open"]) == {
        "b-1 other thing": Shown.TUBERCULOSIS,
        "a pneumonia": None,
    }
    for wrong in ("other=tuberculosis", "b other=flu", "b other"):
        with pytest.raises(ConfigurationError, match="write SOURCE LABEL=KIND; a kind is one of"):
            shown_by([wrong])


def test_the_card_tells_rates_first_and_they_are_read_back(untrained, dataset, tmp_path, capsys):
    write_scores(tmp_path / "scores.csv", films())
    plan = {"folds": {"one": ["a", "b"]}, "facts": {"films": 0, "calibrated": True}}
    (tmp_path / "unseen.json").write_text(json.dumps(plan))
    folder = shutil.copytree(untrained, tmp_path / "weights")
    parts = ("calibrate", folder, "--data", dataset, "--unseen", tmp_path)
    with pytest.raises(ConfigurationError, match="holds no z other; see --shows"):
        trainer([*map(str, parts), "--shows", "z other=clear"], standalone_mode=False)
    trainer([*map(str, parts), "--shows", "b other=tuberculosis"], standalone_mode=False)
    assert "tuberculosis  10  100 % (" in capsys.readouterr().out
    card = load_card(folder)
    assert [rate.shown for rate in of_card(card)] == list(Shown)
    like = alike(card, 1.0)
    assert like.covid19 == like.share.n
    text = model_card.write(folder, []).read_text()
    assert text.index("| tuberculosis | 10 | 100 %") < text.index("COVID-19 against normal:")
    assert "Films of them by score" in text


def test_a_card_without_the_figures_has_none():
    assert of_card(WeightsCard("old", "1", metrics={"unseen": {"in_priority": {}}})) == []
