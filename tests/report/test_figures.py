"""The card's figures as lines of a table."""

from dataclasses import replace

from sample_data.results import make_card
from screener.report import figures
from screener.report.figures import Compared, Figure

ESTIMATE = {"value": 0.8, "low": 0.7, "high": 0.9, "n": 120}
CALIBRATION = {"ece": 0.04, "slope": 1.1, "said": [0.1, 0.9], "came": [0.2, 0.8], "cases": [9, 3]}


def card(metrics):
    return replace(make_card(), metrics=metrics)


def test_a_figure_has_its_set_interval_and_images():
    found = list(figures.figures(card({"two_hospitals": {"auc": ESTIMATE}})))
    assert found == [Figure("Two hospitals", "AUC", "0.800", "0.700 to 0.900", "120")]


def test_nested_figures_are_named_by_their_path():
    metrics = {"validation": {"images": 500, "bands": {"PRIORITY": {"sensitivity": ESTIMATE}}}}
    (found,) = figures.figures(card(metrics))
    assert found.name == "Bands, PRIORITY, Sensitivity"


def test_what_is_no_figure_is_left_out():
    metrics = {"epochs": 41, "validation": {"scores": [0.1, 0.2], "manifest": "sha256:00"}}
    assert not list(figures.figures(card(metrics)))


def test_reliability_comes_with_its_summary():
    found = figures.reliability(card({"validation": {"calibration": CALIBRATION}}))
    assert found.came == (0.2, 0.8)
    assert "Slope 1.100, expected calibration error 0.040." in found.reading


def test_a_card_without_calibration_has_no_reliability():
    assert figures.reliability(card({})) is None


def test_a_negative_figure_has_a_minus_and_not_a_hyphen():
    assert figures.number(-0.11) == "−0.110"


def test_sets_stand_beside_each_other_with_what_their_shortcuts_reach():
    reached = {"accuracy": ESTIMATE, "auc_covid19_against_rest": ESTIMATE}
    shortcuts = {"outer frame, linear": {"accuracy": ESTIMATE}}
    metrics = {"two_hospitals, test": {"images": 637, **reached, "shortcuts": shortcuts}}
    network, frame = figures.seen(card(metrics | {"validation": {"images": 3}, "epochs": 4}))
    said = "0.800 (0.700 to 0.900)"
    assert network == Compared("Two hospitals, test", "637", (said, said, "–"), is_shortcut=False)
    assert frame == Compared("outer frame, linear", "", (said, "–", "–"), is_shortcut=True)


def test_of_unseen_hospitals_the_areas_are_told():
    metrics = {"unseen": {"auc_within_a": ESTIMATE, "in_priority": {"b": ESTIMATE}, "how": "x"}}
    (found,) = figures.unseen(card(metrics))
    assert (found.name, found.value, found.images) == ("AUC within a", "0.800", "120")
